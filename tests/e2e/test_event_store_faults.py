"""Writers that are killed, a database that is restarted: what was acknowledged is there, once, in order.

Each writer appends numbered events from twenty producers at once and says which were acknowledged. It is killed in
mid-append, again and again, and begins each time with the first number that was not acknowledged: with the same event
ids, as a caller does who does not know what became of an append.
"""

import asyncio

import pytest

from parley_events import Query
from parley_events.verify import verified
from support.event_stores import Outside, eventually, postgres_store, sqlite_store
from support.event_writing import Writer
from support.postgres import end, start_postgres

EVENTS = 10_000
WRITERS = 4


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    end(server)


async def _all_written(place, schema, writers, kill_after):
    async with asyncio.TaskGroup() as group:
        for number, writer in enumerate(writers):
            group.create_task(writer.run([limit + 37 * number for limit in kill_after]))
    assert all(writer.kills == len(kill_after) for writer in writers)


async def _check(store, writers, count):
    """Every number of every writer is there once; neither sequences nor positions have gaps."""
    found = await verified(store)
    assert (found.problems, found.notes, found.events) == ([], [], count * len(writers))
    numbers = {writer.name: [] for writer in writers}
    positions = []
    async for event in store.load_all(Query(stream_id="writers")):
        numbers[event.aggregate_id.partition("-")[0]].append(event.data["number"])
        positions.append(event.position)
    assert positions == list(range(1, count * len(writers) + 1))
    for writer in writers:
        assert writer.acknowledged == set(range(count))
        assert sorted(numbers[writer.name]) == list(range(count))


async def test_killed_writers_lose_and_double_nothing_in_sqlite(tmp_path):
    """Four processes, 10,000 events each, every one killed three times in mid-append."""
    writers = [Writer(str(tmp_path / "events.db"), "", f"w{number}", EVENTS) for number in range(WRITERS)]
    await _all_written(tmp_path, "", writers, (500, 1500, 2500))
    async with sqlite_store(tmp_path, Outside()) as store:
        await _check(store, writers, EVENTS)


async def test_killed_writers_lose_and_double_nothing_in_postgres(postgres):
    """Four processes, 10,000 events each, every one killed three times in mid-append."""
    schema = "killed"
    writers = [Writer(postgres.conninfo, schema, f"w{number}", EVENTS) for number in range(WRITERS)]
    await _all_written(postgres.conninfo, schema, writers, (500, 1500, 2500))
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await _check(store, writers, EVENTS)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgres_loses_and_doubles_nothing(postgres, mode):
    """The database goes down in mid-append, in order or by a crash: writers wait, go on, and nothing is doubled."""
    schema, count = f"restarted_{mode}", 2000
    writers = [Writer(postgres.conninfo, schema, f"w{number}", count) for number in range(2)]

    async def restart():
        for reached in (300, 900):
            await eventually(writers[0].has_come_to(reached), expected=True)
            await asyncio.to_thread(postgres.restart, mode)

    async with asyncio.TaskGroup() as group:
        group.create_task(restart())
        for writer in writers:
            group.create_task(writer.run(()))
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await _check(store, writers, count)


async def test_a_subscriber_survives_a_restart_of_postgres(postgres):
    """It sees each event once, in order, and the trouble is reported."""
    outside, schema = Outside(), "followed"
    async with postgres_store(postgres.conninfo, schema, outside) as reader:
        writer = Writer(postgres.conninfo, schema, "w0", 1000)

        async def follow():
            async with reader.subscribe() as events:
                return [(await anext(events)).position for _ in range(1000)]

        async def restart():
            await eventually(writer.has_come_to(300), expected=True)
            await asyncio.to_thread(postgres.restart, "immediate")

        async with asyncio.TaskGroup() as group:
            followed = group.create_task(follow())
            group.create_task(restart())
            group.create_task(writer.run(()))
    assert followed.result() == list(range(1, 1001))
    assert "following the event store" in {trouble.what for trouble in outside.trouble}


async def test_subscribers_in_another_process_see_each_event_once(tmp_path):
    """Two processes write, this one follows, on one SQLite file: each position once, in order, as it is stored."""
    writers = [Writer(str(tmp_path / "events.db"), "", f"w{number}", 1000) for number in range(2)]
    async with sqlite_store(tmp_path, Outside()) as store:

        async def follow():
            async with store.subscribe() as events:
                return [(await anext(events)).position for _ in range(2000)]

        async with asyncio.TaskGroup() as group:
            followed = group.create_task(follow())
            for writer in writers:
                group.create_task(writer.run((200,)))
        assert followed.result() == list(range(1, 2001))
        await _check(store, writers, 1000)
