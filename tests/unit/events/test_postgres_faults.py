"""A PostgreSQL store on bad days: too new, unreachable, full, failing inside, and replaced by an older copy."""

import asyncio
import itertools
import logging

import psycopg
import pytest

from parley_events import (
    EVERYTHING,
    Metadata,
    Query,
    StoreBehindError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreTooNewError,
    StoreUnavailableError,
    StoreUnusableError,
)
from parley_events.feed import Feed
from parley_events.stores.postgres.connection import Place, connect, connect_reader, pool_of
from parley_events.stores.postgres.schema import LOCK, MIGRATIONS, migrate
from parley_events.stores.postgres.tail import Notifier, PostgresTail
from support.event_stores import START, Outside, eventually, happened, postgres_store, take

_schemas = itertools.count(1)


@pytest.fixture
def schema():
    return f"bad_{next(_schemas)}"


def run(postgres, schema, *statements):
    """What somebody else does in the database."""
    with psycopg.connect(postgres.conninfo, autocommit=True, options=f"-c search_path={schema}") as connection:
        for statement in statements:
            connection.execute(statement)


async def test_a_newer_store_is_refused_unchanged(postgres, schema):
    """Nothing is written by who does not know what it means."""
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
    run(postgres, schema, "UPDATE store SET version = version + 98")
    with pytest.raises(StoreTooNewError, match=r"newer Parley .*Update Parley; nothing was changed"):
        async with postgres_store(postgres.conninfo, schema, Outside()):
            pass
    run(postgres, schema, "UPDATE store SET version = version - 98")
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        assert len(await store.load(Query())) == 1


async def test_migrations_go_forwards_one_by_one(postgres, schema):
    """A store of version 1 gets what is new; a migration that fails leaves nothing."""
    later = (*MIGRATIONS, "ALTER TABLE cursors ADD COLUMN note text")
    half = (*later, "CREATE TABLE half (a integer); CREATE TABLE half (a integer)")
    async with await connect(Place(conninfo=postgres.conninfo, schema=schema)) as connection:
        await migrate(connection, schema, "here")
        await migrate(connection, schema, "here", later)
        await migrate(connection, schema, "here", later)
        with pytest.raises(psycopg.errors.DuplicateTable):
            await migrate(connection, schema, "here", half)
        found = await connection.execute("SELECT version, to_regclass('half') FROM store")
        assert await found.fetchall() == [(len(later), None)]


async def test_a_newer_parley_that_was_faster_is_noticed(postgres, schema):
    """Both found an older store; the second waits for the lock, and leaves what the newer one made of it."""
    later = (*MIGRATIONS, "ALTER TABLE cursors ADD COLUMN note text")
    place = Place(conninfo=postgres.conninfo, schema=schema)

    async def waiting():
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with psycopg.connect(postgres.conninfo) as other:
            return other.execute(locks).fetchone()

    async with await connect(place) as newer, await connect(place) as older, asyncio.TaskGroup() as group:
        await migrate(newer, schema, "here", MIGRATIONS[:1])
        async with newer.transaction():
            await newer.execute(LOCK)
            too_late = group.create_task(_refused(migrate(older, schema, "here")))
            await eventually(waiting, (1,))
            await migrate(newer, schema, "here", later)
        assert await too_late
        found = await newer.execute("SELECT version FROM store")
        assert await found.fetchone() == (len(later),)


async def _refused(migrating):
    """Whether who migrates is told that the store is of a newer Parley."""
    try:
        await migrating
    except StoreTooNewError:
        return True
    return False


async def test_events_of_the_first_version_are_read(postgres, schema):
    """What a store kept as jsonb is there after the migration to JSON as it is written."""
    async with await connect(Place(conninfo=postgres.conninfo, schema=schema)) as connection:
        await migrate(connection, schema, "here", MIGRATIONS[:1])
        await connection.execute(
            "INSERT INTO events VALUES (1, 's', 'Happened', 'a', 1, 1, '{\"b\": 1, \"a\": 2}', '{}', %s, 'id-1')",
            (START,),
        )
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        [event] = await store.load(Query())
    assert (event.data, event.metadata, event.created_at) == ({"a": 2, "b": 1}, Metadata(), START)


async def test_reading_makes_nothing_in_a_database_of_somebody_else(postgres, schema):
    """No schema, no table: the address may be mistyped."""
    with pytest.raises(StoreMissingError, match=r"There is no event store in 127\.0\.0\.1:\d+/postgres yet"):
        async with postgres_store(postgres.conninfo, schema, Outside(), read_only=True):
            pass
    with psycopg.connect(postgres.conninfo) as connection:
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (schema,)).fetchall() == []


async def test_who_only_reads_is_told_of_a_store_of_another_version(postgres, schema):
    """It is neither brought up to date nor misread."""
    async with postgres_store(postgres.conninfo, schema, Outside()):
        pass
    for change, kind, message in (
        (
            "UPDATE store SET version = version - 1",
            StoreUnusableError,
            r"is of an older Parley .schema 1; this one reads 2",
        ),
        (
            "UPDATE store SET version = version + 2",
            StoreTooNewError,
            r"newer Parley .*Update Parley; nothing was changed",
        ),
    ):
        run(postgres, schema, change)
        with pytest.raises(kind, match=message):
            async with postgres_store(postgres.conninfo, schema, Outside(), read_only=True):
                pass


FAULTS = [
    ("53100", StoreFullError, "no room left .*parley events prune"),
    ("XX000", StoreUnusableError, "an error inside PostgreSQL .*XX000.*PostgreSQL's log"),
    ("58030", StoreUnusableError, "an error inside PostgreSQL .*58030.*PostgreSQL's log"),
    ("XX001", StoreCorruptError, "is damaged .*restore a backup"),
    ("42501", StoreReadOnlyError, "may not be written by this user .*Grant"),
    ("42P01", StoreUnusableError, "Check the address, the user and the database"),
]


@pytest.mark.parametrize(("code", "kind", "message"), FAULTS)
async def test_a_fault_that_does_not_pass_is_told_at_once(postgres, schema, code, kind, message):
    """Nothing of the append is stored, nothing is tried again, and the store goes on when the fault is gone."""
    outside = Outside()
    async with postgres_store(postgres.conninfo, schema, outside) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        raising = f"BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{code}'; END"
        run(
            postgres,
            schema,
            f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$",
            "CREATE TRIGGER fail AFTER INSERT ON events EXECUTE FUNCTION fail()",
        )
        with pytest.raises(kind, match=message) as caught:
            await store.append("s", "a", [happened(), happened()], expected_sequence=1)
        assert type(caught.value) is kind
        assert f"127.0.0.1:{postgres.port}/postgres" in str(caught.value)
        run(postgres, schema, "DROP TRIGGER fail ON events")
        assert (await store.append("s", "a", [happened()], expected_sequence=1)).position == 2
    assert outside.trouble == []


async def test_what_the_driver_refuses_is_told_at_once(postgres, schema):
    """It never reaches the database, so no waiting helps: here a name with a NUL."""
    outside = Outside()
    async with postgres_store(postgres.conninfo, schema, outside) as store:
        with pytest.raises(StoreUnusableError, match=r"cannot be asked this .*NUL.*trying again does not help"):
            await store.cursor("a\0b")
        with pytest.raises(StoreUnusableError, match=r"cannot be asked this .*NUL"):
            await store.load(Query(stream_id="a\0b"))
    assert outside.trouble == []


async def test_a_database_that_is_gone_is_told_and_not_waited_for(postgres, schema):
    """The connections that are left say that they ended; that there can be no new ones says why."""
    run(postgres, schema, "CREATE DATABASE passing")
    conninfo = postgres.conninfo.replace("dbname=postgres", "dbname=passing")
    async with postgres_store(conninfo, schema, Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        run(postgres, schema, "DROP DATABASE passing WITH (FORCE)")
        with pytest.raises(StoreUnusableError, match=r'database "passing" does not exist.*createdb'):
            await store.append("s", "a", [happened()], expected_sequence=1)


@pytest.mark.parametrize("code", ["53300", "57P03", "08006", "40001", "40P01"])
async def test_a_fault_that_passes_is_waited_out(postgres, schema, code):
    """It is reported, and the append is stored once when it has passed."""
    outside = Outside()

    async def reported():
        return bool(outside.trouble)

    async with postgres_store(postgres.conninfo, schema, outside) as store:
        raising = f"BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{code}'; END"
        run(
            postgres,
            schema,
            f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$",
            "CREATE TRIGGER fail AFTER INSERT ON events EXECUTE FUNCTION fail()",
        )
        async with asyncio.TaskGroup() as group:
            appending = group.create_task(store.append("s", "a", [happened()], expected_sequence=0))
            await eventually(reported, expected=True)
            run(postgres, schema, "DROP TRIGGER fail ON events")
        assert appending.result().position == 1
        assert len(await store.load(Query())) == 1
    expected = StoreBusyError if code.startswith("40") else StoreUnavailableError
    assert {type(trouble.error) for trouble in outside.trouble} == {expected}


async def test_an_append_that_is_cancelled_takes_no_others_with_it(postgres, schema):
    """Neither one that is being committed nor one that waits; those that were to share its commit are stored."""
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await store.append("s", "a", [happened("One")], expected_sequence=0)
        with psycopg.connect(postgres.conninfo, options=f"-c search_path={schema}") as other:
            other.execute("LOCK TABLE events IN EXCLUSIVE MODE")
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(store.append("s", "a", [happened(kind)], expected_sequence=None))
                    for kind in ("Two", "Three", "Four", "Five")
                ]
                await eventually(lambda: _waiting_for_a_lock(postgres), expected=True)
                tasks[0].cancel()
                tasks[2].cancel()
                await asyncio.wait([tasks[0], tasks[2]])
                await eventually(lambda: _waiting_for_a_lock(postgres), expected=True)
                other.rollback()
        assert [task.cancelled() for task in tasks] == [True, False, True, False]
        assert [event.event_type for event in await store.load(Query())] == ["One", "Three", "Five"]


async def _waiting_for_a_lock(postgres):
    with psycopg.connect(postgres.conninfo) as connection:
        found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    await asyncio.sleep(0)
    return found[0] > 0


async def test_a_subscriber_goes_on_when_its_connection_is_ended(postgres, schema):
    """The trouble is reported, as the first of its kind each time; what was stored meanwhile comes."""
    outside = Outside()
    first_of_its_kind = ("following the event store", StoreUnavailableError, 1)

    async def reported():
        told = [(trouble.what, type(trouble.error), trouble.attempt) for trouble in outside.trouble]
        return told.count(first_of_its_kind)

    async def from_elsewhere(kind):
        async with postgres_store(postgres.conninfo, schema, Outside(prefix=kind)) as other:
            await other.append("s", "a", [happened(kind)], expected_sequence=None)

    async with (
        postgres_store(postgres.conninfo, schema, outside) as store,
        store.subscribe() as events,
        asyncio.TaskGroup() as group,
    ):
        waiting = group.create_task(take(events, 1))
        await from_elsewhere("One")
        assert [event.event_type for event in await waiting] == ["One"]
        for times, kind in enumerate(("Two", "Three"), start=1):
            waiting = group.create_task(take(events, 1))
            run(
                postgres, schema, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
            await eventually(reported, times)
            await from_elsewhere(kind)
            assert [event.event_type for event in await waiting] == [kind]


async def test_trouble_of_the_tail_that_stays_is_told_ever_more_seldom(postgres):
    """Here a schema without tables: a connection alone is no success to begin anew from."""
    trouble = []

    async def pauses():
        return [each.retry_in_s for each in trouble[:3]]

    async def head():
        return 0

    tail = PostgresTail(Place(conninfo=postgres.conninfo, schema="of_nobody"), trouble.append)
    feed = Feed(head, tail)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(tail.run(feed))
        await feed.join(EVERYTHING)
        await eventually(pauses, [0.05, 0.1, 0.2])
        tail.stop()
        running.cancel()


async def test_every_connection_gives_up_on_a_machine_that_is_gone(postgres, schema):
    """Within half a minute, though nothing says that it is gone, unless the address says otherwise."""
    place = Place(conninfo=f"{postgres.conninfo} keepalives_idle=60", schema=schema)
    reader = await asyncio.to_thread(connect_reader, place, lambda _connection: None)
    async with await connect(place) as one, pool_of(place) as pool, pool.connection() as other:
        known = [each.info.get_parameters() for each in (reader, one, other)]
    reader.close()
    assert [(each["tcp_user_timeout"], each["keepalives_idle"]) for each in known] == [("30000", "60")] * 3


async def test_a_hint_that_cannot_be_sent_is_left_out(postgres, schema, caplog):
    """Polling is the guarantee, so that is no trouble; whoever was told to stop stops."""
    caplog.set_level(logging.DEBUG)
    place = Place(conninfo=postgres.conninfo, schema=schema)
    notifier = Notifier(pool_of(place))  # which nobody has opened
    notifier.notify(1)

    async def said():
        return "no notification was sent" in caplog.text

    async with asyncio.TaskGroup() as group:
        group.create_task(notifier.run())
        await eventually(said, expected=True)
        notifier.stop()
    tail = PostgresTail(place, lambda _trouble: None)
    tail.stop()
    await tail.run(Feed(said, tail))


async def test_a_subscriber_is_told_of_a_store_that_lost_events(postgres, schema):
    """An older copy took the store's place: neither who listened nor who resumes misses events in silence."""
    async with postgres_store(postgres.conninfo, schema, Outside()) as store:
        await store.append("s", "a", [happened() for _ in range(10)], expected_sequence=0)
        async with store.subscribe() as events:
            await take(events, 10)
            run(
                postgres,
                schema,
                "DELETE FROM events WHERE position > 6",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR "
                "(query LIKE 'SELECT position%' AND pid <> pg_backend_pid())",
            )
            with pytest.raises(StoreBehindError, match="ends at position 6, but events up to 10 were seen"):
                await anext(events)
        async with store.subscribe(after=10) as events:
            with pytest.raises(StoreBehindError, match="ends at position 6"):
                await anext(events)
        await store.append("s", "a", [happened(number=7)], expected_sequence=6)
        async with store.subscribe(after=6) as events:
            assert (await anext(events)).data == {"number": 7}
