"""When the event store of a process is opened, and what becomes of a store that cannot be."""

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
