"""Producers and consumers, 1 KB to 1 MB, on a SQLite file and on PostgreSQL: throughput and delivery latency.

No line carries a goal, for the patterns are measured one after the other: the slowest is named beside one producer with
one consumer. Goals of delivery are in `bench_events_delivery`, those of appending in `bench_events_append`.
"""

from __future__ import annotations

import asyncio
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING

from benchmarks.event_load import event, postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, Table, quantile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Cell, Context
    from parley_events import EventStore

PATTERNS = ((1, 1), (1, 2), (2, 2), (4, 4), (1, 4), (4, 1))
SIZES = ((1_000, 2_000), (32_000, 400), (1_000_000, 20))


async def run(store: EventStore, producers: int, consumers: int, size: int, count: int) -> tuple[Cell, ...]:
    """Events a second from the first append to the last delivery, and the time from acknowledgement to delivery."""
    head = await store.head()
    acknowledged: dict[int, int] = {}
    delivered: list[dict[int, int]] = [{} for _ in range(consumers)]
    numbers = iter(range(count))

    async def produce(name: int) -> None:
        for number in numbers:
            answer = await store.append("bench", f"a{name}", [event(size, number)], expected_sequence=None)
            acknowledged[answer.position] = perf_counter_ns()

    async def consume(into: dict[int, int]) -> None:
        async with store.subscribe(after=head) as events:
            async for each in events:
                into[each.position] = perf_counter_ns()
                if each.position == head + count:
                    return

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for into in delivered:
            group.create_task(consume(into))
        for name in range(producers):
            group.create_task(produce(name))
    took = perf_counter() - began
    waits = [max(0, at - acknowledged[position]) / 1e6 for into in delivered for position, at in into.items()]
    return (round(count / took), quantile(waits, 0.5), quantile(waits, 0.99))


async def figures(context: Context) -> AsyncIterator[Figure | Table]:
    """One table a database, and the slowest pattern of 1 KB events beside the simplest."""
    async with sqlite_store(context.scratch / "events.db") as store:
        async for each in table(context, store, "sqlite"):
            yield each
    with postgres() as conninfo:
        async with postgres_store(conninfo, "bench") as store:
            async for each in table(context, store, "postgres"):
                yield each


async def table(context: Context, store: EventStore, name: str) -> AsyncIterator[Figure | Table]:
    """Every pattern and size on one store."""
    rows: list[tuple[Cell, ...]] = []
    for size, full in SIZES:
        count = max(8, full // 20) if context.quick else full
        for producers, consumers in PATTERNS:
            measured = await run(store, producers, consumers, size, count)
            rows.append((f"{producers}p{consumers}c", size, count, *measured))
    columns = ("pattern", "bytes", "events", "events/s", "delivery p50 ms", "delivery p99 ms")
    yield Table(name=f"events-patterns.{name}", columns=columns, rows=tuple(rows))
    alone, *others = (float(row[3] or 0) for row in rows[: len(PATTERNS)])
    yield Figure(
        name=f"events-patterns.{name}.slowest-1KB",
        ours=min(others),
        unit="events/s",
        baseline=alone,
        baseline_name="1 producer, 1 consumer",
    )
