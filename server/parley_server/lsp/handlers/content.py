"""The content of Parley's virtual documents: explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from parley_server.lsp.shapes import ShapeError

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Register this family."""

    def content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        text = server.explanations.get(params.uri)
        if text is None:
            raise ShapeError(f"{params.uri} is none of Parley's documents, or it is forgotten; ask for it again.")
        return types.TextDocumentContentResult(text=text)

    server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)(content)
