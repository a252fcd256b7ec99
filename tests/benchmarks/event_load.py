"""What the event store's benchmarks share: stores, events of a size, and the plain loops that they are held against."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import psycopg

from parley_events import Instruments, NewEvent
from parley_events.ids import id_maker
from parley_events.stores.postgres import PostgresStore
from parley_events.stores.sqlite import SqliteStore
from parley_events.stores.sqlite.connection import connect_writer, create
from parley_events.stores.sqlite.statements import INSERT
from support.postgres import end, start_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BATCH = 100
POSTGRES_INSERT = "INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a benchmark measures the real thing


def instruments() -> Instruments:
    return Instruments(now=now, new_id=id_maker(now, random.Random().getrandbits))


def sqlite_store(path: Path) -> SqliteStore:
    return SqliteStore(path, instruments())


def postgres_store(conninfo: str, schema: str) -> PostgresStore:
    return PostgresStore(conninfo, instruments(), schema=schema)


@contextmanager
def postgres() -> Iterator[str]:
    """The connection string of a server that lasts as long as the context."""
    server = start_postgres()
    try:
        yield server.conninfo
    finally:
        end(server)


def event(size: int = 200, number: int = 0) -> NewEvent:
    """An event whose data is about `size` bytes of JSON."""
    return NewEvent(event_type="Measured", data={"number": number, "text": "x" * max(0, size - 30)})


def raw_rows(count: int, size: int = 200, first: int = 1) -> list[tuple[object, ...]]:
    """Rows as the store writes them, for loops that know no store."""
    data = f'{{"number":0,"text":"{"x" * max(0, size - 30)}"}}'
    new_id = id_maker(now, random.Random().getrandbits)
    at = int(now().timestamp() * 1e6)
    return [
        (n, "bench", "Measured", f"a{n % BATCH}", (n - 1) // BATCH + 1, 1, data, "{}", at, new_id())
        for n in range(first, first + count)
    ]


def raw_appends(path: Path, count: int, batch: int) -> float:
    """Rows a second by `executemany` in batches, each committed to the disk, into the store's own schema."""
    create(path, mounts=[("/", "ext4")])
    rows = raw_rows(count)
    connection = connect_writer(path)
    began = perf_counter()
    for at in range(0, count, batch):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows[at : at + batch])
        connection.execute("COMMIT")
    took = perf_counter() - began
    connection.close()
    return count / took


def plain_appends(path: Path, count: int) -> float:
    """Events a second by the loop a person would write: encode an event, commit it to the disk, the next.

    Schema, durability and checkpoints are the store's.
    """
    with committing(path) as commit:
        began = perf_counter()
        for number in range(count):
            commit(number)
        return count / (perf_counter() - began)


async def plain_appends_off_the_loop(path: Path, count: int) -> float:
    """The same where an event loop must go on meanwhile: each commit is awaited from a thread."""
    context = committing(path)
    with ThreadPoolExecutor(1) as thread:
        do = partial(asyncio.get_running_loop().run_in_executor, thread)
        commit = await do(context.__enter__)
        began = perf_counter()
        for number in range(count):
            await do(commit, number)
        took = perf_counter() - began
        await do(context.__exit__, None, None, None)
    return count / took


@contextmanager
def committing(path: Path) -> Iterator[Callable[[int], None]]:
    """What encodes an event and commits it into a new database; for the thread that opens it."""
    create(path, mounts=[("/", "ext4")])
    connection = connect_writer(path)
    new_id = id_maker(now, random.Random().getrandbits)

    def commit(number: int) -> None:
        new = event(number=number)
        at = int(now().timestamp() * 1e6)
        row = (number + 1, "bench", new.event_type, "a0", number + 1, 1, json.dumps(new.data), "{}", at, new_id())
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(INSERT, row)
        connection.execute("COMMIT")

    try:
        yield commit
    finally:
        connection.close()


def postgres_appends(conninfo: str, schema: str, count: int, batch: int) -> float:
    """Rows a second by `executemany` in batches, each committed, into a store's empty tables."""
    rows = [(*row[:8], now(), row[9]) for row in raw_rows(count)]
    with psycopg.connect(conninfo, options=f"-c search_path={schema}") as connection, connection.cursor() as cursor:
        began = perf_counter()
        for at in range(0, count, batch):
            cursor.executemany(POSTGRES_INSERT, rows[at : at + batch])
            connection.commit()
        return count / (perf_counter() - began)


def fill(path: Path, count: int, size: int = 200) -> None:
    """Put rows into a new store, fast."""
    create(path, mounts=[("/", "ext4")])
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    for at in range(1, count + 1, 10_000):
        connection.execute("BEGIN")
        connection.executemany(INSERT, raw_rows(min(10_000, count - at + 1), size, first=at))
        connection.execute("COMMIT")
    connection.close()
