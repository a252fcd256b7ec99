"""From the acknowledged commit to the subscriber, in another process and in this one; what an idle subscriber costs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter_ns, process_time
from typing import TYPE_CHECKING

from benchmarks.event_load import event, postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, at_most, quantile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Context
    from parley_events import EventStore

TESTS = Path(__file__).parents[1]
IDLE_S = 10.0
FOLLOW = """
import asyncio, sys, time
sys.path.insert(0, sys.argv[1])
from benchmarks.event_load import postgres_store, sqlite_store
from pathlib import Path
async def main(place, count):
    store = postgres_store(place, "bench") if place.startswith("host=") else sqlite_store(Path(place))
    async with store, store.subscribe() as events:
        async for event in events:
            print(event.position, time.perf_counter_ns(), flush=True)
            if event.position == count:
                return
asyncio.run(main(sys.argv[2], int(sys.argv[3])))
"""


async def paced(store: EventStore, count: int) -> dict[int, int]:
    """One event every 5 to 10 ms; when each was acknowledged, by position."""
    acknowledged = {}
    for number in range(count):
        answer = await store.append("bench", "a", [event(number=number)], expected_sequence=None)
        acknowledged[answer.position] = perf_counter_ns()
        await asyncio.sleep(0.005 + 0.005 * (number % 10) / 10)
    return acknowledged


async def across(place: str, store: EventStore, count: int) -> list[float]:
    """Milliseconds from each acknowledgement to its delivery in another process. Both read one clock of the machine."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FOLLOW, str(TESTS), place, str(count), stdout=asyncio.subprocess.PIPE
    )
    answer = await store.append("bench", "a", [event()], expected_sequence=None)
    assert process.stdout is not None
    await process.stdout.readline()
    acknowledged = await paced(store, count - answer.position)
    delivered = {}
    async for line in process.stdout:
        position, at = map(int, line.split())
        delivered[position] = at
    await process.wait()
    return [(delivered[position] - at) / 1e6 for position, at in acknowledged.items()]


async def within(store: EventStore, count: int) -> list[float]:
    """Milliseconds from each acknowledgement to its delivery in this process."""
    delivered: dict[int, int] = {}
    head = await store.head()

    async def follow() -> None:
        async with store.subscribe(after=head) as events:
            async for each in events:
                delivered[each.position] = perf_counter_ns()
                if each.position == head + count:
                    return

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        await asyncio.sleep(0.2)
        acknowledged = await paced(store, count)
    return [max(0, delivered[position] - at) / 1e6 for position, at in acknowledged.items()]


async def idle(store: EventStore, seconds: float) -> float:
    """The share of a core, in percent, that a subscriber costs while nothing happens."""
    async with store.subscribe(after=await store.head()) as events, asyncio.TaskGroup() as group:
        waiting = group.create_task(anext(events))
        await asyncio.sleep(1.0)
        before = process_time()
        await asyncio.sleep(seconds)
        after = process_time()
        waiting.cancel()
    return 100 * (after - before) / seconds


async def figures(context: Context) -> AsyncIterator[Figure]:
    """SQLite first, then PostgreSQL."""
    count = context.samples(1000, 50)
    seconds = 1.0 if context.quick else IDLE_S
    place = context.scratch / "events.db"
    async with sqlite_store(place) as store:
        async for figure in measured(str(place), store, "sqlite", count, seconds):
            yield figure
    with postgres() as conninfo:
        async with postgres_store(conninfo, "bench") as store:
            async for figure in measured(conninfo, store, "postgres", count, seconds):
                yield figure


async def measured(place: str, store: EventStore, name: str, count: int, seconds: float) -> AsyncIterator[Figure]:
    """All figures of one store."""
    other = await across(place, store, count)
    detail = {"events": len(other), "p90": quantile(other, 0.9), "max": max(other)}
    yield Figure(
        name=f"events-delivery.{name}.other-process.p50",
        ours=quantile(other, 0.5),
        unit="ms",
        goal=at_most(2),
        detail=detail,
    )
    yield Figure(
        name=f"events-delivery.{name}.other-process.p99", ours=quantile(other, 0.99), unit="ms", goal=at_most(15)
    )
    same = await within(store, count)
    yield Figure(name=f"events-delivery.{name}.in-process.p50", ours=quantile(same, 0.5), unit="ms", goal=at_most(0.2))
    yield Figure(
        name=f"events-delivery.{name}.idle", ours=await idle(store, seconds), unit="% of a core", goal=at_most(1)
    )
