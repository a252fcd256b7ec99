"""Opening the file of call records, and saying what an error of SQLite or of the system means for it.

What is written into it belongs to `writer`, what it looks like inside to `schema`.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from parley_profiling.errors import CorruptStoreError, LockedStoreError, StoreError, UnusableStoreError
from parley_profiling.stores.schema import SCHEMA_VERSION, check_version, migrate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlite_utils import Database

_MAKING = threading.Lock()


def default_path() -> Path:
    """Where call records are kept: in a folder of their own below `PARLEY_DATA_DIR`, else the user's data folder."""
    named = os.environ.get("PARLEY_DATA_DIR")
    if named:
        folder = Path(named).expanduser()
    else:
        from platformdirs import user_data_path

        folder = user_data_path("parley", appauthor=False)
    return folder / "records" / "calls.db"


def open_for_writing(path: Path, *, busy_s: float) -> Database:
    """The database at `path`, made if it is missing, in WAL mode, with the newest schema.

    Its folder, which holds nothing else, is private (0700), and so is the file (0600), whose mode SQLite gives to its
    side files. A statement waits up to `busy_s` seconds for another process.

    Raises:
        StoreError: which of its kinds says what can be done.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        _made(path)
        path.chmod(0o600)
        database = _connect(f"{path.absolute().as_uri()}?mode=rw", busy_s)
        try:
            check_version(database)
            database.conn.execute("PRAGMA journal_mode = WAL")  # a file system without it answers with another mode
            migrate(database)
        except BaseException:
            database.close()
            raise
        return database


def open_for_reading(path: Path, *, busy_s: float) -> Database:
    """The database at `path`, which must exist, with the newest schema; nothing can be written through it.

    Raises:
        StoreError: which of its kinds says what can be done.
    """
    with explained(path):
        database = _connect(f"{path.absolute().as_uri()}?mode=ro", busy_s)
        try:
            if check_version(database) < SCHEMA_VERSION:
                database.close()
                open_for_writing(path, busy_s=busy_s).close()
                return _connect(f"{path.absolute().as_uri()}?mode=ro", busy_s)
        except BaseException:
            database.close()
            raise
        return database


def move_aside(path: Path, *, suffix: str, damaged_inode: int | None) -> Path | None:
    """Rename the damaged file and its side files, so that a new one can be begun; the new name of the file.

    Only the file that was seen damaged is moved: where another process has replaced it meanwhile (its inode differs
    from `damaged_inode`), nothing is done and None is returned.
    """
    if inode(path) != damaged_inode or damaged_inode is None:
        return None
    aside = path.with_name(f"{path.name}.{suffix}")
    path.rename(aside)
    for side in ("-wal", "-shm"):
        beside = path.with_name(path.name + side)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + side))
    return aside


def inode(path: Path) -> int | None:
    """What identifies the file at `path` now; None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def damaged(path: Path, reason: str) -> CorruptStoreError:
    """The error for a file that SQLite found damaged."""
    return CorruptStoreError(
        f"{path} is damaged ({reason}). The next call of a model moves it aside and begins a new one."
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system raise into the `StoreError` that says what to do about `path`."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(error, path) from error
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _made(path: Path) -> None:
    """Make the file if it is missing, and never open one that is there.

    Closing a file drops every lock that this process has on it, those of SQLite's connections on other threads, too
    (https://www.sqlite.org/howtocorrupt.html, section 2.2): another process would take their log of changes away.
    """
    with _MAKING:
        if not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(uri: str, busy_s: float) -> Database:
    import sqlite3

    from sqlite_utils import Database

    connection = sqlite3.connect(uri, uri=True, timeout=busy_s, isolation_level=None)
    # Plugins of sqlite-utils are other people's code: they have no business in this file.
    return Database(connection, execute_plugins=False, recursive_triggers=False)


def _explanation(error: sqlite3.Error, path: Path) -> StoreError:
    primary_code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    match primary_code:
        case 5 | 6:  # SQLITE_BUSY, SQLITE_LOCKED
            return LockedStoreError(f"{path} is locked by another process; the records wait and are written later.")
        case 11 | 26:  # SQLITE_CORRUPT, SQLITE_NOTADB
            return damaged(path, str(error))
        case 13:  # SQLITE_FULL
            return _unusable(path, "the disk is full")
        case _:
            return _unusable(path, str(error))


def _unusable(path: Path, reason: str) -> UnusableStoreError:
    return UnusableStoreError(
        f"Call records cannot be kept in {path}: {reason}. Make room or make the folder writable, "
        "or name another folder in PARLEY_DATA_DIR."
    )
