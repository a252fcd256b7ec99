"""A front end is told when the store that it follows does not answer for long, and when it does again."""

import asyncio

import pytest

from parley_events.errors import StoreUnavailableError
from parley_events.router import EVENTS
from parley_server.event_following import Standing
from support.event_following import FOLLOWING, UNDONE, Stores, append, following
from support.event_stores import Outside, memory_store

SILENT = "The event store has not answered for 0.01 s. What is stored meanwhile is told when it does."
NOT_TOLD = Standing(position=0, is_following=False, problem=SILENT)


class Away:
    """A database that is asked for its head in vain, until it answers again."""

    def __init__(self, store):
        self._store = store
        self.answers = asyncio.Event()
        self.answers.set()
        self.error = None

    async def head(self):
        await self.answers.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return await self._store.head()

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.fixture
async def store(tmp_path):
    async with memory_store(tmp_path, Outside()) as opened:
        yield Away(opened)


async def test_a_long_outage_is_told_and_that_it_is_over(store, caplog):
    """Once each, in the log as well; then all that came meanwhile, in order."""
    async with following(Stores(store), after=0, answer_s=0.01) as front_end:
        assert await front_end.heard(1) == [FOLLOWING]
        store.answers.clear()
        assert await front_end.heard(1) == [NOT_TOLD]
        store.answers.set()
        assert await front_end.heard(1) == [FOLLOWING]
        await append(store, UNDONE, UNDONE)
        assert await front_end.heard(2) == [(1, EVENTS), (2, EVENTS)]
    assert caplog.messages == [f"an editor is not told of events: {SILENT}"]


async def test_an_event_that_comes_first_ends_an_outage(store):
    """It is not told while the front end believes that none is."""
    async with following(Stores(store), after=0, answer_s=0.01) as front_end:
        assert await front_end.heard(1) == [FOLLOWING]
        store.answers.clear()
        assert await front_end.heard(1) == [NOT_TOLD]
        await append(store, UNDONE)
        assert await front_end.heard(2) == [FOLLOWING, (1, EVENTS)]


async def test_an_outage_that_ends_in_an_error_is_told_with_its_reason(store):
    """It is looked for anew, and followed behind what was told."""
    await append(store, UNDONE)
    async with following(Stores(store), after=0, answer_s=0.01) as front_end:
        assert await front_end.heard(2) == [FOLLOWING, (1, EVENTS)]
        store.answers.clear()
        silent = Standing(position=1, is_following=False, problem=SILENT)
        assert await front_end.heard(1) == [silent]
        store.error = StoreUnavailableError("Check that it runs.")
        store.answers.set()
        reason = Standing(position=1, is_following=False, problem="Check that it runs.")
        assert await front_end.heard(2) == [reason, Standing(position=1, is_following=True)]
        await append(store, UNDONE)
        assert await front_end.heard(1) == [(2, EVENTS)]


async def test_a_short_outage_is_not_told(store):
    """It lost nothing: who follows only waited."""
    async with following(Stores(store), after=0, answer_s=3600) as front_end:
        store.answers.clear()
        await append(store, UNDONE)
        store.answers.set()
        assert await front_end.heard(2) == [FOLLOWING, (1, EVENTS)]


async def test_a_store_that_does_not_answer_from_the_beginning_is_told(store):
    """Before anything else."""
    store.answers.clear()
    async with following(Stores(store), after=0, answer_s=0.01) as front_end:
        assert await front_end.heard(1) == [NOT_TOLD]
        store.answers.set()
        assert await front_end.heard(1) == [FOLLOWING]
