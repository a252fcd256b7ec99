"""What is said when the database is asked in vain: by what happened on the way, and by why there is no connection."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from parley_events import StoreBusyError, StoreUnavailableError
from parley_events.stores.postgres.connection import Place
from parley_events.stores.postgres.database import Asking, Database

ASKING = Asking(what="storing", if_lost="Whether it is there is not known.")


class Pool:
    """A pool whose connections are "lost" or "kept", one after the other; then it has none."""

    def __init__(self, *connections):
        self.connections = list(connections)

    @asynccontextmanager
    async def connection(self):
        if not self.connections:
            raise PoolTimeout("couldn't get a connection")
        yield SimpleNamespace(closed=self.connections.pop(0) == "lost")

    async def drain(self):
        """Nothing is kept."""


def database(pool, place, patience_s):
    """The database behind a pool."""
    return Database(pool=pool, reader=None, place=place, report=lambda _trouble: None, patience_s=patience_s)


async def message(pool, errors, place, patience_s):
    """The kind of error and its words, when work fails by these errors in turn."""
    waiting = iter(errors)

    async def work(_connection):
        raise next(waiting)

    with pytest.raises((StoreBusyError, StoreUnavailableError)) as caught:
        await database(pool, place, patience_s).ask(work, ASKING)
    return type(caught.value), str(caught.value)


@pytest.fixture
def place(postgres):
    return Place(conninfo=postgres.conninfo, schema="asked")


async def test_a_lock_after_a_lost_connection_leaves_open_what_was_stored(place):
    """Who was lost may hold the lock itself: that nothing was stored would be too much to say."""
    errors = [psycopg.OperationalError("gone"), *[psycopg.errors.LockNotAvailable("locked")] * 20]
    kind, words = await message(Pool("lost", *["kept"] * 20), errors, place, patience_s=1.5)
    assert kind is StoreUnavailableError
    assert words.endswith("was lost on the way, and it is locked since. Whether it is there is not known.")


async def test_a_lock_alone_says_that_nothing_was_stored(place):
    """The connection is there: the database refused."""
    kind, words = await message(Pool("kept"), [psycopg.errors.LockNotAvailable("locked")], place, patience_s=0.0)
    assert (kind, "Nothing was stored" in words, "not known" in words) == (StoreBusyError, True, False)


async def test_a_pool_without_a_connection_says_so_where_one_could_be_had(place):
    """All of them are in use: there is no better reason, and nothing was asked."""
    kind, words = await message(Pool(), [], place, patience_s=0.0)
    assert (kind, "couldn't get a connection" in words, "not known" in words) == (StoreUnavailableError, True, False)
