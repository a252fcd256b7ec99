"""The editor's texts: opened, changed, closed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from parley_server.lsp import from_lsp

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer

logger = logging.getLogger(__name__)


def register(server: ParleyServer) -> None:
    """Register this family."""

    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        language = from_lsp.language(document.language_id)
        if language != document.language_id:
            logger.warning("%s was opened with a languageId that is no string; its name counts", document.uri)
        server.documents.open(uri=document.uri, language=language, version=document.version, text=document.text)
        server.preparing.opened(document.uri)

    def changed(params: types.DidChangeTextDocumentParams) -> None:
        changes = map(from_lsp.change, params.content_changes)
        server.documents.change(params.text_document.uri, params.text_document.version, changes)
        server.preparing.changed(params.text_document.uri)

    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.running.cancel_document(params.text_document.uri)
        server.documents.close(params.text_document.uri)

    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(changed)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(closed)
