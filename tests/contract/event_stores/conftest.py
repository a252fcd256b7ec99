"""Every test of this folder runs on every store: `open_store()` is `async with`-able and makes a new, empty one."""

import itertools

import pytest

from support.event_stores import Outside, memory_store, postgres_store, sqlite_store
from support.postgres import end, start_postgres

_schemas = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    server = start_postgres()
    yield server
    end(server)


@pytest.fixture
def outside():
    return Outside()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_store(request, tmp_path, outside):
    return _opener(request, tmp_path, outside)


@pytest.fixture(params=["sqlite", "postgres"])
def open_kept(request, tmp_path, outside):
    """The same for stores that are there again when they are opened again."""
    return _opener(request, tmp_path, outside)


def _opener(request, tmp_path, outside):
    number = next(_schemas)

    def opened(**options):
        taken = options.pop("outside", outside)
        match request.param:
            case "memory":
                return memory_store(tmp_path, taken, **options)
            case "sqlite":
                return sqlite_store(tmp_path, taken, **options)
            case "postgres":
                server = request.getfixturevalue("postgres")
                return postgres_store(server.conninfo, f"parley_{number}", taken, **options)

    return opened
