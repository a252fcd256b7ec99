"""The tables of a PostgreSQL event store, as numbered migrations that only go forwards.

Table `store` has one row: the number of the last migration, and the highest position that was ever removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from parley_events.errors import StoreMissingError, StoreTooNewError, StoreUnusableError
from parley_events.stores.postgres.bounds import ANSWER_S, WHOLE_STORE_S, bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

# Two keys make one lock, so that other users of advisory locks in the same database are left alone.
LOCK = "SELECT pg_advisory_xact_lock(1349667961, hashtext(current_setting('search_path')))"

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE store (version integer NOT NULL, removed_to bigint NOT NULL);
    INSERT INTO store VALUES (0, 0);
    CREATE TABLE events (
      position bigint PRIMARY KEY,
      stream_id text COLLATE "C" NOT NULL,
      event_type text COLLATE "C" NOT NULL,
      aggregate_id text COLLATE "C" NOT NULL,
      sequence bigint NOT NULL CHECK (sequence > 0),
      event_version integer NOT NULL,
      data jsonb NOT NULL,
      metadata jsonb NOT NULL,
      created_at timestamptz NOT NULL,
      event_id text COLLATE "C" NOT NULL UNIQUE,
      UNIQUE (stream_id, aggregate_id, sequence)
    );
    CREATE TABLE cursors (name text COLLATE "C" PRIMARY KEY, position bigint NOT NULL);
    CREATE TABLE snapshots (
      stream_id text COLLATE "C" NOT NULL,
      aggregate_id text COLLATE "C" NOT NULL,
      schema_hash text COLLATE "C" NOT NULL,
      sequence bigint NOT NULL,
      state text NOT NULL,
      PRIMARY KEY (stream_id, aggregate_id, schema_hash, sequence)
    );
    CREATE TABLE blobs (
      name text COLLATE "C" PRIMARY KEY,
      size bigint NOT NULL,
      created_at timestamptz NOT NULL,
      data bytea NOT NULL
    );
    """,
    # The text as it was given, which costs nothing to read; jsonb is written out anew each time.
    """
    ALTER TABLE events ALTER COLUMN data TYPE json USING data::json, ALTER COLUMN metadata TYPE json
      USING metadata::json;
    """,
)


async def migrate(
    connection: AsyncConnection,
    schema: str,
    place: str,
    migrations: Sequence[str] = MIGRATIONS,
    *,
    answer_s: float = ANSWER_S,
) -> None:
    """Bring the schema up to the last migration, in one transaction; several processes may try at once.

    Whether there is anything to do is said within `answer_s` seconds; doing it may take longer.

    Raises:
        StoreTooNewError: the database knows migrations that are not known here.
    """
    with bounded(connection, answer_s):
        version = await _version(connection)
    if version < len(migrations):
        with bounded(connection, WHOLE_STORE_S):
            version = await _brought_up(connection, schema, migrations)
    if version > len(migrations):
        raise _too_new(place, version, migrations)


async def check_readable(
    connection: AsyncConnection, place: str, migrations: Sequence[str] = MIGRATIONS, *, answer_s: float = ANSWER_S
) -> None:
    """See, within so many seconds, that there is a store that this Parley can read; nothing is made or changed.

    Raises:
        StoreMissingError: there is none.
        StoreUnusableError: it is of another version.
    """
    with bounded(connection, answer_s):
        version = await _version(connection)
    if version == 0:
        raise StoreMissingError(f"There is no event store in {place} yet. It is made when the first event is stored.")
    if version < len(migrations):
        raise StoreUnusableError(
            f"The event store {place} is of an older Parley (schema {version}; this one reads {len(migrations)}). "
            "It is brought up to date when something is stored in it: refactor something, and read it then."
        )
    if version > len(migrations):
        raise _too_new(place, version, migrations)


async def _brought_up(connection: AsyncConnection, schema: str, migrations: Sequence[str]) -> int:
    """Migrate; the version that was found, which is higher if a newer Parley was first."""
    async with connection.transaction():
        await connection.execute(LOCK)
        if not await _schema_exists(connection, schema):
            await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        version = await _version(connection)
        for migration in migrations[version:]:
            await connection.execute(migration.encode())
        if version < len(migrations):
            await connection.execute("UPDATE store SET version = %s", (len(migrations),))
    return version


async def _version(connection: AsyncConnection) -> int:
    [table] = await (await connection.execute("SELECT to_regclass('store')")).fetchone() or (None,)
    if table is None:
        return 0
    [version] = await (await connection.execute("SELECT version FROM store")).fetchone() or (0,)
    return int(version)


async def _schema_exists(connection: AsyncConnection, schema: str) -> bool:
    found = await connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (schema,))
    return await found.fetchone() is not None


def _too_new(place: str, version: int, migrations: Sequence[str]) -> StoreTooNewError:
    return StoreTooNewError(
        f"The event store {place} was written by a newer Parley (schema {version}; this one knows "
        f"{len(migrations)}). Update Parley; nothing was changed."
    )
