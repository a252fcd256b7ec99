"""A PostgreSQL that dies for good, and the standby that takes its place: two real servers, one following the other."""

import asyncio

import pytest

from parley_events import Query, StoreMissingError, StoreUnavailableError
from parley_events.verify import verified
from support.event_stores import Outside, eventually, happened, postgres_store, take
from support.event_writing import Writer
from support.postgres import end, start_postgres, start_standby

EVENTS = 2000


@pytest.fixture
def pair():
    """A primary, and a standby without which nothing is acknowledged."""
    primary = start_postgres()
    standby = start_standby(primary)
    primary.stop("fast")
    primary.settings = ("synchronous_standby_names=standby",)
    primary.start()
    yield primary, standby
    end(standby)
    end(primary)


def either(primary, standby):
    """What reaches whichever of the two takes writes."""
    ports = f"{primary.port},{standby.port}"
    return f"host=127.0.0.1,127.0.0.1 port={ports} user=parley_test dbname=postgres target_session_attrs=read-write"


async def test_a_failover_to_a_synchronous_standby_loses_and_doubles_nothing(pair):
    """The primary crashes in mid-append and never returns: writers and a subscriber go on at the promoted standby."""
    primary, standby = pair
    place, outside = either(primary, standby), Outside()
    writers = [Writer(place, "failed_over", f"w{number}", EVENTS) for number in range(2)]

    async def fail_over():
        await eventually(writers[0].has_come_to(400), expected=True, within_s=240)
        await asyncio.to_thread(primary.stop, "immediate")
        await asyncio.to_thread(standby.promote)

    async with postgres_store(place, "failed_over", outside) as store:

        async def follow():
            async with store.subscribe() as events:
                return [(await anext(events)).position for _ in range(2 * EVENTS)]

        async with asyncio.TaskGroup() as group:
            followed = group.create_task(follow())
            group.create_task(fail_over())
            for writer in writers:
                group.create_task(writer.run(()))
        assert followed.result() == list(range(1, 2 * EVENTS + 1))
        found = await verified(store)
        assert (found.problems, found.notes, found.events) == ([], [], 2 * EVENTS)
        for writer in writers:
            assert writer.acknowledged == set(range(EVENTS))
            assert await _numbers(store, writer.name) == list(range(EVENTS))
    assert {type(trouble.error) for trouble in outside.trouble} == {StoreUnavailableError}


async def test_a_standby_is_told_from_its_primary(pair):
    """Asked alone it can be read, takes no writes, and says how to name the one that does."""
    primary, standby = pair
    async with postgres_store(primary.conninfo, "told", Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)

    async with postgres_store(standby.conninfo, "told", Outside(), patience_s=0.0) as store:

        async def kinds():
            return [event.event_type for event in await store.load(Query())]

        await eventually(kinds, ["Happened"])
        with pytest.raises(StoreUnavailableError, match=r"is it a standby\? .*target_session_attrs=read-write"):
            await store.append("s", "a", [happened()], expected_sequence=1)


async def test_a_standby_can_be_read_and_followed(pair):
    """What the primary stores comes, though a standby notifies nobody."""
    primary, standby = pair
    async with postgres_store(primary.conninfo, "read", Outside()) as store:
        await store.append("s", "a", [happened("One")], expected_sequence=0)

        async def is_there():
            try:
                async with postgres_store(standby.conninfo, "read", Outside(), read_only=True) as reader:
                    return await reader.head()
            except StoreMissingError:
                return 0

        await eventually(is_there, 1)
        outside = Outside()
        async with (
            postgres_store(standby.conninfo, "read", outside, read_only=True) as reader,
            reader.subscribe() as events,
        ):
            await take(events, 1)
            await store.append("s", "a", [happened("Two")], expected_sequence=1)
            assert [event.event_type for event in await take(events, 1)] == ["Two"]
    assert outside.trouble == []


async def _numbers(store, name):
    events = [event async for event in store.load_all(Query(stream_id="writers"))]
    return sorted(event.data["number"] for event in events if event.aggregate_id.startswith(f"{name}-"))
