"""A heartbeat on an event loop: how late the loop wakes a task that wants to be woken every few milliseconds.

As a program it runs `parley serve` with a heartbeat on the server's own loop, and writes what it saw into a file at the
end; with no arguments after the file, it beats on a loop that does nothing else, until standard input ends: what the
machine alone makes late. The server is put together as `parley serve` does it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

PERIOD_S = 0.005
_MOST_TOLD = 20


class Heartbeat:
    """Beats from `start` on.

    Args:
        file: Where `save` writes what was seen: {"beats", "latest": [[milliseconds late, milliseconds of the processor
            that the loop's own thread used meanwhile, seconds of the monotonic clock], …]}, the latest first.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._late: list[tuple[float, float, float]] = []
        self._beats = 0

    async def beat(self) -> None:
        """Beat until cancelled."""
        last, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(PERIOD_S)
            now, used_now = time.monotonic(), time.thread_time()
            self._beats += 1
            late = ((now - last - PERIOD_S) * 1e3, (used_now - used) * 1e3, now)
            self._late = sorted([*self._late, late], reverse=True)[:_MOST_TOLD]
            last, used = now, used_now

    def save(self) -> None:
        """Write what was seen so far."""
        self._file.write_text(json.dumps({"beats": self._beats, "latest": self._late}), encoding="utf-8")


async def _alone(heart: Heartbeat) -> None:
    beating = asyncio.get_running_loop().create_task(heart.beat())
    await asyncio.to_thread(sys.stdin.read)
    beating.cancel()
    heart.save()


def _serve(heart: Heartbeat, script: Path) -> int:
    """As `parley_server.lsp.starting.serve_stdio`, with the heart beating beside the server."""
    from parley_server.app import build_application
    from parley_server.lsp.starting import _imported, _log_to
    from parley_server.lsp.transport import Incoming, claim_stdio

    _log_to(None, None)
    incoming, outgoing = claim_stdio()
    run = _imported()

    async def watched() -> int:
        beating = asyncio.get_running_loop().create_task(heart.beat())
        try:
            return await run(Incoming(incoming), outgoing, build_application(script))
        finally:
            beating.cancel()
            heart.save()

    return asyncio.run(watched())


if __name__ == "__main__":
    heart = Heartbeat(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        os._exit(_serve(heart, Path(sys.argv[2])))
    asyncio.run(_alone(heart))
