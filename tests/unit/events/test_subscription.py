"""A subscription against a source and a feed under the test's control: hand-over, trouble, and being too slow."""

import asyncio
import gc

import pytest

from parley_events import (
    EVERYTHING,
    RecordedEvent,
    SlowSubscriberError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    StoreUnusableError,
)
from parley_events.feed import Feed, NoTail
from parley_events.subscription import LAST_SAVE_S, PAGE_EVENTS, Subscription, backoff_s
from support.event_stores import take
from support.virtual_time import played


def _row(position):
    return RecordedEvent(position, "s", "Happened", "a", position, 1, "{}", "{}", 0, f"id-{position}")


class Rows:
    """A source of so many events; `before` and `after` reading a page, by its number, something may happen.

    Each of `errors` is raised once instead of reading, each of `refusals` instead of saving.
    """

    def __init__(self, count):
        self.rows = [_row(position) for position in range(1, count + 1)]
        self.before, self.after, self.errors, self.refusals, self.saved = {}, {}, [], [], []
        self._pages = 0

    async def load_from(self, position, query=EVERYTHING, *, limit=1000):
        if self.errors:
            raise self.errors.pop(0)
        self._pages += 1
        self.before.get(self._pages, lambda: None)()
        page = self.rows[position : position + limit]
        self.after.get(self._pages, lambda: None)()
        return page

    def add(self, count=1):
        """Let another process store so many more."""
        first = len(self.rows) + 1
        self.rows += [_row(position) for position in range(first, first + count)]

    async def head(self):
        return len(self.rows)

    async def cursor(self, name):
        return 0

    async def save_cursor(self, cursor):
        if self.refusals:
            raise self.refusals.pop(0)
        self.saved.append(cursor.position)


def _subscription(source, *, name=None, queue_events=10_000):
    trouble = []
    feed = Feed(source.head, NoTail(), queue_events=queue_events)
    return Subscription(source, feed, EVERYTHING, after=0, name=name, report=trouble.append), feed, trouble


class Watched:
    """A tail that knows whether it is to follow the database."""

    is_following = False

    def resume(self):
        self.is_following = True

    def pause(self):
        self.is_following = False


async def test_the_database_is_followed_while_somebody_listens():
    """From joining to being closed, or to an error; until the last one leaves."""
    source, tail = Rows(1), Watched()
    feed = Feed(source.head, tail, queue_events=1)
    first, second = (
        Subscription(source, feed, EVERYTHING, after=0, name=None, report=lambda _: None) for _ in range(2)
    )
    assert not tail.is_following
    for events in (first, second):
        await take(events, 1)
    assert tail.is_following
    await first.aclose()
    assert tail.is_following
    for _ in range(2):
        _commit(source, feed)
    await take(second, 1)
    with pytest.raises(SlowSubscriberError):
        await anext(second)
    assert not tail.is_following


def _commit(source, feed, count=1):
    """Let this process store so many more."""
    source.add(count)
    feed.committed(source.rows[-count:])


async def test_pages_are_read_until_one_is_not_full():
    """A subscriber that begins far back reads before it listens."""
    source = Rows(PAGE_EVENTS + 3)
    events, _, _ = _subscription(source)
    assert [event.position for event in await take(events, PAGE_EVENTS + 3)] == list(range(1, PAGE_EVENTS + 4))


async def test_events_between_the_last_page_and_joining_are_read_once():
    """They are stored after the page was read, and before anybody listened."""
    source = Rows(3)
    events, feed, _ = _subscription(source)
    source.after[1] = lambda: source.add(PAGE_EVENTS + 2)
    expected = list(range(1, PAGE_EVENTS + 6))
    assert [event.position for event in await take(events, len(expected))] == expected
    _commit(source, feed)
    assert (await anext(events)).position == PAGE_EVENTS + 6


async def test_events_that_are_read_and_queued_are_given_once():
    """What is committed while the missing page is read is in that page and in the queue."""
    source = Rows(1)
    events, feed, _ = _subscription(source)
    source.after[1] = source.add
    source.before[2] = lambda: _commit(source, feed, 2)
    assert [event.position for event in await take(events, 4)] == [1, 2, 3, 4]
    _commit(source, feed)
    assert (await anext(events)).position == 5


async def test_a_subscriber_cut_off_while_it_catches_up_begins_to_read_again():
    """Nobody was waiting for it yet: it goes on by reading, without an error and without a hole."""
    source = Rows(0)
    events, feed, _ = _subscription(source, queue_events=5)
    source.after[1] = lambda: source.add(PAGE_EVENTS)
    source.before[2] = lambda: _commit(source, feed, 10)
    assert [event.position for event in await take(events, PAGE_EVENTS + 10)] == list(range(1, PAGE_EVENTS + 11))
    _commit(source, feed)
    assert (await anext(events)).position == PAGE_EVENTS + 11


async def test_trouble_while_reading_is_reported_and_waited_out():
    """Each attempt with its number and the pause before the next; then the events come."""
    source = Rows(1)
    events, _, trouble = _subscription(source)
    source.errors += [StoreUnavailableError("away"), StoreBusyError("locked")]
    assert (await anext(events)).position == 1
    assert [(each.what, str(each.error), each.attempt, each.retry_in_s) for each in trouble] == [
        ("reading events", "away", 1, 0.05),
        ("reading events", "locked", 2, 0.1),
    ]


async def test_trouble_while_joining_is_reported_and_waited_out():
    """The database goes just when all is read: nothing that was stored meanwhile is missed."""
    source = Rows(2)
    errors = [StoreUnavailableError("restarting")]

    async def head():
        if errors:
            source.add()
            raise errors.pop()
        return len(source.rows)

    source.head = head
    events, _, trouble = _subscription(source)
    assert [event.position for event in await take(events, 3)] == [1, 2, 3]
    assert [(each.what, str(each.error)) for each in trouble] == [("reading events", "restarting")]


async def test_a_cursor_that_cannot_be_saved_is_reported_and_saved_later():
    """The events come all the same; after a crash some would come again."""
    source = Rows(2)
    events, _, trouble = _subscription(source, name="me")
    await take(events, 2)
    source.refusals.append(StoreBusyError("locked"))
    await events.acknowledge()
    assert (source.saved, [each.what for each in trouble]) == ([1], ["saving the cursor me"])
    await events.acknowledge()
    await events.aclose()
    await events.aclose()
    assert source.saved == [1, 2]
    with pytest.raises(StopAsyncIteration):
        await anext(events)


def test_a_cursor_that_cannot_be_saved_for_long_is_tried_ever_more_seldom(caplog):
    """Whatever the reason, such as a full disk: the events come all the same, and the log says what is wrong."""

    async def play():
        source = Rows(2)
        events, feed, trouble = _subscription(source, name="me")
        await take(events, 2)
        source.refusals += [StoreFullError("full")] * 6
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20):
                await anext(events)
        _commit(source, feed)
        assert (await anext(events)).position == 3
        return source.saved, [(each.attempt, each.retry_in_s) for each in trouble]

    saved, told = played(play())[0]
    assert saved == [1, 2]
    assert told == [(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.5), (5, 0.8), (6, 1.6)]
    assert caplog.messages[0] == "saving the cursor me: full"


def test_closing_does_not_wait_for_a_store_that_does_not_answer():
    """Somebody pressed Ctrl-C, and the database is down: the last events come again, and the name is free."""

    class Silent(Rows):
        async def save_cursor(self, cursor):
            if self.saved:
                await asyncio.Event().wait()
            await super().save_cursor(cursor)

    async def play():
        events, feed, trouble = _subscription(Silent(3), name="me")
        await take(events, 3)
        await events.aclose()
        feed.claim("me", feed)
        return [(each.what, str(each.error), each.attempt) for each in trouble]

    told, seconds = played(play())
    assert told == [("saving the cursor me", f"The event store did not answer within {LAST_SAVE_S:g} s.", 1)]
    assert seconds == pytest.approx(LAST_SAVE_S, abs=1)


def test_a_cursor_that_could_not_be_saved_is_not_tried_at_every_event():
    """Only after the pause; once it is saved, trouble begins anew with the shortest one."""

    async def play():
        source = Rows(600)
        events, _, trouble = _subscription(source, name="me")
        await take(events, 2)
        source.refusals += [StoreBusyError("locked")] * 2
        for pause_s in (0, 0.5, 0.5, 0.5):
            await take(events, 149)
            await asyncio.sleep(pause_s)
        source.refusals += [StoreBusyError("locked")]
        await take(events, 2)
        return source.saved, [(each.attempt, each.retry_in_s) for each in trouble]

    assert played(play())[0] == ([1, 449, 549], [(1, 0.5), (2, 0.5), (1, 0.5)])


async def test_who_is_cancelled_while_it_catches_up_misses_nothing():
    """It had joined the feed and not yet read what came before: it begins to read again where it was."""
    source = Rows(1)
    events, feed, _ = _subscription(source)
    reached, blocked = asyncio.Event(), asyncio.Event()
    load_from = source.load_from

    async def load_slowly(position, query=EVERYTHING, *, limit=1000):
        if position == 1:
            reached.set()
            await blocked.wait()
        return await load_from(position, query, limit=limit)

    source.after[1] = lambda: source.add(2)
    source.load_from = load_slowly
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(anext(events))
        await reached.wait()
        _commit(source, feed)
        asking.cancel()
    blocked.set()
    assert [event.position for event in await take(events, 4)] == [1, 2, 3, 4]
    _commit(source, feed)
    assert (await anext(events)).position == 5


async def test_a_name_is_one_subscribers_at_a_time():
    """The faster one would move the cursor past what the slower one has not dealt with."""
    source = Rows(2)
    feed = Feed(source.head, NoTail())
    first, second, third = (
        Subscription(source, feed, EVERYTHING, after=0, name=name, report=lambda _: None) for name in "mmn"
    )
    await take(first, 1)
    with pytest.raises(ValueError, match="follows this store under the name 'm' already"):
        await anext(second)
    await second.aclose()
    await take(third, 1)
    with pytest.raises(ValueError, match="under the name 'm' already"):
        await anext(Subscription(source, feed, EVERYTHING, after=0, name="m", report=lambda _: None))
    await first.aclose()
    again = Subscription(source, feed, EVERYTHING, after=0, name="m", report=lambda _: None)
    await take(again, 1)
    del again  # never closed: its name is free all the same
    gc.collect()
    await take(Subscription(source, feed, EVERYTHING, after=0, name="m", report=lambda _: None), 1)


async def test_who_is_cut_off_is_told_its_name_and_where_to_go_on():
    """So that a person knows which subscriber it was."""
    source = Rows(1)
    events, feed, _ = _subscription(source, name="watcher", queue_events=2)
    await take(events, 1)
    async with events:
        _commit(source, feed)
        assert (await anext(events)).position == 2
        _commit(source, feed, 3)
        with pytest.raises(SlowSubscriberError, match=r"\(watcher\) fell too far .* after position 2"):
            await anext(events)


async def test_who_was_cut_off_stays_so():
    """Asking on brings the same error again, and no event a second time; whoever goes on subscribes anew."""
    source = Rows(1)
    events, feed, _ = _subscription(source, queue_events=2)
    await take(events, 1)
    async with events:
        _commit(source, feed, 2)
        assert [event.position for event in await take(events, 2)] == [2, 3]
        _commit(source, feed, 3)
        for _ in range(2):
            with pytest.raises(SlowSubscriberError, match="after position 3"):
                await anext(events)
        assert events.position == 3
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_subscription_that_met_an_error_stays_ended():
    """Whatever ended it; its cursor is saved up to what was dealt with."""
    source = Rows(2)
    events, feed, _ = _subscription(source, name="me")
    await take(events, 2)
    feed.cut(StoreUnusableError("gone"))
    for _ in range(2):
        with pytest.raises(StoreUnusableError, match="gone"):
            await anext(events)
    source.add()
    source.errors.clear()
    with pytest.raises(StoreUnusableError, match="gone"):
        await anext(events)
    await events.aclose()
    assert source.saved == [1, 2]


async def test_an_error_while_reading_ends_a_subscription_too():
    """One that waiting does not mend."""
    source = Rows(2)
    events, _, trouble = _subscription(source)
    source.errors.append(StoreUnusableError("damaged"))
    for _ in range(2):
        with pytest.raises(StoreUnusableError, match="damaged"):
            await anext(events)
    assert trouble == []


def test_pauses_double_up_to_five_seconds():
    """0.05 s first; a number of attempts that is too large for a float does no harm."""
    assert [backoff_s(attempt) for attempt in (1, 2, 3, 8, 10_000)] == [0.05, 0.1, 0.2, 5.0, 5.0]
