"""A PostgreSQL that stands still: it holds its connections, the system takes what is sent, and nobody answers."""

import asyncio
import itertools
from contextlib import ExitStack

import psycopg
import pytest

from parley_events import EventStoreError, Query, StoreClosedError, StoreUnavailableError
from parley_events.stores.postgres.connection import Place, connect
from parley_events.stores.postgres.schema import check_readable, migrate
from support.event_stores import Outside, eventually, happened, postgres_store, take
from support.postgres import standing_still

_schemas = itertools.count(1)


@pytest.fixture
def schema():
    return f"frozen_{next(_schemas)}"


async def test_a_server_that_stands_still_is_given_up_and_nothing_is_stored_twice(postgres, schema):
    """What was being stored may be there or not, and that is said; asked for again, it is there once."""
    again = [happened(event_id="same")]
    async with postgres_store(postgres.conninfo, schema, Outside(), patience_s=0.0, answer_s=0.5) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        await store.load(Query())
        with postgres.frozen():
            with pytest.raises(StoreUnavailableError, match=r"Whether the events .* are there is not known: .* once"):
                await store.append("s", "a", again, expected_sequence=1)
            with pytest.raises(StoreUnavailableError, match=r"does not answer \((?!.*not known)"):
                await store.load(Query())
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        assert (await store.append("s", "a", again, expected_sequence=1)).sequence == 2
        assert [event.sequence for event in await store.load(Query())] == [1, 2]


async def test_a_session_that_stands_still_is_left_for_another(postgres, schema):
    """The append is stored by another session, and the late one, when it wakes up, stores nothing."""
    outside = Outside()
    async with postgres_store(postgres.conninfo, schema, outside, answer_s=0.3) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        old = postgres.processes("client backend%")
        with standing_still(*old):
            assert (await store.append("s", "a", [happened()], expected_sequence=1)).position == 2
            assert len(await store.load(Query())) == 2

        async def left():
            return set(old) & set(postgres.processes())

        await eventually(left, set())
        assert [event.event_id for event in await store.load(Query())] == ["id-1", "id-2"]
    assert any("does not answer (it said nothing for 0.3 s)" in str(trouble.error) for trouble in outside.trouble)


async def test_a_subscriber_follows_by_another_session(postgres, schema):
    """The one that listens stands still: that is reported, and what is stored comes all the same.

    So is every other answer that takes as long, on a machine that has much to do.
    """
    outside = Outside()
    conninfo = f"{postgres.conninfo} application_name={schema}"
    theirs = f"client backend {schema} SELECT position%"

    async def following():
        return len(postgres.processes(theirs))

    async with (
        postgres_store(conninfo, schema, outside, answer_s=0.3) as store,
        postgres_store(postgres.conninfo, schema, Outside(prefix="other")) as other,
        store.subscribe() as events,
    ):
        await other.append("s", "a", [happened()], expected_sequence=0)
        await take(events, 1)
        await eventually(following, 2)  # the thread that caught up, and who listens
        with standing_still(*postgres.processes(theirs)):
            await other.append("s", "a", [happened()], expected_sequence=1)
            [event] = await take(events, 1)
    assert event.position == 2
    told = {trouble.what for trouble in outside.trouble if "it said nothing for 0.3 s" in str(trouble.error)}
    assert "following the event store" in told


async def test_who_is_cancelled_is_let_go_by_a_server_that_stands_still(postgres, schema):
    """It takes no request to cancel, either: then the connection is given up beneath who waits."""

    async def works():
        return len(postgres.processes("client backend%pg_sleep%"))

    async with (
        await connect(Place(conninfo=postgres.conninfo, schema=schema)) as connection,
        asyncio.TaskGroup() as group,
    ):
        asking = group.create_task(_lost(connection))
        await eventually(works, 1)
        with postgres.frozen():
            with pytest.raises(psycopg.errors.CancellationTimeout):
                await connection.cancel_safe(timeout=3600)
            assert await asking


async def test_opening_a_store_does_not_wait_for_ever(postgres, schema):
    """To be written or only to be read: the server took the connection, and says nothing of what is there."""
    place = Place(conninfo=postgres.conninfo, schema=schema)
    async with await connect(place) as first, await connect(place) as second:
        with postgres.frozen():
            async with asyncio.timeout(30):
                with pytest.raises(psycopg.OperationalError, match=r"said nothing for 0\.2 s"):
                    await migrate(first, schema, "here", answer_s=0.2)
                with pytest.raises(psycopg.OperationalError, match=r"said nothing for 0\.2 s"):
                    await check_readable(second, "here", answer_s=0.2)


async def test_a_store_on_a_server_that_stands_still_can_be_closed(postgres, schema):
    """Who reads just then is let go."""
    with ExitStack() as frozen:
        async with (
            asyncio.TaskGroup() as group,
            postgres_store(postgres.conninfo, schema, Outside()) as store,
            store.subscribe() as events,
        ):
            await store.append("s", "a", [happened()], expected_sequence=0)
            await take(events, 1)
            await store.load(Query())
            frozen.enter_context(postgres.frozen())
            reading = group.create_task(_error(store.load(Query())))
            await asyncio.sleep(0)
    assert isinstance(reading.result(), StoreClosedError)


async def _lost(connection):
    """Whether what would take an hour ends because its connection does."""
    try:
        await connection.execute("SELECT pg_sleep(3600)")
    except psycopg.OperationalError:
        return True
    return False


async def _error(work):
    try:
        await work
    except EventStoreError as error:
        return error
    return None
