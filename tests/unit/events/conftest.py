"""A PostgreSQL server of its own for each module that asks for one, since some of them break it."""

import pytest

from support.postgres import end, start_postgres


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    yield server
    end(server)
