"""What PostgreSQL's errors mean for a person, and which of them pass by themselves."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed

from parley_events.errors import (
    EventStoreError,
    StoreBusyError,
    StoreClosedError,
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
        (
            "has no room left ({said}). What was stored before is safe. Make some room on the server's disk, which "
            "removing needs, too; then `parley events prune` lets more be stored."
        ),
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
        (errors.DatabaseDropped,),
        StoreUnusableError,
        "was removed while it was open ({said}). Restore a backup, or name another database.",
    ),
    (
        (PoolClosed,),
        StoreClosedError,
        "was closed while it was asked ({said}).",
    ),
    (
        (errors.DataCorrupted, errors.IndexCorrupted),
        StoreCorruptError,
        "is damaged ({said}). Save what can be read with `parley events export`, and restore a backup.",
    ),
)

# What is said when no connection comes about; such errors carry no code. The first that fits counts.
_NOT_CONNECTED: tuple[tuple[str, type[EventStoreError], str], ...] = (
    (
        "password authentication failed",
        StoreUnusableError,
        (
            "does not take this user with this password ({said}). Correct them in the address or in PGUSER, PGPASSWORD "
            "and ~/.pgpass."
        ),
    ),
    (
        "no password supplied",
        StoreUnusableError,
        "asks for a password, and there is none ({said}). Put it into ~/.pgpass or PGPASSWORD, or into the address.",
    ),
    (
        'role ".*" (does not exist|is not permitted)',
        StoreUnusableError,
        (
            "does not know this user, or does not let it in ({said}). Name another user, or have it made by "
            "`createuser --login`."
        ),
    ),
    (
        'database ".*" (does not exist|is not currently)',
        StoreUnusableError,
        "is not there, or takes no connections ({said}). Name another database, or have it made by `createdb`.",
    ),
    (
        "no pg_hba.conf entry|pg_hba.conf rejects",
        StoreUnusableError,
        (
            "does not let this user in from this machine ({said}). If it says `no encryption`, try sslmode=require; "
            "else have a line for this user, database and machine added to the server's pg_hba.conf."
        ),
    ),
    (
        "does not support SSL",
        StoreUnusableError,
        (
            "offers no TLS ({said}). Have `ssl` switched on at the server; only on a network that you trust, take "
            "sslmode out of the address instead."
        ),
    ),
    (
        "certificate",
        StoreUnusableError,
        (
            "cannot prove who it is ({said}). Name the file of the authority that signed its certificate as "
            "sslrootcert, and in the address the host that the certificate names."
        ),
    ),
    (
        "failed to resolve host|could not translate host name",
        StoreUnavailableError,
        "is on a host whose name is not known ({said}). Check the name in the address, and the network.",
    ),
    (
        "too many (connections|clients)|remaining connection slots",
        StoreUnavailableError,
        "has no connection left ({said}). End some, or raise max_connections.",
    ),
    (
        "^connection is bad: invalid ",
        StoreUnusableError,
        "cannot be reached by this address ({said}). Correct it.",
    ),
    (
        "session is read-only",
        StoreUnavailableError,
        "takes no writes ({said}): is it a standby? Name the primary beside it, or promote this one.",
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
    if not code and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnusableError(
            f"The event store {place} cannot be asked this ({said}). Nothing of it was stored, and trying again does "
            "not help."
        )
    return _not_connected(str(error).splitlines(), place)


def _not_connected(lines: list[str], place: str) -> EventStoreError:
    """What the lines say, one for each host that was tried."""
    for pattern, meaning, text in _NOT_CONNECTED:
        for line in lines:
            if re.search(pattern, line):
                said = line.rpartition(" failed: ")[2]
                return meaning(f"The event store {place} {text.format(said=said)}")
    said = next((line.strip() for line in lines if not line.endswith("failed:")), "it does not say why")
    said = said.rpartition(" failed: ")[2]
    return StoreUnavailableError(
        f"The event store {place} does not answer ({said}). Check that PostgreSQL runs and can be reached."
    )
