"""Every test of this folder runs on every store: `open_store()` is `async with`-able and makes a new, empty one."""

import pytest

from support.event_stores import Outside, memory_store, sqlite_store

STORES = {"memory": memory_store, "sqlite": sqlite_store}


@pytest.fixture
def outside():
    return Outside()


@pytest.fixture(params=STORES)
def open_store(request, tmp_path, outside):
    def opened(**options):
        return STORES[request.param](tmp_path, options.pop("outside", outside), **options)

    return opened
