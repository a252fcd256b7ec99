"""From the acknowledged commit to the subscriber, in another process and in this one; what an idle subscriber costs.

Each beside what one would do without the store: in another process `eventsourcing`'s subscription, which it has on
PostgreSQL alone, or asking a file every few milliseconds; in this process a plain queue.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import perf_counter_ns, process_time, sleep
from typing import TYPE_CHECKING

from benchmarks import their_store
from benchmarks.event_load import event, postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, at_most, quantile
from benchmarks.follow_process import POLL_S, polled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from eventsourcing.persistence import ApplicationRecorder

    from benchmarks.figures import Context
    from parley_events import EventStore

TESTS = Path(__file__).parents[1]
IDLE_S = 10.0

Append = Callable[[int], Awaitable[int]]
"""Stores one event, and says its position once it is acknowledged."""


async def paced(append: Append, count: int) -> dict[int, int]:
    """One event every 5 to 10 ms; when each was acknowledged, by position."""
    acknowledged = {}
    for number in range(count):
        position = await append(number)
        acknowledged[position] = perf_counter_ns()
        await asyncio.sleep(0.005 + 0.005 * (number % 10) / 10)
    return acknowledged


async def across(follower: str, place: str, append: Append, count: int) -> list[float]:
    """Milliseconds from each acknowledgement to its delivery in another process. Both read one clock of the machine."""
    first = await append(0)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.follow_process", follower, place, str(first + count)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert process.stdout is not None
    await process.stdout.readline()
    acknowledged = await paced(lambda number: append(number + 1), count)
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
        acknowledged = await paced(partial(ours, store), count)
    return [max(0, delivered[position] - at) / 1e6 for position, at in acknowledged.items()]


async def queued(count: int) -> list[float]:
    """Milliseconds from putting something into a queue to its coming out, in another task."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    took: list[float] = []

    async def follow() -> None:
        for _ in range(count):
            put = await queue.get()
            took.append((perf_counter_ns() - put) / 1e6)

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        for _ in range(count):
            await asyncio.sleep(0.002)
            queue.put_nowait(perf_counter_ns())
    return took


async def idle(store: EventStore, seconds: float) -> float:
    """The share of a core, in percent, that a subscriber costs while nothing happens."""
    async with store.subscribe(after=await store.head()) as events, asyncio.TaskGroup() as group:
        waiting = group.create_task(anext(events))
        await asyncio.sleep(1.0)
        cost = await asyncio.to_thread(processor_share, seconds)
        waiting.cancel()
    return cost


def processor_share(seconds: float) -> float:
    """How much of a core this process uses from now on, in percent."""
    before = process_time()
    sleep(seconds)
    return 100 * (process_time() - before) / seconds


async def ours(store: EventStore, number: int) -> int:
    """An `Append` to our store."""
    return (await store.append("bench", "a", [event(number=number)], expected_sequence=None)).position


async def theirs(recorder: ApplicationRecorder, number: int) -> int:
    """An `Append` to `eventsourcing`'s."""
    answers = await asyncio.to_thread(recorder.insert_events, list(their_store.stored_events(1, first=number)))
    assert answers is not None
    return int(answers[0])


@contextmanager
def polling(path: Path) -> Iterator[None]:
    """Somebody asks the file every few milliseconds, in a thread."""
    ended = Event()
    thread = Thread(target=lambda: list(polled(str(path), ended)))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def figures(context: Context) -> AsyncIterator[Figure]:
    """SQLite first, then PostgreSQL."""
    count = context.samples(1000, 50)
    seconds = 1.0 if context.quick else IDLE_S
    place = context.scratch / "events.db"
    async with sqlite_store(place) as store:
        mine = await across("sqlite", str(place), partial(ours, store), count)
        other = await across("polling", str(place), partial(ours, store), count)
        for figure in delivered("sqlite", mine, other, f"asking every {POLL_S * 1e3:.0f} ms"):
            yield figure
        yield await in_process("sqlite", store, count)
        with polling(place):
            baseline = await asyncio.to_thread(processor_share, seconds)
        yield idled("sqlite", await idle(store, seconds), baseline, f"asking every {POLL_S * 1e3:.0f} ms")
    with postgres() as conninfo:
        recorder = their_store.postgres_recorder(conninfo)
        async with postgres_store(conninfo, "bench") as store:
            mine = await across("postgres", conninfo, partial(ours, store), count)
            other = await across("eventsourcing", conninfo, partial(theirs, recorder), count)
            for figure in delivered("postgres", mine, other, "eventsourcing"):
                yield figure
            yield await in_process("postgres", store, count)
            with recorder.subscribe(gt=recorder.max_notification_id()):
                baseline = await asyncio.to_thread(processor_share, seconds)
            yield idled("postgres", await idle(store, seconds), baseline, "eventsourcing")
        recorder.datastore.close()


def delivered(name: str, mine: list[float], other: list[float], baseline_name: str) -> Iterator[Figure]:
    """What came of `across`."""
    for fraction, goal in ((0.5, at_most(2)), (0.99, at_most(15))):
        yield Figure(
            name=f"events-delivery.{name}.other-process.p{fraction * 100:.0f}",
            ours=quantile(mine, fraction),
            unit="ms",
            goal=goal,
            baseline=quantile(other, fraction),
            baseline_name=baseline_name,
            detail={"events": len(mine), "p90": quantile(mine, 0.9), "max": max(mine), "baseline_max": max(other)},
        )


async def in_process(name: str, store: EventStore, count: int) -> Figure:
    """What comes of `within`."""
    return Figure(
        name=f"events-delivery.{name}.in-process.p50",
        ours=quantile(await within(store, count), 0.5),
        unit="ms",
        goal=at_most(0.2),
        baseline=quantile(await queued(count), 0.5),
        baseline_name="a queue of asyncio's",
    )


def idled(name: str, mine: float, baseline: float, baseline_name: str) -> Figure:
    """What came of `idle`."""
    return Figure(
        name=f"events-delivery.{name}.idle",
        ours=mine,
        unit="% of a core",
        goal=at_most(1),
        baseline=baseline,
        baseline_name=baseline_name,
    )
