"""From `initialize` to `exit`: what the editor can do is read once, and nothing outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from parley_server.lsp import from_lsp
from parley_server.lsp.positions import PositionEncoding

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Register this family."""

    def initialize(params: types.InitializeParams) -> None:
        encoding = PositionEncoding(server.workspace.position_encoding or PositionEncoding.UTF_16)
        server.documents.encoding = encoding
        server.client = from_lsp.client_facts(params, encoding, _roots(server))

    def folders_changed(_params: types.DidChangeWorkspaceFoldersParams) -> None:
        server.client = from_lsp.with_roots(server.client, _roots(server))
        server.configuring.workspaces(server.client)

    def shutdown(_params: None) -> None:
        server.running.shut_down()

    def exit_(_params: None) -> None:
        server.end(0 if server.protocol.was_shut_down else 1)

    def progress_cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        server.running.cancel_progress(params.token)

    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(folders_changed)
    server.feature(types.SHUTDOWN)(shutdown)
    server.feature(types.EXIT)(exit_)
    server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)(progress_cancelled)


def _roots(server: ParleyServer) -> tuple[str, ...]:
    uris = [folder.uri for folder in server.workspace.folders.values()]
    if not uris and server.workspace.root_uri is not None:
        uris = [server.workspace.root_uri]
    paths = [to_fs_path(uri) for uri in uris if uri.startswith("file:")]
    return tuple(path for path in paths if path is not None)
