"""Writers that are killed, a database that is restarted: what was acknowledged is there, once, in order.

Each writer appends numbered events from twenty producers at once, each into an aggregate of its own and waiting for
its answer, and says which were acknowledged. It is killed in mid-append, again and again, and begins each time with the
first number that was not acknowledged: with the same event ids, as a caller does who does not know what became of an
append. So each aggregate must hold its producer's numbers, all of them, once, in the producer's order.
"""

import asyncio

import pytest

from parley_events import Query
from parley_events.verify import verified
from support.event_stores import Outside, eventually, happened, postgres_store, sqlite_store
from support.event_writer import PRODUCERS
from support.event_writing import Writer
from support.postgres import end, start_postgres


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    end(server)


def _writers(place, schema, processes, count):
    return [Writer(place, schema, f"w{number}", count) for number in range(processes)]


async def _write_all(writers, kill_after):
    """Let them write at once; each is killed after so many acknowledgements, the one a little later than the other."""
    async with asyncio.TaskGroup() as group:
        for number, writer in enumerate(writers):
            group.create_task(writer.run([limit + 37 * number for limit in kill_after]))
    assert [writer.kills for writer in writers] == [len(kill_after)] * len(writers)


async def _check(store, writers, count):
    """Nothing is lost, doubled or out of order: every producer's aggregate has its numbers; no position is left out."""
    found = await verified(store)
    assert (found.problems, found.notes, found.events) == ([], [], count * len(writers))
    numbers, positions = {}, []
    async for event in store.load_all(Query(stream_id="writers")):
        numbers.setdefault(event.aggregate_id, []).append(event.data["number"])
        positions.append(event.position)
    assert positions == list(range(1, count * len(writers) + 1))
    assert numbers == {
        f"{writer.name}-{producer}": list(range(producer, count, PRODUCERS))
        for writer in writers
        for producer in range(PRODUCERS)
    }
    assert all(writer.acknowledged == set(range(count)) for writer in writers)


@pytest.mark.parametrize(("processes", "count"), [(2, 2_500), (4, 10_000)])
async def test_killed_writers_lose_and_double_nothing_in_sqlite(tmp_path, processes, count):
    """Two and four processes, every one killed three times in mid-append."""
    writers = _writers(str(tmp_path / "events.db"), "", processes, count)
    await _write_all(writers, (count // 20, count // 7, count // 4))
    async with sqlite_store(tmp_path, Outside()) as store:
        await _check(store, writers, count)


async def test_two_killed_writers_lose_and_double_nothing_in_postgres(postgres):
    """Two processes, 2,500 events each, every one killed three times in mid-append."""
    writers = _writers(postgres.conninfo, "two_killed", 2, 2_500)
    await _write_all(writers, (125, 350, 600))
    async with postgres_store(postgres.conninfo, "two_killed", Outside()) as store:
        await _check(store, writers, 2_500)


async def test_four_killed_writers_and_a_restarted_postgres_lose_and_double_nothing(postgres):
    """Four processes, 10,000 events each, killed three times each; the database crashes and is restarted meanwhile."""
    writers = _writers(postgres.conninfo, "killed", 4, 10_000)

    async def restart():
        for reached, mode in ((1_000, "immediate"), (4_000, "fast"), (7_000, "immediate")):
            await eventually(writers[0].has_come_to(reached), expected=True, within_s=240)
            await asyncio.to_thread(postgres.restart, mode)

    async with asyncio.TaskGroup() as group:
        group.create_task(restart())
        group.create_task(_write_all(writers, (500, 1500, 2500)))
    async with postgres_store(postgres.conninfo, "killed", Outside()) as store:
        await _check(store, writers, 10_000)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_postgres_loses_and_doubles_nothing(postgres, mode):
    """The database goes down in mid-append, in order or by a crash: writers wait, go on, and nothing is doubled."""
    schema, count = f"restarted_{mode}", 2000
    writers = _writers(postgres.conninfo, schema, 2, count)

    async def restart():
        for reached in (300, 900):
            await eventually(writers[0].has_come_to(reached), expected=True, within_s=240)
            await asyncio.to_thread(postgres.restart, mode)

    async with asyncio.TaskGroup() as group:
        group.create_task(restart())
        for writer in writers:
            group.create_task(writer.run(()))
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await _check(store, writers, count)


async def test_a_subscriber_survives_a_restart_of_postgres(postgres):
    """It sees each event once, in order, and the trouble is reported.

    The last event is appended after the restart, so that it follows until then however fast the writer was.
    """
    outside, schema = Outside(), "followed"
    async with postgres_store(postgres.conninfo, schema, outside) as reader:
        writer = Writer(postgres.conninfo, schema, "w0", 1000)

        async def follow():
            async with reader.subscribe() as events:
                return [(await anext(events)).position for _ in range(1001)]

        async def restart():
            await eventually(writer.has_come_to(300), expected=True, within_s=240)
            await asyncio.to_thread(postgres.restart, "immediate")

        async with asyncio.TaskGroup() as group:
            followed = group.create_task(follow())
            async with asyncio.TaskGroup() as writing:
                writing.create_task(restart())
                writing.create_task(writer.run(()))
            await reader.append("s", "last", [happened()], expected_sequence=0)
    assert followed.result() == list(range(1, 1002))
    told = {trouble.what for trouble in outside.trouble}
    assert told & {"following the event store", "reading events", "asking the event store"}


async def test_subscribers_in_another_process_see_each_event_once(tmp_path):
    """Two processes write, this one follows, on one SQLite file: each position once, in order, as it is stored."""
    writers = _writers(str(tmp_path / "events.db"), "", 2, 1000)
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
