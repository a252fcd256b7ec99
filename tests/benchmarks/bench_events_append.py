"""Durable appends: a hundred producers and one, beside plain loops into the same schema."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.event_load import BATCH, event, plain_appends, postgres, postgres_store, raw_appends, sqlite_store
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


async def ours(path: Path, producers: int, count: int) -> float:
    """The same into a new SQLite store."""
    async with sqlite_store(path) as store:
        return await produced(store, producers, count)


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Ours and the plain loops, in turn, every other round backwards: each leaves the disk something to do. Medians."""
    count, few = (20_000, 2_000) if not context.quick else (2_000, 200)
    works: dict[str, Callable[[Path], Awaitable[float]]] = {
        "many": lambda path: ours(path, BATCH, count),
        "batches": lambda path: asyncio.to_thread(raw_appends, path, count, BATCH),
        "one": lambda path: ours(path, 1, few),
        "commits": lambda path: asyncio.to_thread(plain_appends, path, few),
    }
    rates: dict[str, list[float]] = {name: [] for name in works}
    for number in range(context.samples(8, 2)):
        context.say(f"round {number + 1}")
        for name in list(works)[:: 1 if number % 2 else -1]:
            rates[name].append(await works[name](context.scratch / f"{name}-{number}.db"))
    many, batched, single, one_by_one = rates.values()
    yield compared("100-producers.vs-batches", 0.5, many, batched, "executemany, 100 a commit")
    yield compared("100-producers.vs-commits", 5, many, one_by_one, "one commit an event, encoded")
    yield compared("1-producer", 1, single, one_by_one, "one commit an event, encoded")
    with postgres() as conninfo:
        async with postgres_store(conninfo, "bench") as store:
            for producers, events in ((BATCH, count // 4), (1, few)):
                rate = await produced(store, producers, events)
                name = f"events-append.{producers}-producer{'s' if producers > 1 else ''}.postgres"
                yield Figure(name=name, ours=rate, unit="events/s")


def compared(name: str, least: float, ours: list[float], baseline: list[float], baseline_name: str) -> Figure:
    """The medians of ours and of a loop, and how fast ours has to be beside it."""
    return Figure(
        name=f"events-append.{name}",
        ours=median(ours),
        unit="events/s",
        goal=at_least(least, of="ratio"),
        baseline=median(baseline),
        baseline_name=baseline_name,
        detail={"rounds": len(ours), "best": max(ours), "baseline_best": max(baseline)},
    )
