"""What the editor may ask, one module for each family of requests; every handler converts, calls one service, converts.

Reading order: `lifecycle`, `configuration`, `synchronisation`, `files`, `actions`, `commands`, `content`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_server.lsp.handlers import actions, commands, configuration, content, files, lifecycle, synchronisation

if TYPE_CHECKING:
    from parley_server.lsp.server import ParleyServer


def register(server: ParleyServer) -> None:
    """Give `server` every handler."""
    for family in (lifecycle, configuration, synchronisation, files, actions, commands, content):
        family.register(server)
