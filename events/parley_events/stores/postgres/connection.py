"""How the database is reached: bounded waits, one schema, and errors in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import TextBinaryLoader
from psycopg_pool import AsyncConnectionPool

from parley_events.stores.postgres.address import place_of
from parley_events.stores.postgres.bounds import bounded, cut_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection, Connection

CONNECT_S = 10
CANCEL_S = 1.0
POOL_CONNECTIONS = 4
# A machine that is gone does not say so. The system asks one that is silent whether it is still there, and gives up on
# one that does not confirm what was sent to it (in milliseconds), which by itself takes it a quarter of an hour.
GIVE_UP = {
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which database, which schema in it, and what for. `conninfo` may hold a password, so it is never shown."""

    conninfo: str
    schema: str
    read_only: bool = False

    def __repr__(self) -> str:
        return f"Place(schema={self.schema!r})"

    def __str__(self) -> str:
        return place_of(self.conninfo)


class YieldingConnection(psycopg.AsyncConnection[TupleRow]):
    """A connection that lets go of who is cancelled, also where the server stands still."""

    async def cancel_safe(self, *, timeout: float = CANCEL_S) -> None:  # noqa: ASYNC109 - the signature is the driver's
        """Ask the server to end what it does; if it takes not even that, give the connection up.

        The driver does this for who is cancelled while the server works, and would wait ten seconds.
        """
        try:
            await super().cancel_safe(timeout=min(timeout, CANCEL_S))
        except psycopg.Error:
            cut_off(self)
            raise


async def connect(place: Place) -> AsyncConnection:
    """A connection of its own, which commits each statement.

    Raises:
        psycopg.Error: there is none.
    """
    connection = await YieldingConnection.connect(autocommit=True, **_parameters(place))
    try:
        await _prepare(connection, place)
    except BaseException:
        await connection.close()
        raise
    return connection


def pool_of(place: Place) -> AsyncConnectionPool:
    """A pool of such connections, not open yet."""

    async def configure(connection: AsyncConnection) -> None:
        await _prepare(connection, place)

    return AsyncConnectionPool(
        min_size=1,
        max_size=POOL_CONNECTIONS,
        open=False,
        connection_class=YieldingConnection,
        configure=configure,
        kwargs={"autocommit": True, **_parameters(place)},
        timeout=CONNECT_S,
        name="parley-events",
    )


def connect_reader(place: Place, begun: Callable[[Connection], None]) -> Connection:
    """A connection for a thread that reads; `begun` is told of it before anything is asked on it.

    Raises:
        psycopg.Error: there is none.
    """
    connection = psycopg.Connection.connect(autocommit=True, **_parameters(place))
    try:
        begun(connection)
        _read_as_stored(connection)
        connection.execute(_settings(place))
    except BaseException:
        connection.close()
        raise
    return connection


async def _prepare(connection: AsyncConnection, place: Place) -> None:
    """Set what every connection of the store needs: its schema, and bounds on waiting for others."""
    _read_as_stored(connection)
    with bounded(connection, CONNECT_S):
        await connection.execute(_settings(place))


def _parameters(place: Place) -> dict[str, Any]:
    """What the address says, with bounds on waiting; it may say other ones for a machine that is gone."""
    return {**GIVE_UP, **conninfo_to_dict(place.conninfo), "connect_timeout": CONNECT_S}


def _read_as_stored(connection: AsyncConnection | Connection) -> None:
    """Take what is read in binary form undecoded: JSON as its text, times as microseconds since 2000.

    Events are read in that form, their times moved by the 30 years since 1970; a `datetime` of each would cost as much
    as the rest of the row.
    """
    connection.adapters.register_loader("json", TextBinaryLoader)
    connection.adapters.register_loader("timestamptz", Int8BinaryLoader)


def _settings(place: Place) -> sql.Composed:
    text = (
        "SET search_path TO {}; SET lock_timeout TO '5s'; SET idle_in_transaction_session_timeout TO '30s'; "
        "SET default_transaction_read_only TO {}"
    )
    return sql.SQL(text).format(sql.Identifier(place.schema), sql.Literal("on" if place.read_only else "off"))
