"""Whether an event costs the same in a large store as in a small one: to append, to catch up on, to fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from benchmarks.bench_events_append import produced
from benchmarks.bench_events_read import Measured
from benchmarks.event_load import BATCH, event, fill, instruments, sqlite_store
from benchmarks.figures import Figure, Table, at_least, at_most, median
from parley_events import EventTypes, Given, Handler
from parley_events.runner import Runner, SnapshotPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Cell, Context
    from parley_events import EventStore

SIZES = (10_000, 100_000, 1_000_000)
CAUGHT_UP = 10_000
APPENDED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What is folded."""

    events: int = 0


class Counting(Handler[int, Measured, Total]):
    """Counts its events; a command is how many to add."""

    event_types: ClassVar[EventTypes[Measured]] = EventTypes([Measured])

    @property
    def initial(self) -> Total:
        """Nothing yet."""
        return Total()

    def process(self, state: Total, command: int, given: Given) -> list[Measured]:
        """So many events."""
        return [Measured(number=number, text="") for number in range(command)]

    def apply(self, state: Total, event: Measured) -> Total:
        """One more."""
        return replace(state, events=state.events + 1)


async def caught_up(store: EventStore, head: int) -> float:
    """Events a second of a subscriber that begins near the end."""
    began = perf_counter()
    async with store.subscribe(after=head - CAUGHT_UP) as events:
        for _ in range(CAUGHT_UP):
            await anext(events)
    return CAUGHT_UP / (perf_counter() - began)


async def folded_ms(store: EventStore, name: str, count: int) -> float:
    """How long the state of an aggregate of so many events takes, with snapshots, in milliseconds."""
    given = Given(now=instruments().now(), new_id=lambda: "", chance=lambda: 0.0)
    policy = SnapshotPolicy(state_type=Total, every=100)
    runner = Runner(store, "fold", Counting(), Counting.event_types, given=lambda: given, snapshots=policy)
    left = count
    while left:
        await runner.run(name, min(left, 2_000))
        left -= min(left, 2_000)
    await store.append("fold", name, [replace(event(0), data={"number": 0, "text": ""})] * 1, expected_sequence=None)
    times = []
    for _ in range(20):
        began = perf_counter()
        state = await runner.state(name)
        times.append((perf_counter() - began) * 1e3)
        assert state.state.events == count + 1
    return median(times)


async def figures(context: Context) -> AsyncIterator[Figure | Table]:
    """Each size in turn; the last beside the first."""
    sizes = (1_000 + CAUGHT_UP, 4_000 + CAUGHT_UP) if context.quick else SIZES
    rows: list[tuple[Cell, ...]] = []
    for size in sizes:
        context.say(f"{size:,} events")
        fill(context.scratch / f"{size}.db", size)
        async with sqlite_store(context.scratch / f"{size}.db") as store:
            catching = median([await caught_up(store, size) for _ in range(context.samples(5, 2))])
            appending = median([await produced(store, BATCH, APPENDED) for _ in range(context.samples(5, 2))])
            folding = await folded_ms(store, "aggregate", size // 100)
        rows.append((size, appending, catching, folding))
    columns = ("events", "appends/s", "catching up, events/s", "fold with a snapshot, ms")
    yield Table(name="events-growth", columns=columns, rows=tuple(rows))
    first, last = rows[0], rows[-1]
    for column, name in ((1, "append"), (2, "catch-up")):
        yield Figure(
            name=f"events-growth.{name}",
            ours=float(last[column] or 0),
            unit="events/s",
            goal=at_least(0.67, of="ratio"),
            baseline=float(first[column] or 0),
            baseline_name=f"at {first[0]:,} events",
        )
    yield Figure(
        name="events-growth.fold",
        ours=float(last[3] or 0),
        unit="ms",
        goal=at_most(1.5, of="ratio"),
        baseline=float(first[3] or 0),
        baseline_name=f"at {first[0]:,} events",
    )
