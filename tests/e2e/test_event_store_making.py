"""A store that is not there yet, opened by several processes at the same instant."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from parley_events.stores.postgres.schema import MIGRATIONS
from parley_events.verify import verified
from support import event_opener
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
