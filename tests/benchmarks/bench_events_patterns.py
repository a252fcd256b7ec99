"""Producers and consumers, 1 KB to 1 MB, on a SQLite file and on PostgreSQL: throughput and delivery latency.

Each pattern stands beside a loop that commits one event of that size after the other and delivers to nobody, measured
in turn with it, over several rounds. What disturbs a machine only ever slows it down, so upper quartiles of the rounds
are compared. Producers and consumers are of one process, as fast as they can; delivery to other processes, and in
traffic that leaves time, is in `bench_events_delivery`. A turn ends after its events or its seconds, whichever is
first, so that a slow disk gives fewer events and not a longer run: two minutes a database at most.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING

from benchmarks.commit_loop import PostgresLoop, SqliteLoop
from benchmarks.event_load import event, postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, Table, at_least, at_most, quantile
from parley_events import NewEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.commit_loop import CommitLoop
    from benchmarks.figures import Cell, Context
    from parley_events import EventStore

PATTERNS = ((1, 1), (1, 2), (2, 2), (4, 4), (1, 4), (4, 1))
# A size's name, its bytes, and how many events a pattern takes in a round; the loop takes a quarter each time.
SIZES = (("1KB", 1_000, 800), ("32KB", 32_000, 160), ("1MB", 1_000_000, 8))
ROUNDS = 5
PATTERN_S, LOOP_S = 0.8, 0.3
# Delivering, to four consumers as to one, may cost as much as storing does, and no more.
KEPT = 0.5
LAST = NewEvent(event_type="Ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One pattern over some rounds.

    `events` counts all of them. `rates` has each round's events a second, from the first append to the last delivery;
    `waits_ms` each event's milliseconds from its acknowledgement to its delivery, once for each consumer.
    """

    name: str
    events: int = 0
    rates: tuple[float, ...] = ()
    waits_ms: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """Events a second in an undisturbed round."""
        return quantile(self.rates, 0.75)

    def and_then(self, other: Measured) -> Measured:
        """With another round."""
        return replace(
            self,
            events=self.events + other.events,
            rates=self.rates + other.rates,
            waits_ms=self.waits_ms + other.waits_ms,
        )


async def run(store: EventStore, producers: int, consumers: int, size: int, count: int) -> Measured:
    """Let them all begin at once, and wait until each consumer has everything."""
    head = await store.head()
    acknowledged: dict[int, int] = {}
    delivered: list[dict[int, int]] = [{} for _ in range(consumers)]
    numbers = iter(range(count))
    began = perf_counter()

    async def produce(name: int) -> None:
        while perf_counter() < began + PATTERN_S and (number := next(numbers, None)) is not None:
            answer = await store.append("bench", f"a{name}", [event(size, number)], expected_sequence=None)
            acknowledged[answer.position] = perf_counter_ns()

    async def consume(into: dict[int, int]) -> None:
        async with store.subscribe(after=head) as events:
            async for each in events:
                if each.event_type == LAST.event_type:
                    return
                into[each.position] = perf_counter_ns()

    async with asyncio.TaskGroup() as group:
        for into in delivered:
            group.create_task(consume(into))
        async with asyncio.TaskGroup() as producing:
            for name in range(producers):
                producing.create_task(produce(name))
        await store.append("bench", "end", [LAST], expected_sequence=None)
    took = perf_counter() - began
    assert all(into.keys() == acknowledged.keys() for into in delivered)
    waits = (max(0, at - acknowledged[position]) / 1e6 for into in delivered for position, at in into.items())
    name, events = f"{producers}p{consumers}c", len(acknowledged)
    return Measured(name=name, events=events, rates=(events / took,), waits_ms=tuple(waits))


async def figures(context: Context) -> AsyncIterator[Figure | Table]:
    """SQLite first, then PostgreSQL."""
    async with sqlite_store(context.scratch / "events.db") as store:
        async for each in measured(context, store, SqliteLoop(context.scratch / "loop.db"), "sqlite"):
            yield each
    with postgres() as conninfo:
        async with postgres_store(conninfo, "loop"):
            pass
        async with postgres_store(conninfo, "bench") as store:
            async for each in measured(context, store, PostgresLoop(conninfo, "loop"), "postgres"):
                yield each


async def measured(context: Context, store: EventStore, loop: CommitLoop, name: str) -> AsyncIterator[Figure | Table]:
    """Every pattern and size on one store, and a table of all."""
    rows: list[tuple[Cell, ...]] = []
    for size_name, size, full in SIZES:
        context.say(f"{name}, {size_name}")
        count = max(4, full // 20) if context.quick else full
        patterns, loop_rates, commits_ms = await in_turn(store, loop, size, count, context.samples(ROUNDS, 1))
        rows += [
            (each.name, size, each.events, round(each.rate), *(quantile(each.waits_ms, at) for at in (0.5, 0.99)))
            for each in patterns
        ]
        rows.append(("loop", size, len(commits_ms), round(quantile(loop_rates, 0.75)), None, None))
        for figure in judged(f"events-patterns.{name}.{size_name}", patterns, loop_rates, commits_ms):
            yield figure
    columns = ("pattern", "bytes", "events", "events/s", "delivery p50 ms", "delivery p99 ms")
    yield Table(name=f"events-patterns.{name}", columns=columns, rows=tuple(rows))


async def in_turn(
    store: EventStore, loop: CommitLoop, size: int, count: int, rounds: int
) -> tuple[list[Measured], list[float], list[float]]:
    """Every pattern after a turn of the loop, each round; the patterns, the loop's rates, its commits' milliseconds."""
    patterns: dict[tuple[int, int], Measured] = {}
    loop_rates, commits_ms = list[float](), list[float]()
    for _ in range(rounds):
        for pattern in PATTERNS:
            took_ms = await asyncio.to_thread(loop.commit, size, max(2, count // 4), LOOP_S)
            commits_ms += took_ms
            loop_rates.append(1e3 * len(took_ms) / sum(took_ms))
            taken = await run(store, *pattern, size, count)
            patterns[pattern] = patterns[pattern].and_then(taken) if pattern in patterns else taken
    return list(patterns.values()), loop_rates, commits_ms


def judged(name: str, patterns: list[Measured], loop_rates: list[float], commits_ms: list[float]) -> Iterator[Figure]:
    """Each pattern beside the loop, and the slowest delivery beside one more commit."""
    p50s = {each.name: quantile(each.waits_ms, 0.5) for each in patterns}
    for each in patterns:
        yield Figure(
            name=f"{name}.{each.name}",
            ours=each.rate,
            unit="events/s",
            goal=at_least(KEPT, of="ratio"),
            baseline=quantile(loop_rates, 0.75),
            baseline_name="one transaction an event",
            detail={
                "events": each.events,
                "delivery_p50_ms": p50s[each.name],
                "delivery_p99_ms": quantile(each.waits_ms, 0.99),
            },
        )
    slowest = max(p50s, key=lambda each: p50s[each])
    yield Figure(
        name=f"{name}.delivery.p50",
        ours=p50s[slowest],
        unit="ms",
        goal=at_most(1, of="ratio"),
        baseline=quantile(commits_ms, 0.5),
        baseline_name="one transaction",
        detail={"pattern": slowest},
    )
