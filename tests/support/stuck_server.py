"""A server whose refactorings wait for ever in a thread, as for a disk that is gone: `python stuck_server.py FILE`.

FILE is made when its services are closed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from parley_agent.refactor.requests import Waiting
from parley_server.lsp.starting import serve_over
from parley_server.lsp.transport import claim_stdio


class Stuck:
    """Implements `Services`, as far as a refactoring needs them."""

    def __init__(self, closed):
        self._closed = closed

    def prepare(self, document):
        """See `Services`."""
        yield from ()

    def spent(self, correlation_id):
        """See `Services`."""

    async def keep(self, correlation_id, event):
        """See `Services`."""

    async def refactor(self, request):
        """See `Services`; this one does not let itself be cancelled."""
        yield Waiting(position=1)
        waiting = asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
        while not waiting.done():
            try:
                await asyncio.shield(waiting)
            except asyncio.CancelledError:
                continue

    async def aclose(self):
        """See `Services`."""
        self._closed.touch()


if __name__ == "__main__":
    serve_over(*claim_stdio(), Stuck(Path(sys.argv[1])))
