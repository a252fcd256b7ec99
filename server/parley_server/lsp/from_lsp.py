"""From the wire to our values: with `to_lsp`, the only place where LSP's types meet the agent's.

Decides nothing: what is offered and what is done belongs to the services.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types

from parley_agent.document import Diagnostic, Severity, Span
from parley_agent.refactor.requests import RefactorRequest
from parley_agent.refactor.tasks import TaskClass
from parley_server.lsp import wire
from parley_server.lsp.client import ClientFacts
from parley_server.lsp.documents import Change
from parley_server.lsp.positions import LineColumn, LineIndex, PositionEncoding
from parley_server.lsp.shapes import ShapeError, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley_agent.document import Document

S = TypeVar("S")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from: its id, and the workspace folder of its document."""

    correlation_id: str
    workspace_root: str | None = None


def client_facts(params: types.InitializeParams, encoding: PositionEncoding, roots: tuple[str, ...]) -> ClientFacts:
    """What the client announced at `initialize`; `roots` are the paths of its workspace folders."""
    capabilities = params.capabilities
    workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
    edits = workspace.workspace_edit or types.WorkspaceEditClientCapabilities()
    document = capabilities.text_document or types.TextDocumentClientCapabilities()
    actions = document.code_action or types.CodeActionClientCapabilities()
    window = capabilities.window or types.WindowClientCapabilities()
    changes, resolved = workspace.did_change_configuration, actions.resolve_support
    ours = _abilities(capabilities.experimental)
    operations = tuple(edits.resource_operations or ())
    return ClientFacts(
        name=params.client_info.name if params.client_info else "",
        encoding=encoding,
        applies_edits=bool(workspace.apply_edit),
        # Resource operations can only travel in documentChanges: who announces them reads those (Neovim 0.11).
        versioned_edits=bool(edits.document_changes or operations),
        creates_files=types.ResourceOperationKind.Create in operations,
        annotates_changes=edits.change_annotation_support is not None,
        marks_refactorings=bool(edits.metadata_support),
        shows_disabled=bool(actions.disabled_support),
        tags_llm=bool(actions.tag_support and types.CodeActionTag.LlmGenerated in actions.tag_support.value_set),
        code_action_literals=actions.code_action_literal_support is not None,
        creates_progress=bool(window.work_done_progress),
        shows_documents=bool(window.show_document and window.show_document.support),
        reads_content=workspace.text_document_content is not None,
        asks_for_instructions=ours.asks,
        shows_outcomes=ours.outcomes,
        skips_version_zero=params.client_info is not None and params.client_info.name == "Neovim",
        answers_configuration=bool(workspace.configuration),
        registers_configuration=bool(changes and changes.dynamic_registration),
        follows_events=ours.events is not None,
        events_after=ours.events.after if ours.events else None,
        resolves=frozenset(resolved.properties if resolved and actions.data_support else ()),
        workspace_roots=roots,
    )


def with_roots(client: ClientFacts, roots: tuple[str, ...]) -> ClientFacts:
    """The same client with other workspace folders."""
    return replace(client, workspace_roots=roots)


def language(given: object) -> str:
    """The language that the editor names; one that is no string is none, and the file's name tells it."""
    return given if isinstance(given, str) else ""


def change(content: types.TextDocumentContentChangeEvent) -> Change:
    """One content change of a `didChange`."""
    if isinstance(content, types.TextDocumentContentChangePartial):
        return Change(text=content.text, start=_line_column(content.range.start), end=_line_column(content.range.end))
    return Change(text=content.text)


def span(given: types.Range | wire.Range, index: LineIndex, encoding: PositionEncoding) -> Span:
    """The span of a range; one that is reversed is turned round, one outside the text is drawn to it."""
    ends = (index.offset(_line_column(given.start), encoding), index.offset(_line_column(given.end), encoding))
    return Span(start=min(ends), end=max(ends))


def diagnostics(
    given: Iterable[types.Diagnostic], index: LineIndex, encoding: PositionEncoding
) -> tuple[Diagnostic, ...]:
    """The editor's diagnostics as the agent reads them."""
    return tuple(
        Diagnostic(
            span=span(each.range, index, encoding),
            message=each.message,
            severity=_SEVERITIES.get(each.severity or types.DiagnosticSeverity.Error, Severity.ERROR),
            source=each.source,
            code=None if each.code is None else str(each.code),
        )
        for each in given
    )


def only(kinds: Sequence[types.CodeActionKind | str] | None) -> tuple[str, ...] | None:
    """The kinds that the client asks for, or None for all."""
    return None if kinds is None else tuple(str(getattr(kind, "value", kind)) for kind in kinds)


def argument(shape: type[S], given: Sequence[Any] | None, command: str) -> S:
    """The one argument of a command; left out, it is an empty object.

    Raises:
        ShapeError: there are more, or it has not the shape.
    """
    values = list(given or ())
    if len(values) > 1:
        raise ShapeError(f"{command} takes one argument, an object; {len(values)} were given.")
    return read(shape, values[0] if values else {}, f"the argument of {command}")


def refactoring(
    arguments: wire.RefactorArguments, document: Document, encoding: PositionEncoding, origin: Origin
) -> RefactorRequest:
    """What `parley.refactor` asks for."""
    index = LineIndex(document.text)
    return RefactorRequest(
        document=document,
        selection=span(arguments.range, index, encoding),
        task=TaskClass(arguments.task) if arguments.task else None,
        instruction=arguments.instruction,
        diagnostics=tuple(_diagnostic(each, index, encoding) for each in arguments.diagnostics),
        model=arguments.model,
        form=arguments.form,
        test_command=arguments.test_command,
        workspace_root=origin.workspace_root,
        correlation_id=origin.correlation_id,
    )


def explanation(
    arguments: wire.ExplainArguments, document: Document, encoding: PositionEncoding, origin: Origin
) -> RefactorRequest:
    """What `parley.explain` asks for."""
    return RefactorRequest(
        document=document,
        selection=span(arguments.range, LineIndex(document.text), encoding),
        task=TaskClass.EXPLAIN,
        instruction=arguments.instruction,
        model=arguments.model,
        workspace_root=origin.workspace_root,
        correlation_id=origin.correlation_id,
    )


def _diagnostic(given: wire.Diagnostic, index: LineIndex, encoding: PositionEncoding) -> Diagnostic:
    return Diagnostic(
        span=span(given.range, index, encoding),
        message=given.message,
        severity=Severity(given.severity),
        source=given.source,
        code=given.code,
    )


def _line_column(position: types.Position | wire.Position) -> LineColumn:
    return LineColumn(position.line, position.character)


def _abilities(experimental: object) -> wire.ClientAbilities:
    given = experimental.get("parley") if isinstance(experimental, dict) else None
    try:
        return read(wire.ClientAbilities, given or {}, "experimental.parley")
    except ShapeError as error:
        logger.warning("%s It counts as not announced; `editors/protocol.json` describes it.", error)
        return wire.ClientAbilities()


_SEVERITIES = {
    types.DiagnosticSeverity.Error: Severity.ERROR,
    types.DiagnosticSeverity.Warning: Severity.WARNING,
    types.DiagnosticSeverity.Information: Severity.INFORMATION,
    types.DiagnosticSeverity.Hint: Severity.HINT,
}
