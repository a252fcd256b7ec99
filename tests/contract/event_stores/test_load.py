"""What every store promises of reading."""

from contextlib import aclosing
from datetime import timedelta

import pytest

from parley_events import NewEvent, Query
from support.event_stores import START, happened


async def _fill(store):
    """Six events: positions 1 to 6, a second apart."""
    for stream, aggregate, kind in (
        ("plan", "p1", "Planned"),
        ("plan", "p1", "Done"),
        ("plan", "p2", "Planned"),
        ("thread", "p1", "Said"),
        ("plan", "p1", "Done"),
        ("thread", "t2", "Said"),
    ):
        await store.append(stream, aggregate, [happened(kind)], expected_sequence=None)


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        (Query(), [1, 2, 3, 4, 5, 6]),
        (Query(stream_id="plan"), [1, 2, 3, 5]),
        (Query(stream_id="plan", aggregate_id="p1"), [1, 2, 5]),
        (Query(event_types=("Said",)), [4, 6]),
        (Query(event_types=("Said", "Planned")), [1, 3, 4, 6]),
        (Query(stream_id="plan", event_types=("Done",)), [2, 5]),
        (Query(stream_id="plan", aggregate_id="p1", from_sequence=2), [2, 5]),
        (Query(stream_id="plan", aggregate_id="p1", until_sequence=2), [1, 2]),
        (Query(stream_id="plan", aggregate_id="p1", from_sequence=2, until_sequence=2), [2]),
        (Query(until_sequence=1), [1, 3, 4, 6]),
        (Query(until=START + timedelta(seconds=3)), [1, 2, 3, 4]),
        (Query(stream_id="plan", aggregate_id="p1", until=START + timedelta(seconds=3)), [1, 2]),
        (Query(until=START - timedelta(seconds=1)), []),
        (Query(stream_id="nobody"), []),
        (Query(event_types=("Unheard",)), []),
    ],
)
async def test_a_query_chooses(open_store, query, positions):
    """`load`, `load_all` and `load_from` agree on what a query chooses, in the order of positions."""
    async with open_store() as store:
        await _fill(store)
        loaded = await store.load(query)
        async with aclosing(store.load_all(query)) as events:
            paged = [event async for event in events]
        assert [event.position for event in loaded] == positions
        assert paged == loaded
        if query.until is None:
            assert await store.load_from(0, query) == loaded


async def test_matches_agrees_with_the_database(open_store):
    """`Query.matches`, which live events go through, chooses what the database chooses."""
    queries = [
        Query(),
        Query(stream_id="plan"),
        Query(stream_id="plan", aggregate_id="p1"),
        Query(event_types=("Said", "Done")),
        Query(stream_id="plan", aggregate_id="p1", from_sequence=2, until_sequence=2),
    ]
    async with open_store() as store:
        await _fill(store)
        everything = await store.load(Query())
        for query in queries:
            assert [event for event in everything if query.matches(event)] == await store.load(query)


async def test_a_limit_takes_the_first(open_store):
    """`limit` cuts the end off."""
    async with open_store() as store:
        await _fill(store)
        assert [event.position for event in await store.load(Query(stream_id="plan"), limit=2)] == [1, 2]


async def test_pages_follow_each_other(open_store):
    """`load_from` goes on where it was; at the end there is nothing."""
    async with open_store() as store:
        await _fill(store)
        query = Query(stream_id="plan")
        first = await store.load_from(0, query, limit=3)
        second = await store.load_from(first[-1].position, query, limit=3)
        third = await store.load_from(second[-1].position, query, limit=3)
    assert [[event.position for event in page] for page in (first, second, third)] == [[1, 2, 3], [5], []]


async def test_more_than_a_page_is_read_whole(open_store):
    """`load_all` reads as many pages as there are."""
    async with open_store() as store:
        await store.append("s", "a", [happened(number=number) for number in range(2500)], expected_sequence=0)
        assert [event.data["number"] async for event in store.load_all()] == list(range(2500))


async def test_the_text_of_data_comes_back_as_it_went_in(open_store):
    """Members stay in their order, a float beyond 10^16 stays a float; in a small page as in a large one."""
    data = {"text": "größer 🦜", "b": 1e17, "a": [1.0, {}]}
    async with open_store() as store:
        await store.append("s", "a", [NewEvent(event_type="Happened", data=data)], expected_sequence=0)
        expected = '{"text":"größer 🦜","b":1e+17,"a":[1.0,{}]}'
        for limit in (1, 1000):
            [event] = await store.load_from(0, limit=limit)
            assert event.data_json == expected


async def test_until_a_time_is_a_prefix_even_where_the_clock_went_back(open_store, outside):
    """Events after the first later one are left out, although their own times are earlier."""
    async with open_store() as store:
        for second in (0, 10, 5):
            outside.clock.moment = START + timedelta(seconds=second)
            await store.append("s", "a", [happened(second=second)], expected_sequence=None)
        query = Query(stream_id="s", aggregate_id="a", until=START + timedelta(seconds=6))
        assert [event.data["second"] for event in await store.load(query)] == [0]
        assert [event.data["second"] async for event in store.load_all(query)] == [0]
        query = Query(stream_id="s", aggregate_id="a", until=START + timedelta(seconds=10))
        assert [event.data["second"] for event in await store.load(query)] == [0, 10, 5]
        assert [event.data["second"] async for event in store.load_all(query)] == [0, 10, 5]


async def test_aggregates_are_told_with_the_newest_last(open_store):
    """Each aggregate with its count, times and last position."""
    async with open_store() as store:
        await _fill(store)
        told = [
            (each.stream_id, each.aggregate_id, each.events, each.last_position) for each in await store.aggregates()
        ]
        assert told == [("plan", "p2", 1, 3), ("thread", "p1", 1, 4), ("plan", "p1", 3, 5), ("thread", "t2", 1, 6)]
        [_, plan] = await store.aggregates("plan")
        assert (plan.first_at, plan.last_at) == (START, START + timedelta(seconds=4))


async def test_the_size_is_counted(open_store):
    """`size` counts events, aggregates, blobs and cursors."""
    async with open_store() as store:
        await _fill(store)
        await store.put_blob(b"12345")
        size = await store.size()
        assert (size.events, size.aggregates, size.head, size.blobs, size.blob_bytes) == (6, 4, 6, 1, 5)
        assert await store.check() == ()
