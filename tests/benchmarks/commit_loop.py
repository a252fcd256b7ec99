"""The loop that a person would write: begin, find the next numbers, insert an event, commit; the next.

What the patterns of producers and consumers are held against, on the same database and with the same durability and
order of positions: so it takes the database's one lock of writers, as every process must that shares it with others.
Nobody is told of what it stores. One connection in one thread: several would only wait for each other's commits.
"""

from __future__ import annotations

import json
import random
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import psycopg

from benchmarks.event_load import event, now
from parley_events.ids import id_maker
from parley_events.stores.postgres.schema import LOCK
from parley_events.stores.sqlite.connection import connect_writer, create
from parley_events.stores.sqlite.statements import INSERT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEXT = (
    "SELECT coalesce(max(position), 0) + 1, "
    "(SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE stream_id = 'bench' AND aggregate_id = 'a0') FROM events"
)
POSTGRES_INSERT = (
    "INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s, %s::json, %s::json, "
    "'epoch'::timestamptz + %s * interval '1 microsecond', %s)"
)


class CommitLoop(Protocol):
    """One database's loop."""

    def commit(self, size: int, count: int, within_s: float) -> list[float]:
        """Commit so many events of so many bytes, or as many as there is time for; the milliseconds that each took."""
        ...


class SqliteLoop:
    """Into a file of its own with the store's schema.

    Args:
        path: The file, which is made.
    """

    def __init__(self, path: Path) -> None:
        create(path, mounts=[("/", "ext4")])
        self._path = path

    def commit(self, size: int, count: int, within_s: float) -> list[float]:
        """See `CommitLoop`."""
        connection = connect_writer(self._path)

        def insert(columns: tuple[object, ...]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT, _row(connection.execute(NEXT).fetchone(), columns))
            connection.execute("COMMIT")

        try:
            return _timed(insert, size, count, within_s)
        finally:
            connection.close()


class PostgresLoop:
    """Into a schema that has the store's tables.

    Args:
        conninfo: The database.
        schema: The schema; a `PostgresStore` was opened in it before, and stores nothing there.
    """

    def __init__(self, conninfo: str, schema: str) -> None:
        self._conninfo, self._schema = conninfo, schema

    def commit(self, size: int, count: int, within_s: float) -> list[float]:
        """See `CommitLoop`."""
        options = f"-c search_path={self._schema}"
        with psycopg.connect(self._conninfo, autocommit=True, options=options) as connection:

            def insert(columns: tuple[object, ...]) -> None:
                with connection.transaction():
                    connection.execute(LOCK)
                    connection.execute(POSTGRES_INSERT, _row(connection.execute(NEXT).fetchone(), columns))

            return _timed(insert, size, count, within_s)


def _timed(insert: Callable[[tuple[object, ...]], None], size: int, count: int, within_s: float) -> list[float]:
    new_id = id_maker(now, random.Random().getrandbits)
    times: list[float] = []
    until = perf_counter() + within_s
    while len(times) < count and (began := perf_counter()) < until:
        new = event(size, len(times))
        at = int(now().timestamp() * 1e6)
        insert((new.event_type, json.dumps(new.data), at, new_id()))
        times.append((perf_counter() - began) * 1e3)
    return times


def _row(numbers: tuple[int, int] | None, columns: tuple[object, ...]) -> tuple[object, ...]:
    position, sequence = numbers or (1, 1)
    event_type, data, at, event_id = columns
    return (position, "bench", event_type, "a0", sequence, 1, data, "{}", at, event_id)
