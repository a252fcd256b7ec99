"""A subscription against a source and a feed under the test's control: hand-over, trouble, and being too slow."""

import pytest

from parley_events import (
    EVERYTHING,
    RecordedEvent,
    SlowSubscriberError,
    StoreBusyError,
    StoreUnavailableError,
)
from parley_events.feed import Feed, NoTail
from parley_events.subscription import PAGE_EVENTS, Subscription, backoff_s
from support.event_stores import take


def _row(position):
    return RecordedEvent(position, "s", "Happened", "a", position, 1, "{}", "{}", 0, f"id-{position}")


class Rows:
    """A source of so many events; `before` and `after` reading a page, by its number, something may happen.

    Each of `errors` is raised once.
    """

    def __init__(self, count):
        self.rows = [_row(position) for position in range(1, count + 1)]
        self.before, self.after, self.errors, self.saved = {}, {}, [], []
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
        if self.errors:
            raise self.errors.pop(0)
        self.saved.append(cursor.position)


def _subscription(source, *, name=None, queue_events=10_000):
    trouble = []
    feed = Feed(source.head, NoTail(), queue_events=queue_events)
    return Subscription(source, feed, EVERYTHING, after=0, name=name, report=trouble.append), feed, trouble


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


async def test_a_cursor_that_cannot_be_saved_is_reported_and_saved_later():
    """The events come all the same; after a crash some would come again."""
    source = Rows(2)
    events, _, trouble = _subscription(source, name="me")
    await take(events, 2)
    source.errors.append(StoreBusyError("locked"))
    await events.acknowledge()
    assert (source.saved, [each.what for each in trouble]) == ([1], ["saving the cursor me"])
    await events.acknowledge()
    await events.aclose()
    await events.aclose()
    assert source.saved == [1, 2]
    with pytest.raises(StopAsyncIteration):
        await anext(events)


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


def test_pauses_double_up_to_five_seconds():
    """0.05 s first; a number of attempts that is too large for a float does no harm."""
    assert [backoff_s(attempt) for attempt in (1, 2, 3, 8, 10_000)] == [0.05, 0.1, 0.2, 5.0, 5.0]
