"""The tables of a SQLite event store, as numbered migrations that only go forwards.

`PRAGMA user_version` holds the number of the last one; `PRAGMA application_id` says that a file is an event store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_events.errors import StoreCorruptError, StoreTooNewError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

APPLICATION_ID = 0x50724C79  # "PrLy"

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE events (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      stream_id TEXT NOT NULL,
      event_type TEXT NOT NULL,
      aggregate_id TEXT NOT NULL,
      sequence INTEGER NOT NULL CHECK (sequence > 0),
      event_version INTEGER NOT NULL,
      data TEXT NOT NULL,
      metadata TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      event_id TEXT NOT NULL UNIQUE,
      UNIQUE (stream_id, aggregate_id, sequence)
    ) STRICT;
    CREATE TABLE cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshots (
      stream_id TEXT NOT NULL,
      aggregate_id TEXT NOT NULL,
      schema_hash TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      state TEXT NOT NULL,
      PRIMARY KEY (stream_id, aggregate_id, schema_hash, sequence)
    ) STRICT;
    CREATE TABLE blobs (
      name TEXT PRIMARY KEY,
      size INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      data BLOB NOT NULL
    ) STRICT;
    """,
)


def migrate(connection: sqlite3.Connection, path: str, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the schema up to the last migration, in one transaction; several processes may try at once.

    Raises:
        StoreTooNewError: the file knows migrations that are not known here.
        StoreCorruptError: the file is another program's database.
    """
    if _version(connection, path, migrations) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(_version(connection, path, migrations), len(migrations)):
            for statement in filter(str.strip, migrations[number].split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def check_version(connection: sqlite3.Connection, path: str, migrations: Sequence[str] = MIGRATIONS) -> None:
    """See that a store that is only read has the schema that is known here.

    Raises:
        StoreTooNewError, StoreCorruptError: see `migrate`; also where the schema is older, for it cannot be brought up.
    """
    if _version(connection, path, migrations) < len(migrations):
        raise StoreCorruptError(
            f"{path} is an event store of an older Parley, or an empty file. Start Parley where it may write there."
        )


def _version(connection: sqlite3.Connection, path: str, migrations: Sequence[str]) -> int:
    # One statement sees one moment: another process may be making the tables right now.
    application_id, version, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) "
        "FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if application_id != APPLICATION_ID and (tables or version):
        raise StoreCorruptError(
            f"{path} is a database of another program, not an event store. Name another file, or move this one away."
        )
    if version > len(migrations):
        raise StoreTooNewError(
            f"{path} was written by a newer Parley (schema {version}; this one knows {len(migrations)}). "
            "Update Parley; nothing was changed."
        )
    return int(version)
