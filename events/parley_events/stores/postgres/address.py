"""The address of a database: whether it is one, and what of it may be shown.

An address may hold a password, so what cannot be read as one is never shown: a part of the password may stand where
its host or port is looked for.
"""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from parley_events.errors import StoreUnusableError


def place_of(conninfo: str) -> str:
    """The database as a person may be shown it: each host with its port, and the name; neither user nor password.

    Raises:
        StoreUnusableError: it is no address.
    """
    try:
        known = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        raise _unreadable("it cannot be read, or has an option that PostgreSQL does not know") from error
    hosts = str(known.get("host") or "localhost").split(",")
    ports = str(known.get("port") or 5432).split(",")
    if not all(port.isdecimal() for port in ports if port):
        raise _unreadable("its port is not a number")
    if any("@" in host for host in hosts):
        raise _unreadable("it has an @ in its host")
    if len(ports) < len(hosts):  # one port is for all of them
        ports = ports[:1] * len(hosts)
    places = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=False))
    return f"{places}/{known.get('dbname') or ''}"


def _unreadable(why: str) -> StoreUnusableError:
    return StoreUnusableError(
        f"The address of the event store is not one: {why}. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE; in a "
        "user's name or password write / as %2F, @ as %40, : as %3A, ? as %3F and % as %25."
    )
