"""Durable appends: a hundred producers and one, beside plain loops into the same schema and beside `eventsourcing`."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import their_store
from benchmarks.event_load import (
    BATCH,
    event,
    plain_appends,
    plain_appends_off_the_loop,
    postgres,
    postgres_appends,
    postgres_store,
    raw_appends,
    sqlite_store,
)
from benchmarks.figures import Figure, at_least, median

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from benchmarks.figures import Context
    from parley_events import EventStore


async def produced(store: EventStore, producers: int, count: int) -> float:
    """Appends a second by so many producers, each of which waits for its answer."""
    numbers = iter(range(count))

    async def produce(name: int) -> None:
        for number in numbers:
            await store.append("bench", f"a{name}", [event(number=number)], expected_sequence=None)

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for name in range(producers):
            group.create_task(produce(name))
    return count / (perf_counter() - began)


async def figures(context: Context) -> AsyncIterator[Figure]:
    """SQLite first, then PostgreSQL; ours and the plain loops in turn."""
    count, few, rounds = (20_000, 2_000, 8) if not context.quick else (2_000, 200, 2)

    async def ours(path: Path, producers: int, events: int) -> float:
        async with sqlite_store(path) as store:
            return await produced(store, producers, events)

    rates = await in_turn(
        context,
        rounds,
        {
            "many": lambda path: ours(path, BATCH, count),
            "batches": lambda path: asyncio.to_thread(raw_appends, path, count, BATCH),
            "one": lambda path: ours(path, 1, few),
            "commits": lambda path: asyncio.to_thread(plain_appends, path, few),
            "thread": lambda path: plain_appends_off_the_loop(path, few),
            "theirs": lambda path: asyncio.to_thread(their_appends, path, few),
        },
    )
    many, batched, single, one_by_one, in_thread, theirs = rates.values()
    yield compared("100-producers.vs-batches", many, batched, "executemany, 100 a commit", goal=0.5)
    yield compared("100-producers.vs-commits", many, one_by_one, "one commit an event, encoded", goal=5)
    yield compared("100-producers.vs-eventsourcing", many, theirs, "eventsourcing, one thread")
    yield compared("1-producer", single, one_by_one, "one commit an event, encoded", goal=1)
    yield compared("1-producer.vs-thread", single, in_thread, "the same off the event loop")
    yield compared("1-producer.vs-eventsourcing", single, theirs, "eventsourcing, one thread")
    with postgres() as conninfo:
        async for figure in on_postgres(context, conninfo, count // 4, few // 2):
            yield figure


async def on_postgres(context: Context, conninfo: str, count: int, few: int) -> AsyncIterator[Figure]:
    """The same on PostgreSQL, each time into a schema of its own."""

    async def ours(path: Path, producers: int, events: int) -> float:
        async with postgres_store(conninfo, path.stem) as store:
            return await produced(store, producers, events)

    async def rows(path: Path, events: int, batch: int) -> float:
        async with postgres_store(conninfo, path.stem):
            return await asyncio.to_thread(postgres_appends, conninfo, path.stem, events, batch)

    rates = await in_turn(
        context,
        context.samples(4, 2),
        {
            "many": lambda path: ours(path, BATCH, count),
            "batches": lambda path: rows(path, count, BATCH),
            "one": lambda path: ours(path, 1, few),
            "commits": lambda path: rows(path, few, 1),
            "theirs": lambda path: asyncio.to_thread(their_appends, path, few, conninfo),
        },
    )
    many, batched, single, one_by_one, theirs = rates.values()
    yield compared("postgres.100-producers.vs-batches", many, batched, "executemany, 100 a commit")
    yield compared("postgres.100-producers.vs-eventsourcing", many, theirs, "eventsourcing, one thread")
    yield compared("postgres.1-producer", single, one_by_one, "one commit a row")
    yield compared("postgres.1-producer.vs-eventsourcing", single, theirs, "eventsourcing, one thread")


def their_appends(path: Path, count: int, conninfo: str | None = None) -> float:
    """Events a second by `eventsourcing`, one in a transaction, into a new file or a new table."""
    if conninfo is None:
        recorder = their_store.sqlite_recorder(path)
    else:
        recorder = their_store.postgres_recorder(conninfo, path.stem)
    try:
        return their_store.appends(recorder, count)
    finally:
        recorder.datastore.close()


async def in_turn(
    context: Context, rounds: int, works: dict[str, Callable[[Path], Awaitable[float]]]
) -> dict[str, list[float]]:
    """Each one's rates, by a file's name that is new each time.

    Every other round goes backwards, because each work leaves the disk something to do.
    """
    rates: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        context.say(f"round {number + 1} of {rounds}")
        for name in list(works)[:: -1 if number % 2 else 1]:
            rates[name].append(await works[name](context.scratch / f"{name}_{number}.db"))
    return rates


def compared(
    name: str, ours: list[float], baseline: list[float], baseline_name: str, *, goal: float | None = None
) -> Figure:
    """The medians of ours and of a loop; `goal` is how fast ours has to be beside it."""
    return Figure(
        name=f"events-append.{name}",
        ours=median(ours),
        unit="events/s",
        goal=None if goal is None else at_least(goal, of="ratio"),
        baseline=median(baseline),
        baseline_name=baseline_name,
        detail={"rounds": len(ours), "best": max(ours), "baseline_best": max(baseline)},
    )
