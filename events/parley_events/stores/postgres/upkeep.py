"""The SQL of everything beside events: snapshots, blobs, counting, removing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from parley_events.removing import Meanwhile
from parley_events.store import YOUNG_AGAIN, AggregateSummary, Cursor, Snapshot, StoreSize
from parley_events.stores.postgres.schema import LOCK
from parley_events.stores.postgres.statements import HEAD, next_page

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from parley_events.store import Removal

KEPT_SNAPSHOTS = 2


async def read_snapshot(
    connection: AsyncConnection, key: tuple[str, str, str], until_sequence: int | None
) -> Snapshot | None:
    """The newest snapshot of (stream, aggregate, schema hash)."""
    found = await connection.execute(
        "SELECT sequence, state FROM snapshots WHERE stream_id = %s AND aggregate_id = %s AND schema_hash = %s "
        "AND sequence <= coalesce(%s, 9223372036854775807) ORDER BY sequence DESC LIMIT 1",
        (*key, until_sequence),
    )
    row = await found.fetchone()
    if row is None:
        return None
    return Snapshot(stream_id=key[0], aggregate_id=key[1], schema_hash=key[2], sequence=row[0], state_json=row[1])


async def write_snapshot(connection: AsyncConnection, snapshot: Snapshot) -> None:
    """Keep a snapshot of what is there, and the one before it.

    Who removes the event that it is of waits for this, or this for them.
    """
    key = (snapshot.stream_id, snapshot.aggregate_id, snapshot.schema_hash)
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO snapshots (stream_id, aggregate_id, schema_hash, sequence, state) "
            "SELECT stream_id, aggregate_id, %s, sequence, %s FROM events "
            "WHERE stream_id = %s AND aggregate_id = %s AND sequence = %s FOR KEY SHARE "
            "ON CONFLICT (stream_id, aggregate_id, schema_hash, sequence) DO UPDATE SET state = excluded.state",
            (snapshot.schema_hash, snapshot.state_json, *key[:2], snapshot.sequence),
        )
        await connection.execute(
            "DELETE FROM snapshots WHERE stream_id = %s AND aggregate_id = %s AND schema_hash = %s AND sequence < "
            "(SELECT min(sequence) FROM (SELECT sequence FROM snapshots WHERE stream_id = %s AND aggregate_id = %s "
            "AND schema_hash = %s ORDER BY sequence DESC LIMIT %s) AS kept)",
            (*key, *key, KEPT_SNAPSHOTS),
        )


async def write_blob(connection: AsyncConnection, name: str, data: bytes, at: datetime) -> None:
    """Store bytes, or note that those that are stored were put again."""
    await connection.execute(
        "INSERT INTO blobs (name, size, created_at, data) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (name) DO UPDATE SET created_at = excluded.created_at "
        "WHERE blobs.created_at < excluded.created_at - %s",
        (name, len(data), at, data, YOUNG_AGAIN),
    )


async def read_blob(connection: AsyncConnection, name: str) -> bytes | None:
    """The bytes of a name."""
    found = await connection.execute("SELECT data FROM blobs WHERE name = %s", (name,), binary=True)
    row = await found.fetchone()
    return None if row is None else bytes(row[0])


async def blob_names(connection: AsyncConnection, before: datetime | None) -> frozenset[str]:
    """The names of blobs stored before a time."""
    rows = await connection.execute(
        "SELECT name FROM blobs WHERE created_at < coalesce(%s, 'infinity'::timestamptz)", (before,)
    )
    return frozenset(name for (name,) in await rows.fetchall())


async def aggregates(connection: AsyncConnection, stream_id: str | None) -> list[AggregateSummary]:
    """Every aggregate, the one with the newest event last."""
    rows = await connection.execute(
        "SELECT every.stream_id, every.aggregate_id, every.events, first.created_at AT TIME ZONE 'UTC', "
        "last.created_at AT TIME ZONE 'UTC', every.last FROM (SELECT stream_id, aggregate_id, count(*) AS events, "
        "min(position) AS first, max(position) AS last FROM events WHERE stream_id = coalesce(%s, stream_id) "
        "GROUP BY stream_id, aggregate_id) AS every JOIN events AS first ON first.position = every.first "
        "JOIN events AS last ON last.position = every.last ORDER BY every.last",
        (stream_id,),
    )
    return [
        AggregateSummary(
            stream_id=row[0],
            aggregate_id=row[1],
            events=row[2],
            first_at=row[3].replace(tzinfo=UTC),
            last_at=row[4].replace(tzinfo=UTC),
            last_position=row[5],
        )
        for row in await rows.fetchall()
    ]


async def size(connection: AsyncConnection) -> StoreSize:
    """What there is, in numbers."""
    found = await connection.execute(
        "SELECT (SELECT count(*) FROM events), "
        "(SELECT count(*) FROM (SELECT DISTINCT stream_id, aggregate_id FROM events) AS every), "
        "(SELECT count(*) FROM blobs), (SELECT coalesce(sum(size), 0)::bigint FROM blobs), "
        "(SELECT count(*) FROM snapshots), "
        "(SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r')"
    )
    [[events, distinct, blobs, blob_bytes, snapshots, total]] = await found.fetchall()
    [[head]] = await (await connection.execute(HEAD)).fetchall()
    cursors = await (await connection.execute("SELECT name, position FROM cursors ORDER BY name")).fetchall()
    return StoreSize(
        events=events,
        aggregates=distinct,
        head=head,
        blobs=blobs,
        blob_bytes=blob_bytes,
        snapshots=snapshots,
        cursors=tuple(Cursor(name=name, position=position) for name, position in cursors),
        bytes=total,
    )


async def remove(connection: AsyncConnection, removal: Removal) -> Removal:
    """Remove aggregates with their snapshots, and blobs, unless they were used since; what was removed.

    `removed_to` keeps positions from being used again. Who puts bytes takes no lock but that of their row: so whether
    they are old is asked as they are removed.
    """
    async with connection.transaction():
        await connection.execute(LOCK)
        may_go = await _remaining(connection, removal)
        streams = [stream_id for stream_id, _ in may_go.aggregates]
        names = [aggregate_id for _, aggregate_id in may_go.aggregates]
        await connection.execute(f"UPDATE store SET removed_to = ({HEAD})")  # noqa: S608 - a constant
        await connection.execute(
            "DELETE FROM events WHERE (stream_id, aggregate_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            (streams, names),
        )
        await connection.execute(
            "DELETE FROM snapshots WHERE (stream_id, aggregate_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            (streams, names),
        )
        blobs = await connection.execute(
            "DELETE FROM blobs WHERE name = ANY(%s) AND created_at < coalesce(%s, 'infinity'::timestamptz) "
            "RETURNING name",
            (list(may_go.blobs), may_go.blobs_before),
        )
        return replace(may_go, blobs=tuple(sorted(name for (name,) in await blobs.fetchall())))


async def _remaining(connection: AsyncConnection, removal: Removal) -> Removal:
    meanwhile = Meanwhile(removal)
    meanwhile.saw(await next_page(connection, removal.seen, None))
    while (query := meanwhile.unread()) is not None:
        meanwhile.saw(await next_page(connection, 0, None, query))
    return meanwhile.remaining


async def vacuum(connection: AsyncConnection) -> None:
    """Let what was removed be used again, and bring the statistics up to date."""
    await connection.execute("VACUUM (ANALYZE) events")
    await connection.execute("VACUUM (ANALYZE) blobs")
    await connection.execute("VACUUM (ANALYZE) snapshots")
