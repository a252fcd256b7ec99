"""Whether an event costs the same in a large store as in a small one: to append, to catch up on, to fold.

One store of each size, each filled by its own append, all open at once; they are measured in turn, so that whatever
disturbs the machine disturbs them alike. What disturbs only ever adds to a time, so lower quartiles are compared.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from benchmarks.event_load import postgres, postgres_store, sqlite_store
from benchmarks.figures import Figure, Table, at_most, median, quantile
from benchmarks.growth import Folding, append_us, catch_up_us, grow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from benchmarks.figures import Cell, Context
    from parley_events import EventStore

SIZES, POSTGRES_SIZES = (10_000, 100_000, 1_000_000), (10_000, 500_000)
FLAT = 1.25
APPENDED = 1_000
COLUMNS = ("events", "append, µs", "its processor time, µs", "catching up, µs an event", "fold with a snapshot, ms")
FIGURES = (("append", "µs"), ("append.processor", "µs"), ("catch-up", "µs"), ("fold", "ms"))


async def figures(context: Context) -> AsyncIterator[Figure | Table]:
    """SQLite first, then PostgreSQL, where the largest store is smaller: filling it takes the time."""

    def in_a_file(size: int) -> EventStore:
        return sqlite_store(context.scratch / f"{size}.db")

    async for each in flatness(context, "events-growth", SIZES, in_a_file):
        yield each
    with postgres() as conninfo:

        def in_a_schema(size: int) -> EventStore:
            return postgres_store(conninfo, f"events_{size}")

        async for each in flatness(context, "events-growth.postgres", POSTGRES_SIZES, in_a_schema):
            yield each


async def flatness(
    context: Context, name: str, full: Sequence[int], opened: Callable[[int], EventStore]
) -> AsyncIterator[Figure | Table]:
    """The largest store beside the smallest."""
    sizes = (10_000, 20_000) if context.quick else full
    async with AsyncExitStack() as stack:
        stores = {}
        for size in sizes:
            context.say(f"{name}: filling {size:,} events")
            store = await stack.enter_async_context(opened(size))
            await grow(store, size)
            folding = Folding(store)
            await folding.lengthen(size // 100 + 1)
            stores[size] = (store, folding)
        rows = await measured(stores, context.samples(31, 2))
    yield Table(name=name, columns=COLUMNS, rows=tuple(rows))
    first, last = rows[0], rows[-1]
    for column, (figure, unit) in enumerate(FIGURES, start=1):
        yield Figure(
            name=f"{name}.{figure}",
            ours=float(last[column] or 0),
            unit=unit,
            goal=at_most(FLAT, of="ratio"),
            baseline=float(first[column] or 0),
            baseline_name=f"at {first[0]:,} events",
        )


async def measured(stores: dict[int, tuple[EventStore, Folding]], rounds: int) -> list[tuple[Cell, ...]]:
    """Each size's lower quartiles over rounds; a round takes every store once."""
    times: dict[int, list[tuple[float, ...]]] = {size: [] for size in stores}
    for _ in range(rounds):
        for size, (store, folding) in stores.items():
            wall, busy = await append_us(store, APPENDED)
            catching = await catch_up_us(store)
            times[size].append((wall, busy, catching, median([await folding.ms() for _ in range(10)])))
    return [(size, *(quantile(column, 0.25) for column in zip(*taken, strict=True))) for size, taken in times.items()]
