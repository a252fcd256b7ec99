"""A process that appends for fault tests: it says on standard output what was acknowledged, line by line.

Usage: python event_writer.py PLACE SCHEMA WRITER FROM COUNT [MOST]

After MOST lines it says nothing more, so that whoever kills it then, however late, finds it with appends under way.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from parley_events import Instruments, NewEvent, StoreUnavailableError
from parley_events.stores.postgres import PostgresStore
from parley_events.stores.sqlite import SqliteStore

PRODUCERS = 20


def opened(place, schema):
    """The store at a file or an address. The writer gives every event its own id, so none is made."""
    instruments = Instruments(now=lambda: datetime.now(UTC), new_id=lambda: "unused")  # noqa: TID251 - a real process
    if place.startswith(("host=", "postgresql://")):
        return PostgresStore(place, instruments, schema=schema)
    return SqliteStore(Path(place), instruments)


async def entered(closing, place, schema):
    """The store, open; while its database is down, opening is refused at once, so it is tried again."""
    while True:
        try:
            return await closing.enter_async_context(opened(place, schema))
        except StoreUnavailableError:
            await asyncio.sleep(0.05)


async def main(place, schema, writer, numbers):
    first, count, most = (*numbers, math.inf)[:3]
    async with AsyncExitStack() as closing:
        store = await entered(closing, place, schema)
        group = await closing.enter_async_context(asyncio.TaskGroup())
        said = itertools.count()

        async def produce(producer):
            """Its own numbers into its own aggregate, each after the one before was acknowledged."""
            for number in range(first + (producer - first) % PRODUCERS, count, PRODUCERS):
                events = [NewEvent(event_type="Written", data={"number": number}, event_id=f"{writer}-{number}")]
                await store.append("writers", f"{writer}-{producer}", events, expected_sequence=None)
                if next(said) >= most:
                    await asyncio.Event().wait()
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

        for producer in range(PRODUCERS):
            group.create_task(produce(producer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], map(int, sys.argv[4:])))
