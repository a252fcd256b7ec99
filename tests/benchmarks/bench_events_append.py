"""Durable appends: a hundred producers and one, beside plain loops into the same schema."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.event_load import BATCH, event, plain_appends, postgres, postgres_store, raw_appends, sqlite_store
from benchmarks.figures import Figure, at_least, median

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Context
    from parley_events import EventStore

SQLITE_PAGES = 1000  # SQLite checkpoints after so many by itself; its log then stays short and has its length sooner


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
    """Ours and the plain loops in turn; medians over rounds."""
    rounds = context.samples(5, 2)
    count, few = (20_000, 1_000) if not context.quick else (2_000, 200)
    ours, batched, single, one_by_one, often = [], [], [], [], []
    for number in range(rounds):
        context.say(f"round {number + 1} of {rounds}")
        async with sqlite_store(context.scratch / f"many-{number}.db") as store:
            ours.append(await produced(store, BATCH, count))
        batched.append(await asyncio.to_thread(raw_appends, context.scratch / f"raw-{number}.db", count, BATCH))
        async with sqlite_store(context.scratch / f"one-{number}.db") as store:
            single.append(await produced(store, 1, few))
        one_by_one.append(await asyncio.to_thread(plain_appends, context.scratch / f"each-{number}.db", few))
        often.append(await asyncio.to_thread(plain_appends, context.scratch / f"often-{number}.db", few, SQLITE_PAGES))
    yield Figure(
        name="events-append.100-producers.vs-batches",
        ours=median(ours),
        unit="events/s",
        goal=at_least(0.5, of="ratio"),
        baseline=median(batched),
        baseline_name="executemany, 100 a commit",
    )
    yield Figure(
        name="events-append.100-producers.vs-commits",
        ours=median(ours),
        unit="events/s",
        goal=at_least(5, of="ratio"),
        baseline=median(one_by_one),
        baseline_name="one commit an event, encoded",
    )
    yield Figure(
        name="events-append.1-producer",
        ours=median(single),
        unit="events/s",
        goal=at_least(1, of="ratio"),
        baseline=median(one_by_one),
        baseline_name="one commit an event, encoded",
    )
    yield Figure(
        name="events-append.1-producer.sqlite-checkpoints",
        ours=median(single),
        unit="events/s",
        baseline=median(often),
        baseline_name="the same, SQLite's checkpoints",
    )
    with postgres() as conninfo:
        async with postgres_store(conninfo, "bench") as store:
            yield Figure(
                name="events-append.100-producers.postgres",
                ours=await produced(store, BATCH, count // 4),
                unit="events/s",
            )
            yield Figure(name="events-append.1-producer.postgres", ours=await produced(store, 1, few), unit="events/s")
