"""When the event store of a process is opened, and what becomes of a store that cannot be."""

import asyncio
import logging
from contextlib import aclosing, asynccontextmanager

import pytest

from parley_events import EventStoreError
from parley_events.stores.memory import MemoryStore
from parley_server.event_keeping import EventKeeping
from support.event_stores import Outside


class Restarting:
    """A database that can be opened or not."""

    def __init__(self):
        self.store = MemoryStore(Outside().instruments())
        self.problem = "The database is starting."
        self.tried = 0
        self.is_open = False

    @asynccontextmanager
    async def open(self):
        self.tried += 1
        if self.problem:
            raise EventStoreError(self.problem)
        self.is_open = True
        yield self.store
        self.is_open = False


@pytest.fixture
def database():
    return Restarting()


async def test_a_store_that_could_not_be_opened_is_opened_a_minute_later(database, caplog):
    """Until then nobody waits for it; each reason is told once, and that it is over."""
    seconds = iter((0.0, 0.0, 59.0, 60.0, 60.0, 120.0))
    with caplog.at_level(logging.WARNING):
        async with aclosing(EventKeeping(database.open, lambda: next(seconds))) as keeping:
            opened = [await keeping.store() for _ in range(3)]
            assert (opened, database.tried) == ([None] * 3, 2)
            database.problem = ""
            assert [await keeping.store() for _ in range(2)] == [database.store] * 2
            assert (database.tried, database.is_open) == (3, True)
    assert not database.is_open
    assert [record.getMessage() for record in caplog.records] == [
        "events are not kept: The database is starting.",
        "events are kept",
    ]


async def test_a_process_without_an_event_store_keeps_none():
    """Nothing is opened."""
    async with aclosing(EventKeeping(None)) as keeping:
        assert await keeping.store() is None


class Unreachable:
    """A database that neither answers nor refuses, until it may."""

    def __init__(self):
        self.store = MemoryStore(Outside().instruments())
        self.may_open = asyncio.Event()
        self.tried = 0

    @asynccontextmanager
    async def open(self):
        self.tried += 1
        await self.may_open.wait()
        yield self.store


async def test_who_gives_up_waiting_does_not_end_the_opening():
    """The next one finds it open, or goes on waiting; it is opened once."""
    database = Unreachable()
    async with aclosing(EventKeeping(database.open)) as keeping:
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await keeping.store()
        database.may_open.set()
        assert (await keeping.store(), database.tried) == (database.store, 1)


@pytest.mark.parametrize("turns", [1, 2])
async def test_closing_does_not_wait_for_a_store_that_does_not_open(turns):
    """Who waits for it gets none, and so does whoever comes afterwards; also before the opening has begun."""
    database = Unreachable()
    keeping = EventKeeping(database.open)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(keeping.store())
        for _ in range(turns):
            await asyncio.sleep(0)
        await keeping.aclose()
    assert (waiting.result(), await keeping.store(), database.tried) == (None, None, turns - 1)


@asynccontextmanager
async def wrongly_made():
    """What a fault of the program's own looks like."""
    raise ZeroDivisionError
    yield


async def test_what_is_no_trouble_of_the_store_is_raised():
    """To who asked for it, who is not cancelled for it, and when it is closed."""
    keeping = EventKeeping(wrongly_made)
    for ask in (keeping.store, keeping.aclose):
        with pytest.raises(ZeroDivisionError):
            await ask()
    await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0
