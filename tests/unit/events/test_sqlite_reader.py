"""The threads that read a SQLite store: who is cancelled ends its own read, and nobody else's."""

import asyncio
import sqlite3
import threading

import pytest

from parley_events.stores.sqlite.connection import connect_reader
from parley_events.stores.sqlite.reader import THREADS, Reader
from parley_events.stores.sqlite.statements import HEAD
from support.event_stores import Outside, happened, sqlite_store

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
async def reader(tmp_path):
    async with sqlite_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened() for _ in range(3)], expected_sequence=0)
    opened = Reader(tmp_path / "events.db")
    yield opened
    await opened.aclose()


def _head(connection):
    return connection.execute(HEAD).fetchone()[0]


async def _begun(reader, statement):
    """A read that is under way on its thread."""
    begun = threading.Event()

    def work(connection):
        connection.create_function("begun", 0, begun.set)
        connection.execute("SELECT begun()").fetchone()
        return connection.execute(statement).fetchone()

    reading = asyncio.create_task(reader.read(work))  # noqa: TID251 - a test's own, awaited by it
    await asyncio.to_thread(begun.wait)
    return reading


async def test_a_read_that_is_cancelled_ends(reader):
    """Closing would else wait for it, as after Ctrl-C while a large database is checked."""
    reading = [await _begun(reader, ENDLESS) for _ in range(THREADS)]
    for each in reading:
        each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await each
    assert await reader.read(_head) == 3


async def test_a_read_that_is_cancelled_between_two_statements_ends_at_the_second(reader):
    """SQLite forgets an interruption when no statement runs: the thread would never be free again."""
    between, cancelled = threading.Event(), threading.Event()
    connections = []

    def work(connection):
        connections.append(connection)
        between.set()
        cancelled.wait()
        return connection.execute(ENDLESS).fetchone()

    reading = asyncio.create_task(reader.read(work))  # noqa: TID251 - a test's own, awaited by it
    await asyncio.to_thread(between.wait)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    cancelled.set()
    closing = asyncio.create_task(reader.aclose())  # noqa: TID251 - a test's own, awaited by it
    ended, _ = await asyncio.wait([closing], timeout=5)
    if not ended:
        connections[0].interrupt()
    await closing
    assert ended


async def test_a_read_that_is_cancelled_disturbs_no_other(reader):
    """Neither the one beside it, nor those that come on its thread after it."""
    endless = await _begun(reader, ENDLESS)
    beside = await _begun(reader, f"{ENDLESS.replace('FROM n)', 'FROM n WHERE i < 1000000)')}")
    endless.cancel()
    assert await beside == (1_000_000,)
    assert [await reader.read(_head) for _ in range(4)] == [3] * 4


async def test_a_read_that_is_cancelled_before_it_begins_is_none(reader):
    """Those before it go on."""
    reading = [await _begun(reader, ENDLESS) for _ in range(THREADS)]
    waiting = asyncio.create_task(reader.read(_head))  # noqa: TID251 - a test's own, awaited by it
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [each.done() for each in reading] == [False] * THREADS
    for each in reading:
        each.cancel()
    await asyncio.wait(reading)


def test_what_can_be_opened_in_no_way_is_told_as_that(tmp_path):
    """It is tried without a log as well, where none is there: here it is a folder."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        connect_reader(tmp_path)
