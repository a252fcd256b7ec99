"""What SQLite's errors mean for a person."""

from __future__ import annotations

import sqlite3

from parley_events.errors import (
    EventStoreError,
    InvalidEventError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)

_PRIMARY = 0xFF  # the low byte of an extended result code is its primary code

# The last two say of a value that it cannot even be given to SQLite: a number of more than 64 bits, half a surrogate
# pair. Not caught, they would end the thread that others wait for.
FAULTS = (sqlite3.Error, OverflowError, UnicodeEncodeError)


def translated(error: sqlite3.Error | OverflowError | UnicodeEncodeError, path: str) -> EventStoreError:
    """The event store's error for one of SQLite's."""
    if not isinstance(error, sqlite3.Error):
        return InvalidEventError(
            f"The event store {path} can neither hold such a value nor look for it ({error}). Nothing of this was "
            "stored."
        )
    return _of_sqlite(error, path)


def _of_sqlite(error: sqlite3.Error, path: str) -> EventStoreError:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:  # said on opening: its shared memory is a file beside it
        code = sqlite3.SQLITE_FULL
    match None if code is None else code & _PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusyError(
                f"Another process holds the event store {path} locked. Nothing was stored. Look for another Parley, a "
                "backup or a database browser that has it open, and try again."
            )
        case sqlite3.SQLITE_FULL:
            return StoreFullError(
                f"The disk with the event store {path} is full. Nothing of this was stored; what was stored before is "
                "safe. Make some room on it, which removing needs, too; then `parley events prune --older-than 30d "
                "--vacuum` makes the store smaller."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StoreReadOnlyError(
                f"The event store {path} may only be read ({error}). Make the file and its folder writable, or name "
                "another one."
            )
        case sqlite3.SQLITE_CANTOPEN:
            return StoreReadOnlyError(
                f"The event store {path} cannot be opened or created ({error}). Its folder must exist and be writable."
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR as primary:
            return _damaged(path, str(error), is_database=primary != sqlite3.SQLITE_NOTADB)
        case _:
            return StoreUnavailableError(
                f"The event store {path} did not do what it was asked ({error}). Nothing of this was stored. Check the "
                "disk, and try again."
            )


def _damaged(path: str, said: str, *, is_database: bool) -> StoreCorruptError:
    if not is_database:
        return StoreCorruptError(
            f"{path} is no event store: it is another file, or its beginning is lost ({said}). Name another store; or "
            "move this file away, and bring a backup into a new one with `parley events import`."
        )
    return StoreCorruptError(
        f"The event store {path} is damaged ({said}). Save what can be read with "
        f"`parley events export --salvage --store {path} > events.jsonl`, move the file away, and bring that into a "
        "new one with `parley events import events.jsonl`."
    )
