"""An event loop whose clock is given: where nothing but time is waited for, time passes at once."""

from __future__ import annotations

import asyncio
import selectors


class _Passing(selectors.DefaultSelector):
    """Looks what is ready; where nothing is, the time that it might wait has passed instead."""

    passed_s = 0.0

    def select(self, timeout=None):
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.passed_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose seconds take no time. Work in other threads does not hold its clock back."""

    def __init__(self):
        self._passing = _Passing()
        super().__init__(self._passing)

    def time(self):
        return self._passing.passed_s


def played(work):
    """What the coroutine `work` returns, and how many seconds that took by the loop's own clock."""

    async def timed():
        began = asyncio.get_running_loop().time()
        result = await work
        return result, asyncio.get_running_loop().time() - began

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(timed())
