"""A store that is not there yet, opened by several processes at the same instant."""

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from parley_events.stores.postgres.schema import MIGRATIONS
from parley_events.verify import verified
from support import event_opener
from support.editor import PARLEY, environment
from support.event_stores import Outside, postgres_store, sqlite_store
from support.postgres import end, start_postgres

TESTS = str(Path(event_opener.__file__).parents[1])
PROCESSES = 6
STORES = 12


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    end(server)


@asynccontextmanager
async def openers():
    """Processes that have imported everything, and wait to be told what to open."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, event_opener.__file__, f"opener{number}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": TESTS},
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert await process.stdout.readline() == b"ready\n"
    yield processes
    for process in processes:
        process.stdin.close()
        assert await process.wait() == 0


async def together(processes, place):
    """Tell all of them at once; what each answered, in order."""
    for process in processes:
        process.stdin.write(f"{place}\n".encode())
    return sorted([(await process.stdout.readline()).decode().strip() for process in processes])


EACH_ONCE = [str(position) for position in range(1, PROCESSES + 1)]


async def test_processes_that_make_one_sqlite_store_all_succeed(tmp_path):
    """Each opens the new file and stores its event; there is one schema, and it is whole."""
    async with openers() as processes:
        for number in range(STORES):
            folder = tmp_path / f"new-{number}"
            assert await together(processes, folder / "events.db") == EACH_ONCE
            async with sqlite_store(folder, Outside()) as store:
                found = await verified(store)
            assert (found.events, found.aggregates, found.problems, found.notes) == (PROCESSES, PROCESSES, [], [])


async def test_processes_that_make_one_postgres_store_all_succeed(postgres):
    """Each makes the schema or finds it made, and stores its event; every migration was run once."""
    async with openers() as processes:
        for number in range(STORES):
            assert await together(processes, f"{postgres.conninfo}\tnew_{number}") == EACH_ONCE
            async with postgres_store(postgres.conninfo, f"new_{number}", Outside()) as store:
                found = await verified(store)
            assert (found.events, found.aggregates, found.problems, found.notes) == (PROCESSES, PROCESSES, [], [])
            with psycopg.connect(postgres.conninfo, options=f"-c search_path=new_{number}") as connection:
                assert connection.execute("SELECT version FROM store").fetchall() == [(len(MIGRATIONS),)]


ASKING = ["list", "stats", "verify", "export", "tail", "show s/a", "fork s/a b --at 1", "prune --older-than 1d --yes"]


@pytest.mark.parametrize("command", ASKING)
def test_a_mistyped_database_is_told_and_left_as_it_is(postgres, tmp_path, command):
    """Whatever needs a store that is there makes nothing in the database of somebody else, nor a file."""
    database = f"postgresql://parley_test@127.0.0.1:{postgres.port}/postgres"
    for place, named in ((database, f"127.0.0.1:{postgres.port}/postgres"), ("none.db", str(tmp_path / "none.db"))):
        if command == "tail" and place == "none.db":
            continue  # which waits for the first event
        done = subprocess.run(
            [PARLEY, "events", *command.split(), "--store", place],
            env=environment(tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = " ".join(done.stderr.replace("│", " ").split()) + done.stdout
        assert f"There is no event store {'in' if place == database else 'at'} {named} yet" in said, said
    with psycopg.connect(postgres.conninfo) as connection:
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'parley'").fetchall() == []
    assert not (tmp_path / "none.db").exists()
