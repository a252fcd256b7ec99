"""What events cost in a store as it grows: `make growth` goes to ten million of them on SQLite, to one on PostgreSQL.

Each event goes through the store's own append. What is known is written after every size, so that a run that is
stopped keeps what it had.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
import tempfile
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, ClassVar

import psutil

from benchmarks.bench_events_append import produced
from benchmarks.bench_events_read import Measured
from benchmarks.event_load import BATCH, event, instruments, postgres, postgres_store, sqlite_store
from benchmarks.figures import median
from benchmarks.machine import machine_facts
from benchmarks.plot import Line, log_log
from parley_events import EventTypes, Given, Handler
from parley_events.runner import Runner, SnapshotPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from parley_events import EventStore

CAUGHT_UP = 10_000
CROWD_EVENTS = 2_000
TOGETHER = 50
WINDOW = TOGETHER * BATCH
TOTAL, POSTGRES_TOTAL = 10_000_000, 1_000_000
SAMPLES = 7


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What events cost in a store of so many: microseconds an event, milliseconds a fold.

    `import_us` is the median of the windows appended since the size before, fifty appends of a hundred events at a
    time; `append_us` is one append of a hundred producers who each wait for their answer. Both are wall times, which
    whatever else uses the disk makes longer; beside them stands the processor time.
    `fold_events` is how many events the folded aggregate has.
    """

    events: int
    import_us: float
    import_processor_us: float
    append_us: float
    append_processor_us: float
    catch_up_us: float
    fold_ms: float
    fold_events: int
    memory_mib: float


async def grow(store: EventStore, until: int) -> list[tuple[float, float]]:
    """Append until the store has so many events; the wall and processor time of each window, in µs an event."""
    head = await store.head()
    times = []
    while head + WINDOW <= until:
        wall, busy = perf_counter(), process_time()
        async with asyncio.TaskGroup() as group:
            for number in range(TOGETHER):
                group.create_task(_append(store, head + number * BATCH, BATCH))
        times.append(((perf_counter() - wall) * 1e6 / WINDOW, (process_time() - busy) * 1e6 / WINDOW))
        head += WINDOW
    if head < until:
        await _append(store, head, until - head)
    return times


async def append_us(store: EventStore, count: int = CROWD_EVENTS) -> tuple[float, float]:
    """Wall and processor time of one durable append when a hundred producers wait for theirs, in microseconds."""
    busy = process_time()
    wall_us = 1e6 / await produced(store, BATCH, count)
    return wall_us, (process_time() - busy) * 1e6 / count


async def catch_up_us(store: EventStore) -> float:
    """What an event costs a subscriber that begins near the end, in microseconds."""
    head = await store.head()
    began = perf_counter()
    async with store.subscribe(after=head - CAUGHT_UP) as events:
        for _ in range(CAUGHT_UP):
            await anext(events)
    return (perf_counter() - began) * 1e6 / CAUGHT_UP


class Folding:
    """One aggregate with snapshots, which is made longer and folded.

    Args:
        store: Where its events are.
    """

    def __init__(self, store: EventStore) -> None:
        given = Given(now=instruments().now(), new_id=lambda: "", chance=lambda: 0.0)
        policy = SnapshotPolicy(state_type=Total, every=100)
        self.events = 0
        self._store = store
        self._runner = Runner(store, "fold", Counting(), Counting.event_types, given=lambda: given, snapshots=policy)

    async def lengthen(self, until: int) -> None:
        """Give it so many events, the last of them in an append of its own, after the last snapshot."""
        while self.events < until - 1:
            added = min(until - 1 - self.events, 2_000)
            await self._runner.run("aggregate", added)
            self.events += added
        last = replace(event(), data={"number": 0, "text": ""})
        await self._store.append("fold", "aggregate", [last], expected_sequence=self.events)
        self.events += 1

    async def ms(self) -> float:
        """How long its state takes to be known, in milliseconds."""
        began = perf_counter()
        folded = await self._runner.state("aggregate")
        took = (perf_counter() - began) * 1e3
        assert folded.state.events == self.events
        return took


async def grown(store: EventStore, sizes: Sequence[int]) -> AsyncIterator[Costs]:
    """Let an empty store grow, and tell at each size what its events cost."""
    folding = Folding(store)
    for size in sizes:
        windows = await grow(store, size)
        await folding.lengthen(size // 100 + 1)
        appends = [await append_us(store) for _ in range(SAMPLES)]
        yield Costs(
            events=size,
            import_us=median([wall for wall, _ in windows]),
            import_processor_us=median([busy for _, busy in windows]),
            append_us=median([wall for wall, _ in appends]),
            append_processor_us=median([busy for _, busy in appends]),
            catch_up_us=median([await catch_up_us(store) for _ in range(SAMPLES)]),
            fold_ms=median([await folding.ms() for _ in range(50)]),
            fold_events=folding.events,
            memory_mib=psutil.Process().memory_info().rss / 2**20,
        )


def sizes_to(total: int) -> list[int]:
    """10,000, 50,000, 100,000, 200,000, 500,000 and so on, up to `total`."""
    steps = [10_000, *(factor * 10**power for power in range(4, 10) for factor in (5, 10, 20))]
    return [size for size in steps if size < total] + [total]


def drawn(rows: Sequence[Costs], database: str) -> str:
    """The costs over the size of the store, as SVG."""
    lines = [
        Line(name="fold with a snapshot, a state", points=[(row.events, row.fold_ms * 1e3) for row in rows]),
        Line(name="append, 100 producers", points=[(row.events, row.append_us) for row in rows]),
        Line(name="the same, processor time", points=[(row.events, row.append_processor_us) for row in rows]),
        Line(name="append, 100 at once", points=[(row.events, row.import_us) for row in rows]),
        Line(name="catch-up of a subscriber", points=[(row.events, row.catch_up_us) for row in rows]),
    ]
    return log_log(f"What an event costs as the store grows ({database})", "events in the store", "microseconds", lines)


async def run(options: Options, folder: Path) -> None:
    """Grow a store in `folder` and one on a PostgreSQL of its own; keep `<out>.csv` and `.svg`, `<out>-postgres.…`."""
    async with sqlite_store(folder / "events.db") as store:
        await kept(store, options.events, "SQLite", options.out)
    if options.postgres_events:
        with postgres() as conninfo:
            async with postgres_store(conninfo, "growth") as store:
                await kept(
                    store, options.postgres_events, "PostgreSQL", options.out.with_name(f"{options.out.name}-postgres")
                )


async def kept(store: EventStore, total: int, database: str, out: Path) -> None:
    """Let an empty store grow, and keep what is known after every size."""
    began, rows = perf_counter(), list[Costs]()
    async for costs in grown(store, sizes_to(total)):
        rows.append(costs)
        write(rows, database, out)
        size = ((await store.size()).bytes or 0) / 2**20
        took = perf_counter() - began
        sys.stderr.write(f"{database}: {costs.events:>12,} events, {size:,.0f} MiB, {took:,.0f} s: {costs}\n")


def write(rows: Sequence[Costs], database: str, out: Path) -> None:
    """Keep what is known, as figures and as a picture."""
    with out.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Costs)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            known = asdict(row).items()
            writer.writerow({name: f"{value:.4g}" if isinstance(value, float) else value for name, value in known})
    out.with_suffix(".svg").write_text(drawn(rows, database), encoding="utf-8")


class Options(argparse.Namespace):
    """What the command line says."""

    events: int
    postgres_events: int
    out: Path
    scratch: Path | None


def main() -> None:
    """Read the options, and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--events", type=int, default=TOTAL, help="how far the SQLite store grows")
    parser.add_argument(
        "--postgres-events", type=int, default=POSTGRES_TOTAL, help="how far the one on PostgreSQL; 0 leaves it out"
    )
    parser.add_argument("--out", type=Path, default=Path("growth"), help="the files' name, without .csv and .svg")
    parser.add_argument("--scratch", type=Path, help="where the SQLite store is made (5 GB), and removed afterwards")
    options = parser.parse_args(namespace=Options())
    sys.stderr.write(f"{machine_facts()}\n")
    with tempfile.TemporaryDirectory(prefix="parley-growth-", dir=options.scratch) as folder:
        asyncio.run(run(options, Path(folder)))


async def _append(store: EventStore, head: int, count: int) -> None:
    """One append of `count` events to an aggregate of their own."""
    await store.append("bench", f"a{head}", [event(number=number) for number in range(count)], expected_sequence=None)


if __name__ == "__main__":
    main()
