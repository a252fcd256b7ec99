"""What every store promises of subscriptions and cursors."""

import asyncio

import pytest

from parley_events import Cursor, EventStoreError, Query, SlowSubscriberError, StoreClosedError
from support.event_stores import eventually, happened, take, take_all


async def _append(store, *kinds, aggregate="a"):
    for kind in kinds:
        await store.append("s", aggregate, [happened(kind)], expected_sequence=None)


async def test_stored_events_come_first_and_live_ones_follow(open_store):
    """Catching up and following live is one sequence without a seam."""
    async with open_store() as store:
        await _append(store, "One", "Two")
        async with store.subscribe() as events:
            caught_up = await take(events, 2)
            await _append(store, "Three")
            live = await take(events, 1)
    assert [event.event_type for event in caught_up + live] == ["One", "Two", "Three"]


async def test_nothing_is_missed_or_doubled_while_others_append(open_store):
    """With appends all along, a subscriber that starts in the middle sees each position once, in order."""
    async with open_store() as store:

        async def produce():
            for _ in range(60):
                await store.append("s", "a", [happened() for _ in range(5)], expected_sequence=None)

        async def consume(after):
            async with store.subscribe(after=after) as events:
                return [event.position for event in await take(events, 300 - after)]

        async with asyncio.TaskGroup() as group:
            early = group.create_task(consume(0))
            group.create_task(produce())
            await _until_head(store, 100)
            late = group.create_task(consume(50))
    assert early.result() == list(range(1, 301))
    assert late.result() == list(range(51, 301))


async def _until_head(store, head):
    async with store.subscribe() as events:
        async for event in events:
            if event.position >= head:
                return


async def test_a_query_filters_stored_and_live_events_alike(open_store):
    """What does not match is not delivered, and does not stop what does."""
    async with open_store() as store:
        await _append(store, "No", "Yes", "No")
        async with store.subscribe(Query(event_types=("Yes",))) as events:
            stored = await take(events, 1)
            await _append(store, "No", "Yes", "No", "Yes")
            live = await take(events, 2)
    assert [event.position for event in stored + live] == [2, 5, 7]


async def test_every_subscriber_gets_every_event(open_store):
    """Fan-out: a later subscriber to the same query misses no history, and none takes from another."""
    async with open_store() as store:
        await _append(store, "One")
        async with store.subscribe() as first, store.subscribe() as second:
            await take(first, 1)
            await _append(store, "Two")
            assert [event.event_type for event in await take(second, 2)] == ["One", "Two"]
            assert [event.event_type for event in await take(first, 1)] == ["Two"]


async def test_a_named_cursor_resumes_after_what_was_dealt_with(open_store):
    """Asking for the next event says that the one before was dealt with; the last one given comes again."""
    async with open_store() as store:
        await _append(store, "One", "Two", "Three")
        async with store.subscribe(name="worker") as events:
            await take(events, 2)
        assert await store.cursor("worker") == 1
        async with store.subscribe(name="worker") as events:
            assert [event.event_type for event in await take(events, 2)] == ["Two", "Three"]
            await events.acknowledge()
        assert await store.cursor("worker") == 3


async def test_a_subscriber_begins_where_is_further_of_its_cursor_and_what_it_asks_for(open_store):
    """It never gets what it has dealt with, nor what it does not want."""
    async with open_store() as store:
        await _append(store, "One", "Two", "Three")
        for saved, after, expected in ((1, 0, 2), (1, 2, 3), (2, 1, 3)):
            await store.save_cursor(Cursor(name="worker", position=saved))
            async with store.subscribe(name="worker", after=after) as events:
                assert (await anext(events)).position == expected


async def test_a_named_cursor_is_saved_while_its_subscriber_rests(open_store):
    """A subscriber that waits for news need not be closed for its cursor to be durable."""
    async with open_store() as store:
        await _append(store, "One")

        async def follow():
            async with store.subscribe(name="resting") as events:
                await take(events, 2)

        async with asyncio.TaskGroup() as group:
            resting = group.create_task(follow())
            await eventually(lambda: store.cursor("resting"), 1)
            await _append(store, "Two")
            await resting


async def test_a_long_run_saves_its_cursor_on_the_way(open_store):
    """A crash in the middle costs a few events again, not all of them."""
    async with open_store() as store:
        await store.append("s", "a", [happened() for _ in range(250)], expected_sequence=0)
        events = store.subscribe(name="long")
        await take(events, 250)
        assert await store.cursor("long") >= 100
        await events.aclose()
        assert await store.cursor("long") == 249


async def test_cursors_never_go_back(open_store):
    """An older position does not overwrite a newer one; a dropped cursor is gone."""
    async with open_store() as store:
        await store.save_cursor(Cursor(name="c", position=5))
        await store.save_cursor(Cursor(name="c", position=3))
        assert await store.cursor("c") == 5
        assert (await store.size()).cursors == (Cursor(name="c", position=5),)
        await store.drop_cursor("c")
        assert await store.cursor("c") == 0


async def test_a_slow_subscriber_is_cut_off_and_can_resume(open_store):
    """What was queued comes first, then an error with the position; from there nothing is missed."""
    async with open_store(queue_events=10) as store:
        seen = []
        async with store.subscribe() as events:
            await _append(store, "Start")
            seen += await take(events, 1)
            await _append(store, "Live")
            seen += await take(events, 1)
            await store.append("s", "a", [happened() for _ in range(8)], expected_sequence=None)
            await store.append("s", "a", [happened() for _ in range(8)], expected_sequence=None)
            with pytest.raises(SlowSubscriberError, match="subscribe again after position") as caught:
                await take_all(events, seen)
        assert caught.value.position == seen[-1].position < 18
        async with store.subscribe(after=caught.value.position) as events:
            seen += await take(events, 18 - caught.value.position)
    assert [event.position for event in seen] == list(range(1, 19))


async def test_a_slow_subscriber_does_not_hold_up_a_fast_one(open_store):
    """Queues are each subscriber's own."""
    async with open_store(queue_events=10) as store, store.subscribe() as slow, store.subscribe() as fast:
        await _append(store, "Start")
        await take(slow, 1)
        await take(fast, 1)
        for _ in range(30):
            await _append(store, "Live")
            await take(fast, 1)
        assert fast.position == 31


async def test_closing_the_store_ends_its_subscriptions(open_store):
    """A waiting subscriber is told, not left waiting."""
    async with open_store() as store:
        await _append(store, "One")
        events = store.subscribe()
        await take(events, 1)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_ends(events))
            await asyncio.sleep(0)
            await store.__aexit__(None, None, None)
        assert isinstance(waiting.result(), StoreClosedError)
        await events.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def _ends(events):
    try:
        await anext(events)
    except EventStoreError as error:
        return error


async def test_a_subscription_has_no_end(open_store):
    """A query with an end is refused: nobody would be told that it was reached."""
    async with open_store() as store:
        with pytest.raises(ValueError, match="no end"):
            store.subscribe(Query(until_sequence=3))


async def test_a_subscription_that_is_cancelled_leaves_the_others(open_store):
    """Cancelling one task that waits for an event ends its subscription alone."""
    async with open_store() as store, store.subscribe() as other:
        await _append(store, "One")
        await take(other, 1)

        async def wait_for_ever():
            async with store.subscribe(after=1) as events:
                await anext(events)

        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(wait_for_ever())
            await asyncio.sleep(0.05)
            waiting.cancel()
        await _append(store, "Two")
        assert [event.event_type for event in await take(other, 1)] == ["Two"]
