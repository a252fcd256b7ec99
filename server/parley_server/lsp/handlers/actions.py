"""Code actions: what could be asked for here. Instant, and without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from parley_server.lsp import from_lsp, to_lsp
from parley_server.lsp.positions import LineIndex

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Register this family."""

    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
        wanted = from_lsp.only(params.context.only)
        if wanted is not None and not any(to_lsp.is_wanted(kind, wanted) for kind in to_lsp.KINDS.values()):
            return []
        document = await server.documents.read(params.text_document.uri)
        encoding = server.client.encoding
        opened = server.documents.get(params.text_document.uri)
        index = LineIndex(document.text) if opened is None else opened.index
        kept = server.kept.of(params.text_document.uri)

        def offers() -> list[types.CodeAction | types.Command]:
            selection = from_lsp.span(params.range, index, encoding)
            diagnostics = from_lsp.diagnostics(params.context.diagnostics, index, encoding)
            found = server.services.offers(document, selection, diagnostics)
            context = to_lsp.ActionContext(
                uri=params.text_document.uri,
                version=document.version,
                range=params.range,
                diagnostics=tuple(params.context.diagnostics),
                only=wanted,
            )
            return to_lsp.kept_actions(kept, wanted, server.client) + to_lsp.code_actions(found, context, server.client)

        return await server.aside(offers)

    options = types.CodeActionOptions(code_action_kinds=list(to_lsp.KINDS.values()), resolve_provider=False)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_actions)
