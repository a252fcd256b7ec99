"""The SQL of everything beside events: cursors, snapshots, blobs, counting, removing, checking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parley_events.events import EVERYTHING, MICROSECOND, from_microseconds, to_microseconds
from parley_events.removing import Meanwhile
from parley_events.store import YOUNG_AGAIN, AggregateSummary, Cursor, Snapshot, StoreSize
from parley_events.stores.sqlite.statements import HEAD, select

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from parley_events.store import Removal

KEPT_SNAPSHOTS = 2


def drop_cursor(connection: sqlite3.Connection, name: str) -> None:
    """Forget a cursor."""
    connection.execute("DELETE FROM cursors WHERE name = ?", (name,))


def read_snapshot(
    connection: sqlite3.Connection, key: tuple[str, str, str], until_sequence: int | None
) -> Snapshot | None:
    """The newest snapshot of (stream, aggregate, schema hash)."""
    row = connection.execute(
        "SELECT sequence, state FROM snapshots WHERE stream_id = ? AND aggregate_id = ? AND schema_hash = ? "
        "AND sequence <= coalesce(?, 9223372036854775807) ORDER BY sequence DESC LIMIT 1",
        (*key, until_sequence),
    ).fetchone()
    if row is None:
        return None
    return Snapshot(stream_id=key[0], aggregate_id=key[1], schema_hash=key[2], sequence=row[0], state_json=row[1])


def write_snapshot(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot of what is there, and the one before it."""
    key = (snapshot.stream_id, snapshot.aggregate_id, snapshot.schema_hash)
    connection.execute(
        "INSERT OR REPLACE INTO snapshots (stream_id, aggregate_id, schema_hash, sequence, state) "
        "SELECT ?1, ?2, ?3, ?4, ?5 "
        "WHERE EXISTS (SELECT 1 FROM events WHERE stream_id = ?1 AND aggregate_id = ?2 AND sequence = ?4)",
        (*key, snapshot.sequence, snapshot.state_json),
    )
    connection.execute(
        "DELETE FROM snapshots WHERE stream_id = ?1 AND aggregate_id = ?2 AND schema_hash = ?3 AND sequence NOT IN "
        "(SELECT sequence FROM snapshots WHERE stream_id = ?1 AND aggregate_id = ?2 AND schema_hash = ?3 "
        "ORDER BY sequence DESC LIMIT ?4)",
        (*key, KEPT_SNAPSHOTS),
    )


def write_blob(connection: sqlite3.Connection, name: str, data: bytes, at_us: int) -> None:
    """Store bytes, or note that those that are stored were put again."""
    connection.execute(
        "INSERT INTO blobs (name, size, created_at, data) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET created_at = excluded.created_at WHERE created_at < excluded.created_at - ?",
        (name, len(data), at_us, data, YOUNG_AGAIN // MICROSECOND),
    )


def read_blob(connection: sqlite3.Connection, name: str) -> bytes | None:
    """The bytes of a name."""
    row = connection.execute("SELECT data FROM blobs WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def blob_names(connection: sqlite3.Connection, before_us: int | None) -> frozenset[str]:
    """The names of blobs stored before a time."""
    rows = connection.execute(
        "SELECT name FROM blobs WHERE created_at < coalesce(?, 9223372036854775807)", (before_us,)
    )
    return frozenset(name for (name,) in rows.fetchall())


def aggregates(connection: sqlite3.Connection, stream_id: str | None) -> list[AggregateSummary]:
    """Every aggregate, the one with the newest event last."""
    rows = connection.execute(
        "SELECT each.stream_id, each.aggregate_id, each.events, first.created_at, last.created_at, each.last FROM "
        "(SELECT stream_id, aggregate_id, count(*) AS events, min(position) AS first, max(position) AS last "
        "FROM events WHERE stream_id = coalesce(?, stream_id) GROUP BY stream_id, aggregate_id) AS each "
        "JOIN events AS first ON first.position = each.first JOIN events AS last ON last.position = each.last "
        "ORDER BY each.last",
        (stream_id,),
    )
    return [
        AggregateSummary(
            stream_id=row[0],
            aggregate_id=row[1],
            events=row[2],
            first_at=from_microseconds(row[3]),
            last_at=from_microseconds(row[4]),
            last_position=row[5],
        )
        for row in rows.fetchall()
    ]


def size(connection: sqlite3.Connection, path: Path) -> StoreSize:
    """What there is, in numbers; bytes include the log that is not merged yet."""
    [events] = connection.execute("SELECT count(*) FROM events").fetchone()
    [distinct] = connection.execute(
        "SELECT count(*) FROM (SELECT DISTINCT stream_id, aggregate_id FROM events)"
    ).fetchone()
    [head] = connection.execute(HEAD).fetchone()
    blobs, blob_bytes = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM blobs").fetchone()
    [snapshots] = connection.execute("SELECT count(*) FROM snapshots").fetchone()
    cursors = connection.execute("SELECT name, position FROM cursors ORDER BY name").fetchall()
    files = (path, path.with_name(f"{path.name}-wal"))
    return StoreSize(
        events=events,
        aggregates=distinct,
        head=head,
        blobs=blobs,
        blob_bytes=blob_bytes,
        snapshots=snapshots,
        cursors=tuple(Cursor(name=name, position=position) for name, position in cursors),
        bytes=sum(each.stat().st_size for each in files if each.exists()),
    )


def remove(connection: sqlite3.Connection, removal: Removal) -> Removal:
    """Remove aggregates with their snapshots, and blobs, unless they were used since; what was removed.

    `sqlite_sequence` keeps positions from being used again.
    """
    may_go = _remaining(connection, removal)
    for table in ("events", "snapshots"):
        connection.executemany(
            f"DELETE FROM {table} WHERE stream_id = ? AND aggregate_id = ?",  # noqa: S608 - one of two names
            may_go.aggregates,
        )
    connection.executemany("DELETE FROM blobs WHERE name = ?", [(name,) for name in may_go.blobs])
    return may_go


def vacuum(connection: sqlite3.Connection) -> None:
    """Write the file anew without the holes, and shorten the log."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _remaining(connection: sqlite3.Connection, removal: Removal) -> Removal:
    meanwhile = Meanwhile(removal)
    meanwhile.saw(select(connection, EVERYTHING, removal.seen, None))
    while (query := meanwhile.unread()) is not None:
        meanwhile.saw(select(connection, query, 0, None))
    may_go = meanwhile.remaining
    old = blob_names(connection, None if may_go.blobs_before is None else to_microseconds(may_go.blobs_before))
    return replace(may_go, blobs=tuple(name for name in may_go.blobs if name in old))


def check(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What `PRAGMA integrity_check` finds."""
    return tuple(text for (text,) in connection.execute("PRAGMA integrity_check").fetchall() if text != "ok")
