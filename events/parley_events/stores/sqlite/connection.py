"""How a SQLite event store is opened: durable, shared between processes, private to its owner.

Every thread opens a connection of its own here.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from parley_events.errors import StoreMissingError, StoreReadOnlyError
from parley_events.stores.sqlite.faults import translated
from parley_events.stores.sqlite.location import check_is_no_folder, check_location, unshareable
from parley_events.stores.sqlite.schema import check_version, migrate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BUSY_MS = 250
OPEN_S = 10.0
CHECKPOINT_PAGES = 1000
LOG_PAGES = CHECKPOINT_PAGES + 200  # the commit that goes past the checkpoint has its room, too
_CACHED_PAGES = 10


def create(path: Path, mounts: Iterable[tuple[str, str]] | None = None) -> None:
    """Make the file with its folder, for its owner alone, and bring its schema up to date.

    Raises:
        EventStoreError: it cannot hold events; the message says why.
    """
    check_location(path, mounts)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    except OSError as error:
        raise StoreReadOnlyError(
            f"The event store {path} cannot be created or written ({error.strerror}). Make the file and its folder "
            "writable, or name another one."
        ) from error
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=OPEN_S)) as connection:
            use_log(connection, path)
            migrate(connection, str(path))
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error


def use_log(connection: sqlite3.Connection, path: Path) -> None:
    """Ask for a write-ahead log. SQLite does not wait by itself where several ask at once.

    Raises:
        StoreLocationError: it has none there, for it needs memory that processes share.
        sqlite3.Error: it cannot.
    """
    deadline = time.monotonic() + OPEN_S
    while True:
        try:
            [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise unshareable(path, f"(journal mode {mode!r})")


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on the disk when they return."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: only this reaches the disk; elsewhere it means nothing
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def reserve_log(connection: sqlite3.Connection, path: Path) -> None:
    """Give the write-ahead log its full length now, by a transaction that is not committed.

    While the log grows, each commit must write the file's new length to the disk, too; into a log that has its
    length already it takes half the time. SQLite keeps the length, and begins again at the front after a checkpoint.
    """
    page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    log = path.with_name(f"{path.name}-wal")
    with suppress(OSError, sqlite3.Error):  # without the room commits are slower, no more
        if log.stat().st_size >= LOG_PAGES * page_size:
            return
        room = (LOG_PAGES + 2 * _CACHED_PAGES) * page_size
        [cache] = connection.execute("PRAGMA cache_size").fetchone()
        connection.execute(f"PRAGMA cache_size = {_CACHED_PAGES}")  # so that pages go to the log before a commit
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO blobs VALUES ('', 0, 0, zeroblob(?))", (room,))
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute(f"PRAGMA cache_size = {cache}")


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Closing it is left to another thread, once its own has ended."""
    try:
        return _connect_reader(f"{path.as_uri()}?mode=ro")
    except sqlite3.OperationalError:
        # In a folder that may not be written, the log's shared memory cannot be made; without a log it is not needed.
        if not path.exists() or _length(path.with_name(f"{path.name}-wal")):
            raise
        return _connect_reader(f"{path.as_uri()}?immutable=1")


def check_readable(path: Path) -> None:
    """See that there is a store that this Parley can read.

    Raises:
        EventStoreError: there is none; the message says why.
    """
    check_is_no_folder(path)
    if not path.exists():
        raise StoreMissingError(f"There is no event store at {path} yet. It is made when the first event is stored.")
    try:
        connection = connect_reader(path)
        try:
            check_version(connection, str(path))
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translated(error, str(path)) from error


def _make(path: Path) -> None:
    """Make the file if it is missing, and never open one that is there.

    Closing a file drops every lock that this process has on it, those of SQLite's connections on other threads, too
    (https://www.sqlite.org/howtocorrupt.html, section 2.2): another process would take their log of changes away.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _length(log: Path) -> int:
    """In bytes; whoever closes the store last takes the log away."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def _connect_reader(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
