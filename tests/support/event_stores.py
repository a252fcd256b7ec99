"""Event stores for tests: a clock that ticks, ids that count, and one way to open each kind of store."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parley_events import Instruments, NewEvent
from parley_events.stores.memory import MemoryStore
from parley_events.stores.postgres import PostgresStore
from parley_events.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from parley_events import EventStore

START = datetime(2026, 11, 21, 9, 45, tzinfo=UTC)


@dataclass
class TickingClock:
    """A clock that goes on by one second each time it is asked, unless it is told to stand elsewhere."""

    moment: datetime = START
    step: timedelta = timedelta(seconds=1)

    def now(self) -> datetime:
        moment = self.moment
        self.moment += self.step
        return moment


@dataclass
class Outside:
    """The outside of a store, under a test's control: its clock, its ids, and the trouble it reported."""

    clock: TickingClock = field(default_factory=TickingClock)
    prefix: str = "id"
    redact: object = None
    trouble: list = field(default_factory=list)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def instruments(self) -> Instruments:
        return Instruments(
            now=self.clock.now,
            new_id=lambda: f"{self.prefix}-{next(self.numbers)}",
            redact=self.redact,
            report=self.trouble.append,
        )


def memory_store(place: Path, outside: Outside, **options) -> EventStore:
    return MemoryStore(outside.instruments(), **options)


def sqlite_store(place: Path, outside: Outside, **options) -> EventStore:
    return SqliteStore(place / "events.db", outside.instruments(), **options)


def postgres_store(conninfo: str, schema: str, outside: Outside, **options) -> EventStore:
    return PostgresStore(conninfo, outside.instruments(), schema=schema, **options)


def happened(kind: str = "Happened", event_id: str | None = None, **data) -> NewEvent:
    """An event of some type with some data."""
    return NewEvent(event_type=kind, data=data, event_id=event_id)


async def take(subscription, count: int) -> list:
    """The next `count` events of a subscription."""
    return [await anext(subscription) for _ in range(count)]


async def take_all(subscription, into: list) -> None:
    """Every event until the subscription fails."""
    async for event in subscription:
        into.append(event)  # noqa: PERF401 - what came before the failure is wanted, too


async def eventually(read, expected, *, within_s: float = 30.0) -> None:
    """Wait until `await read()` is what is expected; only for what happens in the background."""
    async with asyncio.timeout(within_s):
        while True:
            if await read() == expected:
                return
            await asyncio.sleep(0.005)
