"""`eventsourcing` from PyPI, as a baseline: its recorders with events of the same size in as many aggregates.

It is asked from a thread, one call after the other, as its documentation does. Its SQLite recorder writes a log that
reaches the disk at each commit (`synchronous` is left at FULL), as ours does, and knows no subscriptions.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from benchmarks.event_load import BATCH, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eventsourcing.persistence import ApplicationRecorder

PAGE = 1000
_IDS = [uuid4() for _ in range(BATCH)]


def sqlite_recorder(path: Path) -> SQLiteApplicationRecorder:
    """One with an empty table, in a file."""
    recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(path)))
    recorder.create_table()
    return recorder


def postgres_recorder(conninfo: str, table: str = "theirs") -> PostgresApplicationRecorder:
    """One with a table of that name, which may be there already."""
    known = conninfo_to_dict(conninfo)
    datastore = PostgresDatastore(
        dbname=known["dbname"],
        host=known["host"],
        port=known["port"],
        user=known["user"],
        password="",
        pool_size=2,  # a subscription keeps one
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name=table)
    recorder.create_table()
    return recorder


def stored_events(count: int, first: int = 0) -> Iterator[StoredEvent]:
    """Encoded as they are asked for."""
    for number in range(first, first + count):
        state = json.dumps(event(number=number).data).encode()
        yield StoredEvent(_IDS[number % BATCH], number // BATCH + 1, "bench:Measured", state)


def fill(recorder: ApplicationRecorder, count: int) -> None:
    """Insert so many, fast."""
    for at in range(0, count, PAGE):
        recorder.insert_events(list(stored_events(min(PAGE, count - at), first=at)))


def appends(recorder: ApplicationRecorder, count: int) -> float:
    """Events a second, one in a transaction."""
    began = perf_counter()
    for each in stored_events(count):
        recorder.insert_events([each])
    return count / (perf_counter() - began)


def rows(recorder: ApplicationRecorder) -> int:
    """Read every row, page by page; how many there are."""
    position, count = 0, 0
    while page := recorder.select_notifications(position + 1, PAGE):
        position, count = page[-1].id, count + len(page)
    return count
