"""What PostgreSQL's errors mean for a person, and which of them pass by themselves."""

from __future__ import annotations

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from parley_events.errors import (
    EventStoreError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    StoreUnusableError,
)

# Class 28: who we are; 3D, 3F: the database or schema is not there; 42: what we may do, and what there is.
_PERSON_MUST_ACT = ("28", "3D", "3F", "42")
# Class 08: the connection; 25: the state of its transaction; 53: connections or memory are used up; 57: shut down.
_PASSES = ("08", "25", "53", "57")

_KNOWN: tuple[tuple[tuple[type[psycopg.Error], ...], type[EventStoreError], str], ...] = (
    (
        (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected, errors.SerializationFailure),
        StoreBusyError,
        "is locked by another process ({said}). Nothing was stored. Look for a long transaction in pg_stat_activity.",
    ),
    (
        (errors.DiskFull,),
        StoreFullError,
        "has no room left ({said}). What was stored before is safe. Make room, as with `parley events prune`.",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        StoreUnavailableError,
        "takes no writes ({said}): is it a standby? Name the primary, or add target_session_attrs=read-write.",
    ),
    (
        (errors.InsufficientPrivilege,),
        StoreReadOnlyError,
        "may not be written by this user ({said}). Grant what is missing, or name another user.",
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted),
        StoreCorruptError,
        "is damaged ({said}). Save what can be read with `parley events export`, and restore a backup.",
    ),
)


def translated(error: psycopg.Error, place: str) -> EventStoreError:
    """The event store's error for one of PostgreSQL's. `place` names the database, without a password."""
    said = str(error).strip().split("\n")[0]
    for types, meaning, text in _KNOWN:
        if isinstance(error, types):
            return meaning(f"The event store {place} {text.format(said=said)}")
    code = error.sqlstate or ""
    if code.startswith(_PERSON_MUST_ACT):
        return StoreUnusableError(
            f"The event store {place} cannot be used ({said}). Check the address, the user and the database."
        )
    if code and not code.startswith(_PASSES):
        return StoreUnusableError(
            f"The event store {place} met an error inside PostgreSQL ({said}; code {code}). Nothing of this was "
            "stored. Look into PostgreSQL's log before you try again."
        )
    return StoreUnavailableError(
        f"The event store {place} does not answer ({said}). Check that PostgreSQL runs and can be reached."
    )


def place_of(conninfo: str) -> str:
    """The database as a person may be shown it: each host with its port, and the name; neither user nor password."""
    known = conninfo_to_dict(conninfo)
    hosts = str(known.get("host") or "localhost").split(",")
    ports = str(known.get("port") or 5432).split(",")
    if len(ports) < len(hosts):  # one port is for all of them
        ports = ports[:1] * len(hosts)
    places = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=False))
    return f"{places}/{known.get('dbname') or ''}"
