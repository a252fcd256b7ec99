"""A front end is told of stored events: in order, each once, whatever becomes of the store and however slow it is."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_agent.refactor.events import CONSENT_EVENTS
from parley_agent.system_event import SYSTEM_EVENTS
from parley_events.bus import InProcessBus
from parley_events.errors import SlowSubscriberError, StoreBehindError, StoreCorruptError, StoreUnusableError
from parley_events.events import EVERYTHING
from parley_events.router import APPROVALS, CLARIFICATIONS, EVENTS, EventRouter
from parley_events.store import Trouble
from parley_server.app.routing import connect_events
from parley_server.event_following import Standing
from support.event_following import ASKED, FOLLOWING, UNDONE, Stores, append, following
from support.event_stores import Outside, memory_store


@pytest.fixture
async def store(tmp_path):
    async with memory_store(tmp_path, Outside()) as opened:
        yield opened


async def test_a_front_end_is_told_what_follows_the_position_it_knows(store):
    """What was stored before, then what is stored now; what a yes is asked for goes to the approvals."""
    await append(store, UNDONE, UNDONE, ASKED)
    async with following(Stores(store), after=1) as front_end:
        assert await front_end.heard(1) == [Standing(position=1, is_following=True)]
        await append(store, UNDONE)
        assert await front_end.heard(3) == [(2, EVENTS), (3, APPROVALS), (4, EVENTS)]


async def test_without_a_position_only_what_is_new_is_told(store):
    """It is told where that begins, to ask for what follows when it comes back."""
    await append(store, UNDONE, UNDONE)
    async with following(Stores(store), after=None) as front_end:
        assert await front_end.heard(1) == [Standing(position=2, is_following=True)]
        await append(store, ASKED)
        assert await front_end.heard(1) == [(3, APPROVALS)]


async def test_every_type_that_is_known_goes_to_a_front_end(store):
    """By its registered name; other types go nowhere."""
    await append(store, *SYSTEM_EVENTS.names[:-1], "Unheard", SYSTEM_EVENTS.names[-1])
    approvals = {each.event_type for each in CONSENT_EVENTS}
    expected = [APPROVALS if name in approvals else EVENTS for name in SYSTEM_EVENTS.names]
    async with following(Stores(store), after=0) as front_end:
        assert await front_end.heard(1) == [FOLLOWING]
        assert [topic for _, topic in await front_end.heard(len(expected))] == expected


async def test_a_store_that_cannot_be_opened_is_told_once_and_followed_when_it_can(store):
    """It is looked for again and again."""
    stores, pauses = Stores(store, "It is starting."), []

    async def pause(delay_s):
        pauses.append(delay_s)
        if len(pauses) == 3:
            stores.problem = ""

    await append(store, UNDONE)
    async with following(stores, after=0, pause=pause) as front_end:
        assert await front_end.heard(3) == [
            Standing(position=0, is_following=False, problem="It is starting."),
            FOLLOWING,
            (1, EVENTS),
        ]
    assert pauses == [0.05, 0.1, 0.2]


async def test_a_position_that_the_store_never_had_is_told_and_given_up(store):
    """An older copy took its place: what it lacks cannot be told, what comes is."""
    await append(store, UNDONE)
    async with following(Stores(store), after=9) as front_end:
        lacks = str(StoreBehindError(head=1, seen=9))
        assert await front_end.heard(1) == [Standing(position=1, is_following=True, problem=lacks)]
        await append(store, UNDONE)
        assert await front_end.heard(1) == [(2, EVENTS)]


async def test_what_is_missing_is_not_told_again_when_it_is_connected_anew(store):
    """As after it was cut off; a position below all others is the beginning."""
    connect = troubled_by(SlowSubscriberError("It was cut off.", position=0))
    async with following(Stores(store), after=9, connect=connect) as front_end:
        lacks = str(StoreBehindError(head=0, seen=9))
        assert await front_end.heard(1) == [Standing(position=0, is_following=True, problem=lacks)]
        await append(store, UNDONE)
        assert await front_end.heard(1) == [(1, EVENTS)]
    async with following(Stores(store), after=-9) as front_end:
        assert await front_end.heard(2) == [FOLLOWING, (1, EVENTS)]


async def test_a_slow_front_end_misses_nothing_and_hears_nothing_twice(store):
    """It is cut off from the bus, and goes on behind what it took."""

    def connect(store, after, report):
        bus = InProcessBus(queue_messages=1, patience_s=0.0)
        router = EventRouter(store, bus, name=None, report=report, after=after)
        router.publish(UNDONE, EVENTS)
        return router, bus

    await append(store, *[UNDONE] * 20)
    async with following(Stores(store), after=0, connect=connect, pause=asyncio.sleep) as front_end:
        assert await front_end.heard(1) == [FOLLOWING]
        for _ in range(20):  # every other task has its turn, and fills what there is
            await asyncio.sleep(0)
        assert await front_end.heard(20) == [(position, EVENTS) for position in range(1, 21)]


async def test_a_question_of_whatever_type_reaches_the_front_end(store):
    """By its registered name alone, on the topic of clarifications."""

    def connect(store, after, report):
        bus = InProcessBus()
        router = EventRouter(store, bus, name=None, report=report, after=after)
        router.publish("QuestionAsked", CLARIFICATIONS)
        return router, bus

    await append(store, UNDONE, "QuestionAsked")
    async with following(Stores(store), after=0, connect=connect) as front_end:
        assert await front_end.heard(2) == [FOLLOWING, (2, CLARIFICATIONS)]


async def _heard_in(rounds):
    """What a front end hears that comes again and again: after so many events are stored, it hears so many at most."""
    stored, heard = [], []
    async with memory_store(None, Outside()) as store:
        for kinds, most in rounds:
            await append(store, *kinds)
            stored += kinds
            known = [number for number, kind in enumerate(stored, 1) if kind != "Unheard"]
            async with following(Stores(store), after=heard[-1] if heard else 0) as front_end:
                await front_end.heard(1)
                heard += [position for position, _ in await front_end.heard(min(most, len(known) - len(heard)))]
    return heard, known


_KINDS = st.lists(st.sampled_from((UNDONE, ASKED, "Unheard")), max_size=6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_KINDS, st.integers(0, 5)), max_size=6), _KINDS)
def test_whoever_comes_back_misses_nothing_and_hears_nothing_twice(rounds, last):
    """Wherever it was broken off, if it names the last event that it knows."""
    heard, known = asyncio.run(_heard_in([*rounds, (last, 1000)]))
    assert heard == known


class Troubled:
    """A router that meets trouble instead of routing."""

    def __init__(self, report, error):
        self._report, self._error = report, error

    async def run(self):
        self._report(Trouble(what="publishing events", error=self._error, attempt=1, retry_in_s=60.0))
        await asyncio.Event().wait()


def troubled_by(error):
    """Connects to a store as always, but the first time to a router that meets this error."""
    errors = [error]

    def connect(store, after, report):
        router, bus = connect_events(store, after, report)
        return (Troubled(report, errors.pop()) if errors else router), bus

    return connect


async def test_trouble_is_told_and_that_it_is_over(store, caplog):
    """To the front end and in the log; then all that came meanwhile."""
    await append(store, UNDONE)
    connect = troubled_by(StoreUnusableError("It was moved."))
    async with following(Stores(store), after=0, connect=connect) as front_end:
        moved = Standing(position=0, is_following=False, problem="It was moved.")
        assert await front_end.heard(4) == [FOLLOWING, moved, FOLLOWING, (1, EVENTS)]
    assert [record.getMessage() for record in caplog.records] == ["an editor is not told of events: It was moved."]


async def test_a_store_that_loses_events_is_followed_from_its_end(store):
    """What is stored there from now on is news, though its positions were told before for other events."""
    await append(store, UNDONE)
    lacks = str(StoreBehindError(head=1, seen=3))
    async with memory_store(None, Outside()) as newer:
        await append(newer, UNDONE, UNDONE, UNDONE)
        stores = Stores(newer)

        async def pause(_delay_s):
            stores.opened = store

        connect = troubled_by(StoreBehindError(head=1, seen=3))
        async with following(stores, after=3, connect=connect, pause=pause) as front_end:
            assert await front_end.heard(3) == [
                Standing(position=3, is_following=True),
                Standing(position=3, is_following=False, problem=lacks),
                Standing(position=1, is_following=True, problem=lacks),
            ]
            await append(store, UNDONE)
            assert await front_end.heard(1) == [(2, EVENTS)]


async def test_an_event_that_is_damaged_is_left_out_with_a_word_in_the_log(store, caplog):
    """Those after it are told."""
    await append(store, UNDONE, UNDONE)
    damaged = Damaged(store, position=1)
    async with following(Stores(damaged), after=0) as front_end:
        assert await front_end.heard(2) == [FOLLOWING, (2, EVENTS)]
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith(
        "an event is left out: The data of event 1 (RefactoringUndone, number 1 of refactorings/a) is damaged: "
    )


class Damaged:
    """A store of which one event's data is cut off."""

    def __init__(self, store, *, position):
        self._store, self._position = store, position

    @asynccontextmanager
    async def subscribe(self, query, *, after, name):
        async with self._store.subscribe(query, after=after, name=name) as events:
            yield self._damaged(events)

    async def _damaged(self, events):
        async for event in events:
            yield event._replace(data_json='{"a') if event.position == self._position else event

    def __getattr__(self, name):
        return getattr(self._store, name)


class Unreadable:
    """A store whose pages cannot be read until it is mended."""

    def __init__(self, store, error):
        self._store, self.error = store, error

    async def load_from(self, position, query=EVERYTHING, *, limit=1000):
        if self.error is not None:
            raise self.error
        return await self._store.load_from(position, query, limit=limit)

    def __getattr__(self, name):
        return getattr(self._store, name)


async def test_a_store_that_cannot_be_read_is_told_once_and_tried_ever_more_seldom(store, caplog):
    """Its head can be read, which promises nothing."""
    damaged, pauses = Unreadable(store, StoreCorruptError("It is damaged.")), []

    async def pause(delay_s):
        pauses.append(delay_s)
        if len(pauses) == 13:
            damaged.error = None

    async with following(Stores(damaged), after=0, pause=pause) as front_end:
        problem = Standing(position=0, is_following=False, problem="It is damaged.")
        assert await front_end.heard(2) == [problem, FOLLOWING]
    assert len(caplog.records) == 1
    assert pauses == [0.05 * 2**number for number in range(11)] + [60.0, 60.0]
