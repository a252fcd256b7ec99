"""Code actions: what could be asked for here. Instant, and without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from parley_server.lsp import from_lsp, to_lsp, wire
from parley_server.lsp.handlers.commands import document_of
from parley_server.lsp.positions import LineIndex
from parley_server.lsp.shapes import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_agent.document import Document
    from parley_agent.refactor.requests import Offer
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Register this family."""

    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        wanted = from_lsp.only(params.context.only)
        if wanted is not None and params.context.trigger_kind is types.CodeActionTriggerKind.Automatic:
            wanted = tuple(kind for kind in wanted if kind.partition(".")[0] != "source")  # nothing at every save
        if not any(to_lsp.kind_of(task, wanted) for task in to_lsp.KINDS):
            return []
        document = await server.documents.read(params.text_document.uri)
        kept = server.kept.of(params.text_document.uri)
        context = to_lsp.ActionContext(
            uri=params.text_document.uri,
            version=document.version,
            range=params.range,
            diagnostics=tuple(params.context.diagnostics),
            only=wanted,
        )
        found = await _offers(server, document, params.range, context.diagnostics)
        return to_lsp.kept_actions(kept, wanted, server.client) + to_lsp.code_actions(found, context, server.client)

    async def resolve(action: types.CodeAction) -> types.CodeAction:
        if action.data is None:
            return action
        data = read(wire.ActionData, action.data, "the data of a code action")
        document = await document_of(server, data.text_document)
        context = to_lsp.ActionContext(
            uri=data.text_document.uri,
            version=document.version,
            range=to_lsp.range_of(data.range),
            diagnostics=tuple(action.diagnostics or ()),
            only=from_lsp.only([action.kind] if action.kind else None),
        )
        found = await _offers(server, document, context.range, context.diagnostics)
        return to_lsp.resolved(found, data.task, context, server.client)

    options = types.CodeActionOptions(
        code_action_kinds=[*to_lsp.KINDS.values(), *to_lsp.SOURCE_KINDS.values()], resolve_provider=True
    )
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_actions)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve)


async def _offers(
    server: ParleyServer, document: Document, where: types.Range, given: Iterable[types.Diagnostic]
) -> tuple[Offer, ...]:
    """What is offered in a range of a document; its lines are those that are known already, where it is open."""
    encoding = server.client.encoding
    opened = server.documents.get(document.uri)
    index = LineIndex(document.text) if opened is None else opened.index

    def offers() -> tuple[Offer, ...]:
        selection = from_lsp.span(where, index, encoding)
        return server.services.offers(document, selection, from_lsp.diagnostics(given, index, encoding))

    return await server.aside(offers)
