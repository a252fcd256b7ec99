"""From our values to the wire: with `from_lsp`, the only place where the agent's types meet LSP's.

Which positions there are belongs to `positions`, Parley's own shapes to `to_wire`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

from lsprotocol import types

from parley_agent.document import TextEdit
from parley_agent.refactor.tasks import TaskClass
from parley_server.lsp import wire
from parley_server.lsp.positions import LineIndex
from parley_server.lsp.shapes import ShapeError, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from parley_agent.document import Document, NewFile, Span
    from parley_agent.refactor.requests import Offer
    from parley_server.lsp.client import ClientFacts
    from parley_server.lsp.kept import KeptProposal
    from parley_server.lsp.positions import PositionEncoding

KINDS: dict[TaskClass, str] = {
    TaskClass.CUSTOM: "refactor.rewrite.parley.custom",
    TaskClass.RENAME: "refactor.rewrite.parley.rename",
    TaskClass.EXTRACT_FUNCTION: "refactor.extract.parley",
    TaskClass.SIMPLIFY: "refactor.rewrite.parley.simplify",
    TaskClass.DOCSTRING: "refactor.rewrite.parley.docstring",
    TaskClass.TYPE_HINTS: "refactor.rewrite.parley.type-hints",
    TaskClass.GENERATE_TESTS: "refactor.rewrite.parley.generate-tests",
    TaskClass.FIX_DIAGNOSTICS: "quickfix.parley",
    TaskClass.EXPLAIN: "parley.explain",
}
# What an editor lists in a menu for whole files; only where that is asked for, so that nothing is listed twice.
SOURCE_KINDS = {TaskClass.GENERATE_TESTS: "source.parley.generate-tests"}
_ANNOTATION = "parley"
_RESOLVABLE = frozenset({"command", "title"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEdit:
    """An edit on its way to the editor: made for exactly `document`, of which the editor has `version` now."""

    document: Document
    version: int | None
    edits: tuple[TextEdit, ...]
    new_files: tuple[NewFile, ...]
    label: str
    description: str
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """Where code actions were asked for: the document, the range, and the diagnostics with our reading of them."""

    uri: str
    version: int | None
    range: types.Range
    diagnostics: tuple[types.Diagnostic, ...]
    only: tuple[str, ...] | None = None


def span(given: Span, index: LineIndex, encoding: PositionEncoding) -> types.Range:
    """The range of a span."""
    start, end = index.position(given.start, encoding), index.position(given.end, encoding)
    return types.Range(types.Position(start.line, start.column), types.Position(end.line, end.column))


def range_of(given: wire.Range) -> types.Range:
    """The range that one of our own shapes carries."""
    return types.Range(
        types.Position(given.start.line, given.start.character), types.Position(given.end.line, given.end.character)
    )


def apply_edit(
    planned: PlannedEdit, client: ClientFacts, to_uri: Callable[[str], str]
) -> types.ApplyWorkspaceEditParams:
    """The request that carries an edit: versioned and annotated as far as the client reads that."""
    text_edits = _text_edits(planned, client)
    if client.versioned_edits:
        edit = _document_changes(planned, text_edits, client, to_uri)
    else:
        edit = types.WorkspaceEdit(changes={planned.document.uri: text_edits})
    metadata = types.WorkspaceEditMetadata(is_refactoring=True) if client.marks_refactorings else None
    return types.ApplyWorkspaceEditParams(edit=edit, label=planned.label, metadata=metadata)


def is_wanted(kind: str, only: tuple[str, ...] | None) -> bool:
    """Whether the client asked for `kind`: by its name, or by a kind above it."""
    return only is None or any(not wanted or f"{kind}.".startswith(f"{wanted}.") for wanted in only)


def kind_of(task: TaskClass, only: tuple[str, ...] | None) -> str | None:
    """The kind under which `task` is wanted; None where it is not."""
    kinds = (KINDS[task], *((SOURCE_KINDS[task],) if task in SOURCE_KINDS else ()))
    return next((kind for kind in kinds if is_wanted(kind, only)), None)


def code_actions(
    offers: Iterable[Offer], context: ActionContext, client: ClientFacts
) -> list[types.CodeAction | types.Command]:
    """What the editor shows for `offers`: commands, never edits."""
    actions: list[types.CodeAction | types.Command] = []
    for offer in offers:
        command = _command(offer, context, client)
        if (
            command is None
            or kind_of(offer.task, context.only) is None
            or (offer.disabled_reason and not client.shows_disabled)
        ):
            continue
        actions.append(_code_action(offer, command, context, client) if client.code_action_literals else command)
    return actions


def kept_actions(
    kept: Iterable[KeptProposal], only: tuple[str, ...] | None, client: ClientFacts
) -> list[types.CodeAction | types.Command]:
    """What the editor shows for changes that were not applied: to apply them after all."""
    actions: list[types.CodeAction | types.Command] = []
    for each in kept:
        kind = KINDS[each.proposed.task]
        if not is_wanted(kind, only):
            continue
        proof = " (not proved)" if each.proposed.proof == "unproved" else ""
        command = types.Command(
            title=f"Apply what was kept: {each.proposed.title}{proof}",
            command=wire.Command.APPLY,
            arguments=[write(wire.ApplyArguments(id=each.id))],
        )
        tags = [types.CodeActionTag.LlmGenerated] if client.tags_llm else None
        action = types.CodeAction(title=command.title, kind=kind, command=command, tags=tags)
        actions.append(action if client.code_action_literals else command)
    return actions


def resolved(offers: Iterable[Offer], task: str, context: ActionContext, client: ClientFacts) -> types.CodeAction:
    """The code action of one task class with all that `code_actions` may have left out.

    Raises:
        ShapeError: it is not offered to this client.
    """
    for offer in offers:
        command = _command(offer, context, client)
        if offer.task == task and command is not None:
            action = _code_action(offer, command, context, replace(client, resolves=frozenset()))
            action.title = f"{offer.title} ({offer.target})" if offer.target else offer.title
            return action
    raise ShapeError(f"There is no code action for {task!r}; ask for code actions again.")


def _code_action(offer: Offer, command: types.Command, context: ActionContext, client: ClientFacts) -> types.CodeAction:
    fixes = offer.task is TaskClass.FIX_DIAGNOSTICS
    reason = offer.disabled_reason
    return types.CodeAction(
        title=offer.title,
        kind=kind_of(offer.task, context.only),
        diagnostics=list(context.diagnostics) if fixes and context.diagnostics else None,
        disabled=types.CodeActionDisabled(reason=reason) if reason else None,
        command=None if reason or "command" in client.resolves else command,
        tags=[types.CodeActionTag.LlmGenerated] if client.tags_llm else None,
        data=_data(offer, context) if client.resolves & _RESOLVABLE else None,
    )


def _data(offer: Offer, context: ActionContext) -> object:
    return write(
        wire.ActionData(
            text_document=wire.TextDocument(uri=context.uri, version=context.version),
            range=_wire_range(context.range),
            task=offer.task.value,
        )
    )


def _command(offer: Offer, context: ActionContext, client: ClientFacts) -> types.Command | None:
    document = wire.TextDocument(uri=context.uri, version=context.version)
    if offer.task is TaskClass.EXPLAIN:
        explain = wire.ExplainArguments(text_document=document, range=_wire_range(context.range))
        return types.Command(title=offer.title, command=wire.Command.EXPLAIN, arguments=[write(explain)])
    fixes = offer.task is TaskClass.FIX_DIAGNOSTICS
    arguments = wire.RefactorArguments(
        text_document=document,
        range=_wire_range(context.range),
        task=cast("wire.Task", offer.task.value),
        diagnostics=tuple(map(_wire_diagnostic, context.diagnostics)) if fixes else (),
    )
    if offer.task is not TaskClass.CUSTOM:
        return types.Command(title=offer.title, command=wire.Command.REFACTOR, arguments=[write(arguments)])
    if not client.asks_for_instructions:
        return None
    return types.Command(title=offer.title, command=wire.ClientCommand.ASK, arguments=[write(arguments)])


def _text_edits(planned: PlannedEdit, client: ClientFacts) -> list[types.TextEdit]:
    index = LineIndex(planned.document.text)
    return [
        types.TextEdit(span(edit.span, index, client.encoding), edit.new_text)
        for edit in (_around_line_ends(each, planned.document.text) for each in planned.edits)
    ]


def _around_line_ends(edit: TextEdit, text: str) -> TextEdit:
    """The same edit with both ends outside any CRLF: no position lies between the two characters."""
    start, end, new_text = edit.span.start, edit.span.end, edit.new_text
    if text[max(0, start - 1) : start + 1] == "\r\n":
        start, new_text = start - 1, "\r" + new_text
    if text[max(0, end - 1) : end + 1] == "\r\n":
        end, new_text = end + 1, new_text + "\n"
    return TextEdit(span=type(edit.span)(start=start, end=end), new_text=new_text)


def _document_changes(
    planned: PlannedEdit, text_edits: list[types.TextEdit], client: ClientFacts, to_uri: Callable[[str], str]
) -> types.WorkspaceEdit:
    annotation = _ANNOTATION if client.annotates_changes else None
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    for file in planned.new_files:
        uri = to_uri(file.path)
        changes.append(
            types.CreateFile(
                uri=uri,
                options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False),
                annotation_id=annotation,
            )
        )
        start = types.Position(0, 0)
        changes.append(_document_edit(uri, None, [types.TextEdit(types.Range(start, start), file.text)], annotation))
    if text_edits:
        changes.append(
            _document_edit(planned.document.uri, _checked_version(planned.version, client), text_edits, annotation)
        )
    return types.WorkspaceEdit(
        document_changes=changes,
        change_annotations={_ANNOTATION: _annotation(planned)} if annotation else None,
    )


def _checked_version(version: int | None, client: ClientFacts) -> int | None:
    """The version as the client compares it.

    Neovim refuses an edit if its own version is greater, but takes any edit for version 0, which is that of a buffer
    nobody has changed yet. Versions after it begin at 2, so 1 means the same, and is compared.
    """
    return 1 if version == 0 and client.skips_version_zero else version


def _document_edit(
    uri: str, version: int | None, edits: list[types.TextEdit], annotation: str | None
) -> types.TextDocumentEdit:
    annotated: list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit] = [
        types.AnnotatedTextEdit(annotation_id=annotation, range=each.range, new_text=each.new_text)
        if annotation
        else each
        for each in edits
    ]
    return types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, version), annotated)


def _annotation(planned: PlannedEdit) -> types.ChangeAnnotation:
    return types.ChangeAnnotation(
        label=planned.label, description=planned.description, needs_confirmation=planned.confirm
    )


def _wire_range(given: types.Range) -> wire.Range:
    return wire.Range(
        start=wire.Position(line=given.start.line, character=given.start.character),
        end=wire.Position(line=given.end.line, character=given.end.character),
    )


def _wire_diagnostic(given: types.Diagnostic) -> wire.Diagnostic:
    severity = given.severity or types.DiagnosticSeverity.Error
    return wire.Diagnostic(
        range=_wire_range(given.range),
        message=given.message,
        severity=_SEVERITIES[severity],
        source=given.source,
        code=None if given.code is None else str(given.code),
    )


_SEVERITIES: dict[types.DiagnosticSeverity, Literal["error", "warning", "information", "hint"]] = {
    types.DiagnosticSeverity.Error: "error",
    types.DiagnosticSeverity.Warning: "warning",
    types.DiagnosticSeverity.Information: "information",
    types.DiagnosticSeverity.Hint: "hint",
}
