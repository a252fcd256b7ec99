"""A follower of events in a process of its own: ours, or what ours is held against.

Started as a program with what it follows (a key of `FOLLOWERS`), the place and a position to end at. Prints, for each
event, its position and the nanoseconds of the machine's clock when it came.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from benchmarks.event_load import postgres_store, sqlite_store
from benchmarks.their_store import postgres_recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from parley_events import EventStore

POLL_S = 0.005


def ours_in_sqlite(place: str, last: int) -> None:
    """The store's own subscription to a file."""
    asyncio.run(_ours(sqlite_store(Path(place)), last))


def ours_in_postgres(place: str, last: int) -> None:
    """The store's own subscription to a database."""
    asyncio.run(_ours(postgres_store(place, "bench"), last))


def polling(place: str, last: int) -> None:
    """The loop that a person would write where nobody tells him: ask the file every five milliseconds."""
    for position in polled(place, Event()):
        _tell(position)
        if position >= last:
            return


def eventsourcing(place: str, last: int) -> None:
    """Its subscription, which PostgreSQL wakes by LISTEN."""
    recorder = postgres_recorder(place)
    with recorder.subscribe(gt=0) as notifications:
        for each in notifications:
            _tell(each.id)
            if each.id >= last:
                break
    recorder.datastore.close()


def polled(place: str, ended: Event) -> Iterator[int]:
    """Positions in a file's table of events, as they come, until it is ended."""
    position = 0
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        while not ended.wait(POLL_S):
            text = "SELECT * FROM events WHERE position > ? ORDER BY position"
            for row in connection.execute(text, (position,)).fetchall():
                position = row[0]
                yield position


FOLLOWERS: Final[Mapping[str, Callable[[str, int], None]]] = {
    "sqlite": ours_in_sqlite,
    "postgres": ours_in_postgres,
    "polling": polling,
    "eventsourcing": eventsourcing,
}


async def _ours(store: EventStore, last: int) -> None:
    async with store, store.subscribe() as events:
        async for event in events:
            _tell(event.position)
            if event.position >= last:
                return


def _tell(position: int) -> None:
    sys.stdout.write(f"{position} {time.perf_counter_ns()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    FOLLOWERS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
