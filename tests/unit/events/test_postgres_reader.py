"""The threads that read from PostgreSQL: what they do when their session ends, and when the store closes."""

import asyncio
import threading
from contextlib import suppress

import psycopg
import pytest

from parley_events import StoreClosedError
from parley_events.stores.postgres.connection import Place
from parley_events.stores.postgres.reader import THREADS, Reader
from support.event_stores import eventually

LONG = "SELECT pg_sleep(3600)"


@pytest.fixture
def place(postgres):
    return Place(conninfo=postgres.conninfo, schema="read")


def session(connection):
    """The number of the server's process that answers."""
    [[number]] = connection.execute("SELECT pg_backend_pid()").fetchall()
    return number


async def both(reader):
    """What both threads read at the same time: the number of each one's session, or the error."""
    barrier = threading.Barrier(THREADS)

    def together(connection):
        barrier.wait(30)
        try:
            return session(connection)
        except psycopg.OperationalError as error:
            return type(error)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(reader.read(together)) for _ in range(THREADS)]
    return {each.result() for each in reads}


async def test_a_session_that_was_ended_is_replaced(place):
    """The read that meets the end fails; the next one is answered by a new session."""
    reader = Reader(place)
    before = await both(reader)
    with psycopg.connect(place.conninfo, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid, 60000) FROM unnest(%s::int[]) AS pid", (list(before),))
    assert await both(reader) == {psycopg.errors.AdminShutdown}
    after = await both(reader)
    await reader.aclose()
    assert len(after) == THREADS
    assert not after & before


async def test_closing_ends_a_read_that_would_take_an_hour(place):
    """The reader is asked to stop by the database; later reads are refused."""
    reader = Reader(place)

    async def sleeps():
        with psycopg.connect(place.conninfo, autocommit=True) as other:
            found = other.execute("SELECT count(*) FROM pg_stat_activity WHERE query = %s", (LONG,))
            return found.fetchall() == [(1,)]

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(error_of(reader.read(lambda connection: connection.execute(LONG))))
        await eventually(sleeps, expected=True)
        await reader.aclose()
    assert type(reading.result()) is psycopg.errors.QueryCanceled
    with pytest.raises(StoreClosedError):
        await reader.read(session)


async def test_closing_ends_a_read_that_goes_on_after_it_was_asked_to_stop(place):
    """Its connection is cut off: being asked ends one statement, and there may be another."""
    reader, asked = Reader(place), threading.Event()

    def stubborn(connection):
        asked.set()
        with suppress(psycopg.errors.QueryCanceled):
            connection.execute(LONG)
        connection.execute(LONG)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(error_of(reader.read(stubborn)))
        await asyncio.to_thread(asked.wait, 30)
        async with asyncio.timeout(60):
            await reader.aclose()
    assert type(reading.result()) is psycopg.OperationalError


async def test_reads_that_nobody_waits_for_keep_nobody_from_reading(place):
    """Each thread is given back when its read is cancelled; the database may take an hour to see it."""
    reader = Reader(place)

    async def sleeping():
        with psycopg.connect(place.conninfo, autocommit=True) as other:
            [[count]] = other.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%7200%'").fetchall()
            return count - 1  # this question, too, has the number in it

    async with asyncio.TaskGroup() as group:
        reads = [
            group.create_task(reader.read(lambda connection: connection.execute("SELECT pg_sleep(7200)")))
            for _ in range(THREADS)
        ]
        await eventually(sleeping, expected=THREADS)
        for each in reads:
            each.cancel()
    async with asyncio.timeout(30):
        assert await reader.read(session) > 0
    await reader.aclose()


async def test_a_read_is_cut_off_however_late_its_connection_comes(place):
    """Its time had passed before there was one; the next read is answered."""
    reader, passed = Reader(place), threading.Event()

    def late(connection):
        passed.wait(30)
        return session(connection)

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(error_of(reader.read(late, answer_s=0.0)))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.001, passed.set)  # after the reading's own time
    assert str(reading.result()) == "it said nothing for 0 s"
    assert await reader.read(session) > 0
    await reader.aclose()


async def test_a_read_whose_time_passed_before_its_turn_takes_nobodys_connection(place):
    """It is not begun: the threads' sessions are there for the next."""
    reader, release, occupied = Reader(place), threading.Event(), threading.Barrier(THREADS + 1)
    before = await both(reader)

    def occupy(_connection):
        occupied.wait(30)
        release.wait(30)

    async with asyncio.TaskGroup() as group:
        for _ in range(THREADS):
            group.create_task(reader.read(occupy))
        await asyncio.to_thread(occupied.wait, 30)
        late = group.create_task(error_of(reader.read(session, answer_s=0.0)))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.01, release.set)
    assert await both(reader) == before
    await reader.aclose()
    assert str(late.result()) == "it said nothing for 0 s"


async def test_a_read_that_was_given_up_as_it_ended_leaves_nobody_its_connection(place):
    """It did not see that it was cut off; the next read is not the one to find out."""
    reader, release, occupied = Reader(place), threading.Event(), threading.Barrier(THREADS + 1)

    def occupy(_connection):
        occupied.wait(30)
        release.wait(30)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(reader.read(occupy)) for _ in range(THREADS)]
        await asyncio.to_thread(occupied.wait, 30)
        for each in reads:
            each.cancel()
        await asyncio.wait(reads)
        release.set()
    assert all(type(each) is int for each in await both(reader))
    await reader.aclose()


async def test_what_waits_for_a_thread_is_not_begun_once_it_closes(place):
    """Else a database that is slow would hold up whoever closes once more for each."""
    reader, occupied, begun = Reader(place), threading.Barrier(THREADS + 1), []

    def occupy(connection):
        occupied.wait(30)
        connection.execute(LONG)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(error_of(reader.read(occupy))) for _ in range(THREADS)]
        await asyncio.to_thread(occupied.wait, 30)
        reads.append(group.create_task(error_of(reader.read(begun.append))))
        await asyncio.sleep(0)
        await reader.aclose()
    assert begun == []
    assert type(reads[-1].result()) is StoreClosedError


async def test_a_connection_that_cannot_be_prepared_is_not_kept(place):
    """What the database says comes through."""
    reader = Reader(Place(conninfo=place.conninfo, schema="x\udc80"))
    with pytest.raises(UnicodeEncodeError):
        await reader.read(session)
    await reader.aclose()


async def error_of(reading):
    """What error ends a read, if one does."""
    try:
        await reading
    except (psycopg.Error, StoreClosedError) as error:
        return error
    return None
