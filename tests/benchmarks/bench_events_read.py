"""Reading: undecoded rows beside `eventsourcing`, then decoding and folding apart, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from benchmarks import their_store
from benchmarks.event_load import event, fill, postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, at_least, median
from parley_events import EventTypes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from benchmarks.figures import Context
    from parley_events import EventStore
    from parley_events.events import RecordedEvent

PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The events that are read."""

    event_type: ClassVar[str] = "Measured"
    event_version: ClassVar[int] = 1

    number: int
    text: str


async def read(store: EventStore) -> tuple[int, list[RecordedEvent]]:
    """Every row, page by page; how many, and the last page."""
    position, count, last = 0, 0, []
    while page := await store.load_from(position, limit=PAGE):
        position, count, last = page[-1].position, count + len(page), page
    return count, last


async def rates(
    ours: Callable[[], Awaitable[int]], other: Callable[[], Awaitable[int]], rounds: int
) -> tuple[float, float]:
    """Rows a second of both, in turn, once their connections are open; medians."""
    mine, others = [], []
    await ours()
    await other()
    for _ in range(rounds):
        for work, into in ((ours, mine), (other, others)):
            began = perf_counter()
            count = await work()
            into.append(count / (perf_counter() - began))
    return median(mine), median(others)


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Ours and theirs read in turn."""
    count = 5_000 if context.quick else 100_000
    rounds = context.samples(5, 2)
    fill(context.scratch / "ours.db", count)
    async with sqlite_store(context.scratch / "ours.db") as store:
        recorder = their_store.sqlite_recorder(context.scratch / "theirs.db")
        their_store.fill(recorder, count)
        ours, others = await rates(lambda: _count(store), lambda: asyncio.to_thread(their_store.rows, recorder), rounds)
        yield Figure(name="events-read.sqlite", ours=ours, unit="rows/s", goal=at_least(150_000))
        yield Figure(
            name="events-read.sqlite.vs-eventsourcing",
            ours=ours,
            unit="rows/s",
            goal=at_least(1.5, of="ratio"),
            baseline=others,
            baseline_name="eventsourcing",
        )
        async for figure in decoding(store, "sqlite", ours):
            yield figure
    with postgres() as conninfo:
        async with postgres_store(conninfo, "bench") as store:
            for _ in range(0, count, 5000):
                await store.append("bench", "a", [event() for _ in range(5000)], expected_sequence=None)
            recorder = their_store.postgres_recorder(conninfo)
            their_store.fill(recorder, count)
            ours, others = await rates(
                lambda: _count(store), lambda: asyncio.to_thread(their_store.rows, recorder), rounds
            )
            recorder.datastore.close()
            yield Figure(
                name="events-read.postgres.vs-eventsourcing",
                ours=ours,
                unit="rows/s",
                goal=at_least(1.5, of="ratio"),
                baseline=others,
                baseline_name="eventsourcing",
            )
            async for figure in decoding(store, "postgres", ours):
                yield figure


async def decoding(store: EventStore, name: str, undecoded: float) -> AsyncIterator[Figure]:
    """What typing the rows, and folding them, costs beside reading them."""
    types = EventTypes([Measured])
    _, page = await read(store)
    types.read(page[0])
    began = perf_counter()
    typed = [types.read(each) for _ in range(5) for each in page]
    decoded = len(typed) / (perf_counter() - began)
    began = perf_counter()
    total = 0
    for each in typed:
        total = total + each.number if isinstance(each, Measured) else total
    folded = len(typed) / (perf_counter() - began)
    yield Figure(
        name=f"events-read.{name}.decoding",
        ours=decoded,
        unit="events/s",
        baseline=undecoded,
        baseline_name="undecoded rows",
    )
    yield Figure(
        name=f"events-read.{name}.folding",
        ours=folded,
        unit="events/s",
        baseline=undecoded,
        baseline_name="undecoded rows",
    )


async def _count(store: EventStore) -> int:
    return (await read(store))[0]
