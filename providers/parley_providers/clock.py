"""The one home of clocks: what decides takes a `Clock` as an argument, what acts passes `SYSTEM_CLOCK`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as a dependency."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back, for durations."""
        ...

    def now(self) -> datetime:
        """The present moment in UTC, for records."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)  # noqa: TID251 - this module is the one home


SYSTEM_CLOCK = SystemClock()
