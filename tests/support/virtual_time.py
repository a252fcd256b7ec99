"""Event loops whose clock is given: time passes at once where nothing else is waited for, or when a test lets it."""

from __future__ import annotations

import asyncio
import selectors
import time


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


LOOK_S = 0.01
PASSES_S = 3600


class _Looking(selectors.DefaultSelector):
    """Returns soon, and looks then whether what is waited for has come."""

    def __init__(self, has_come):
        super().__init__()
        self._has_come = has_come
        self.has_passed = False

    def select(self, timeout=None):
        ready = super().select(LOOK_S if timeout is None else min(timeout, LOOK_S))
        # With something to do at once, the loop may not have come to the deadline yet that is to pass.
        is_idle = not ready and (timeout is None or timeout > 0)
        self.has_passed = self.has_passed or (is_idle and self._has_come())
        return ready


class StandingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still until `has_come()`; then an hour has passed, and it goes on."""

    def __init__(self, has_come):
        self._looking = _Looking(has_come)
        super().__init__(self._looking)

    def time(self):
        return PASSES_S + time.monotonic() if self._looking.has_passed else 0.0


def standing_until(has_come, work):
    """What the coroutine `work` returns, whose deadlines below an hour pass when `has_come()`, and not before."""
    with asyncio.Runner(loop_factory=lambda: StandingLoop(has_come)) as runner:
        return runner.run(work)
