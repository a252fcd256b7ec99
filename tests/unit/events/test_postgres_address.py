"""Who cannot get in: each wrong address, user, password, database and TLS has a message of its own, and the way out."""

import psycopg
import pytest

from parley_events import StoreUnavailableError, StoreUnusableError
from parley_events.stores.postgres.address import place_of
from parley_events.stores.postgres.connection import Place
from parley_events.stores.postgres.faults import translated
from support.event_stores import Outside, eventually, postgres_store
from support.postgres import end, start_postgres

WHO_MAY = """
host all parley_test,shut 127.0.0.1/32 trust
host all me,few 127.0.0.1/32 scram-sha-256
hostssl all careful 127.0.0.1/32 trust
"""


@pytest.fixture(scope="module")
def postgres():
    server = start_postgres()
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        for statement in (
            "CREATE USER me PASSWORD 'right'",
            "CREATE USER few PASSWORD 'right' CONNECTION LIMIT 0",
            "CREATE USER shut NOLOGIN",
            "CREATE DATABASE closed ALLOW_CONNECTIONS false",
        ):
            connection.execute(statement)
        (server.folder / "data" / "pg_hba.conf").write_text(WHO_MAY)
        connection.execute("SELECT pg_reload_conf()")
    yield server
    end(server)


async def _let_in(server):
    """Wait until the server has read who may come in; somebody unknown is then told of pg_hba.conf."""

    async def said():
        try:
            await psycopg.AsyncConnection.connect(server.conninfo.replace("parley_test", "stranger"))
        except psycopg.OperationalError as error:
            return "no pg_hba.conf entry" in str(error)

    await eventually(said, expected=True)


NOT_LET_IN = [
    ("user=me password=wrong", StoreUnusableError, "this user with this password .*Correct them .*PGPASSWORD"),
    ("user=me", StoreUnusableError, r"asks for a password, and there is none .*\.pgpass"),
    ("user=few password=right", StoreUnavailableError, "no connection left .*max_connections"),
    ("user=shut", StoreUnusableError, "does not know this user, or does not let it in .*createuser"),
    ("user=stranger", StoreUnusableError, "not let this user in from this machine .*pg_hba.conf"),
    ("user=careful sslmode=disable", StoreUnusableError, "no encryption.*try sslmode=require"),
    ("dbname=none", StoreUnusableError, "is not there, or takes no connections .*createdb"),
    ("dbname=closed", StoreUnusableError, "is not there, or takes no connections .*createdb"),
    ("sslmode=require", StoreUnusableError, "offers no TLS .*Have `ssl` switched on"),
    ("sslmode=strange", StoreUnusableError, "cannot be reached by this address .*sslmode.*Correct it"),
    ("port=1", StoreUnavailableError, r"127\.0\.0\.1:1/postgres does not answer .*Check that PostgreSQL runs"),
    ("host=nowhere.invalid", StoreUnavailableError, "whose name is not known .*Check the name"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), NOT_LET_IN)
async def test_who_cannot_get_in_is_told_why(postgres, wrong, kind, message):
    """What is wrong, and what to do about it; never a password."""
    await _let_in(postgres)
    conninfo = psycopg.conninfo.make_conninfo(postgres.conninfo, **psycopg.conninfo.conninfo_to_dict(wrong))
    with pytest.raises(kind, match=message) as caught:
        async with postgres_store(conninfo, "parley", Outside()):
            pass
    assert type(caught.value) is kind
    assert "=wrong" not in str(caught.value)


async def test_a_schema_needs_a_name(postgres):
    """PostgreSQL says so once it is connected; the connection does not stay."""
    with pytest.raises(StoreUnusableError, match=r"cannot be used .*zero-length"):
        async with postgres_store(postgres.conninfo, "", Outside()):
            pass

    async def connections():
        with psycopg.connect(postgres.conninfo) as connection:
            counted = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            return connection.execute(counted).fetchone()

    await eventually(connections, (1,))


SAID_ELSEWHERE = [
    ('FATAL:  role "me" does not exist', StoreUnusableError, "does not know this user"),
    ('root certificate file "/x.crt" does not exist', StoreUnusableError, "sslrootcert"),
    ("SSL error: certificate verify failed", StoreUnusableError, "cannot prove who it is"),
    ('server certificate for "a" does not match host name "b"', StoreUnusableError, "the host that the certificate"),
    ("FATAL:  sorry, too many clients already", StoreUnavailableError, "no connection left"),
    ("FATAL:  the database system is starting up", StoreUnavailableError, "does not answer .*starting up"),
    ("session is read-only", StoreUnavailableError, r"is it a standby\? Name the primary"),
    ("", StoreUnavailableError, "does not answer"),
]


@pytest.mark.parametrize(("said", "kind", "message"), SAID_ELSEWHERE)
def test_what_other_servers_say_has_a_meaning(said, kind, message):
    """By what is said of any host, of several that were tried; such errors carry no code."""
    tried = psycopg.OperationalError(f'connection failed:\n- "one": connection to server at "one" failed: {said}')
    told = translated(tried, "one:1,two:2/d")
    assert type(told) is kind
    with pytest.raises(kind, match=message):
        raise told


@pytest.mark.parametrize(
    ("conninfo", "place"),
    [
        ("host=one port=1 user=me password=secret dbname=d", "one:1/d"),
        ("host=one,two port=1,2 dbname=d", "one:1,two:2/d"),
        ("host=one,two port=1 dbname=d", "one:1,two:1/d"),
        ("postgresql://me:secret@one,two:2/d", "one:5432,two:2/d"),
        ("", "localhost:5432/"),
    ],
)
def test_a_place_shows_every_host_and_no_password(conninfo, place):
    """Each host with its own port, as in an address."""
    assert place_of(conninfo) == place
    assert "secret" not in repr(Place(conninfo=conninfo, schema="s"))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://me:se/cret@host/d", "its port is not a number"),
        ("postgresql://me:se@cret@host/d", "it has an @ in its host"),
        ("postgresql://me:secret@host/d?color=red", "an option that PostgreSQL does not know"),
        ("postgresql://me:se%cret@host/d", "it cannot be read"),
    ],
)
async def test_an_address_that_is_none_is_not_shown(address, message):
    """A part of the password may stand where the host or the port is looked for; how to write one is told."""
    with pytest.raises(StoreUnusableError, match=f"{message}.*write / as %2F") as caught:
        async with postgres_store(address, "parley", Outside()):
            pass
    assert "cret" not in str(caught.value)
