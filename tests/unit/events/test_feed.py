"""The fan-out in process: what a feed hands out, to whom, and when it refuses."""

import asyncio

import pytest

from parley_events import EVERYTHING, RecordedEvent, StoreClosedError
from parley_events.feed import Feed, NoTail


def _row(position):
    return RecordedEvent(position, "s", "Happened", "a", position, 1, "{}", "{}", 0, f"id-{position}")


def _feed(head=0):
    async def read():
        return head

    return Feed(read, NoTail())


async def test_who_joins_gets_what_comes_after():
    """From the head on, each event once, whether a commit or the tail brings it first."""
    feed = _feed(head=3)
    listener, joined_at = await feed.join(EVERYTHING)
    feed.committed([_row(4)])
    feed.deliver(3, [_row(4), _row(5)])
    assert (joined_at, list(listener.events), feed.position) == (3, [_row(4), _row(5)], 5)
    feed.deliver(5, [_row(6)])
    assert list(listener.events) == [_row(4), _row(5), _row(6)]


async def test_who_joins_later_takes_nothing_from_who_listens():
    """Other processes have stored more, which is on its way to the first; the second begins where that one is."""
    heads = iter([3, 9])

    async def read():
        return next(heads)

    feed = Feed(read, NoTail())
    first, _ = await feed.join(EVERYTHING)
    second, joined_at = await feed.join(EVERYTHING)
    feed.deliver(3, [_row(4), _row(5)])
    assert (joined_at, list(first.events), list(second.events)) == (3, [_row(4), _row(5)], [_row(4), _row(5)])
    for listener in (first, second):
        feed.leave(listener)
    assert (await feed.join(EVERYTHING))[1] == 9


async def test_who_joins_after_a_cut_begins_at_the_head():
    """Which may be lower, where an older copy took the store's place; who was cut hears no more."""
    heads = iter([10, 4])

    async def read():
        return next(heads)

    feed = Feed(read, NoTail())
    first, _ = await feed.join(EVERYTHING)
    feed.cut(StoreClosedError("gone"))
    second, joined_at = await feed.join(EVERYTHING)
    feed.committed([_row(5)])
    assert (str(first.failure), list(first.events)) == ("gone", [])
    assert (second.failure, joined_at, list(second.events)) == (None, 4, [_row(5)])


async def test_a_gap_is_left_to_the_tail():
    """What does not follow at once on what was handed out may have other processes' events before it."""
    feed = _feed(head=3)
    listener, _ = await feed.join(EVERYTHING)
    feed.committed([_row(5)])
    feed.deliver(4, [_row(5)])
    feed.committed([])
    feed.deliver(3, [])
    assert (list(listener.events), feed.position) == ([], 3)


async def test_nobody_joins_a_closed_feed():
    """There will be no new events."""
    feed = _feed()
    feed.close()
    with pytest.raises(StoreClosedError, match="Open it again"):
        await feed.join(EVERYTHING)


async def test_nobody_joins_a_feed_that_closes_meanwhile():
    """It is closed while the store's position is read: who came then would wait for ever."""

    async def closes():
        feed.close()
        return 3

    feed = Feed(closes, NoTail())
    with pytest.raises(StoreClosedError, match="Open it again"):
        await feed.join(EVERYTHING)


async def test_a_listener_that_was_cut_off_takes_no_more():
    """It would otherwise go on with a hole."""
    feed = Feed(_feed()._head, NoTail(), queue_events=2)
    listener, _ = await feed.join(EVERYTHING)
    feed.committed([_row(1), _row(2)])
    feed.committed([_row(3)])
    listener.events.clear()
    feed.committed([_row(4)])
    assert (listener.cut_off, list(listener.events)) == (True, [])


async def test_a_listener_that_is_cut_off_while_it_waits_is_woken():
    """More came at once than its queue holds; there is nothing in it to wait for."""
    feed = Feed(_feed()._head, NoTail(), queue_events=2)
    listener, _ = await feed.join(EVERYTHING)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(listener.ready())
        await asyncio.sleep(0)
        feed.committed([_row(1), _row(2), _row(3)])
    assert (waiting.done(), listener.cut_off, list(listener.events)) == (True, True, [])
