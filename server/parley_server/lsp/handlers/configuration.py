"""What begins once the editor is ready: asking for its settings, also when they change, and telling it of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Register this family."""

    def initialized(_params: types.InitializedParams) -> None:
        server.configuring.begin(server.client)
        server.following.begin(server.client)

    def changed(params: types.DidChangeConfigurationParams) -> None:
        server.configuring.changed(server.client, params.settings)

    server.feature(types.INITIALIZED)(initialized)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(changed)
