"""A PostgreSQL store on bad days: too new, unreachable, full, failing inside, and replaced by an older copy."""

import asyncio
import itertools

import psycopg
import pytest

from parley_events import (
    Query,
    StoreBehindError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreTooNewError,
    StoreUnavailableError,
    StoreUnusableError,
)
from parley_events.stores.postgres.connection import Place, connect
from parley_events.stores.postgres.schema import MIGRATIONS, migrate
from support.event_stores import Outside, eventually, happened, postgres_store, take
from support.postgres import end, start_postgres

_schemas = itertools.count(1)


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    end(server)


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
        assert await found.fetchall() == [(2, None)]


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
