"""Writers in processes of their own that are killed in mid-append and begun again; see `event_writer`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from support import event_writer

SCRIPT = Path(event_writer.__file__)


class Writer:
    """One writer, begun again each time that it is killed, with the first number that was not acknowledged."""

    def __init__(self, place, schema, name, count):
        self.name = name
        self.count = count
        self.acknowledged = set()
        self.kills = 0
        self._arguments = (place, schema, name)

    async def run(self, kill_after):
        """Write everything; the process is killed after so many acknowledgements, as often as numbers are given."""
        for limit in kill_after:
            await self._once(limit)
        await self._once(None)

    def has_come_to(self, reached):
        """Asks whether so many are acknowledged."""

        async def look():
            return len(self.acknowledged) >= reached

        return look

    async def _once(self, limit):
        first = next((n for n in range(self.count) if n not in self.acknowledged), self.count)
        numbers = [str(each) for each in (first, self.count, limit) if each is not None]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), *self._arguments, *numbers, stdout=asyncio.subprocess.PIPE
        )
        seen = 0
        async for line in process.stdout:
            if line.endswith(b"\n"):
                self.acknowledged.add(int(line))
                seen += 1
                if seen == limit:
                    os.kill(process.pid, signal.SIGKILL)
                    self.kills += 1
        assert await process.wait() == (0 if limit is None or seen < limit else -signal.SIGKILL)
