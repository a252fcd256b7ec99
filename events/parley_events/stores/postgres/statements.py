"""The SQL of reading and of appending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import capabilities

from parley_events.batches import Found, KnownEvent, event_ids
from parley_events.events import EVERYTHING, recorded
from parley_events.stores.postgres.schema import LOCK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import AsyncConnection, Connection

    from parley_events.batches import Batch, Planned
    from parley_events.events import Query, RecordedEvent
    from parley_events.stores.postgres.last_commit import LastCommit

COLUMNS: LiteralString = (
    "position, stream_id, event_type, aggregate_id, sequence, event_version, data, metadata, "
    "created_at + interval '946684800 seconds', event_id"  # see `connection.prepare`
)
INSERT: LiteralString = (
    "INSERT INTO events SELECT position, stream_id, event_type, aggregate_id, sequence, event_version, data::json, "
    "metadata::json, 'epoch'::timestamptz + created_at * interval '1 microsecond', event_id FROM unnest(%s::bigint[], "
    "%s::text[], %s::text[], %s::text[], %s::bigint[], %s::integer[], %s::text[], %s::text[], %s::bigint[], "
    "%s::text[]) AS new (position, stream_id, event_type, aggregate_id, sequence, event_version, data, metadata, "
    "created_at, event_id)"
)
# Whether a commit is still the last word: its last event is the newest one, and what it knew of was not removed.
UNCHANGED: LiteralString = (
    "(SELECT event_id FROM events ORDER BY position DESC LIMIT 1) = %s AND (SELECT removed_to FROM store) < %s"
)
HEAD: LiteralString = "SELECT greatest((SELECT coalesce(max(position), 0) FROM events), (SELECT removed_to FROM store))"
MOVE_CURSOR: LiteralString = (
    "INSERT INTO cursors (name, position) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE "
    "SET position = greatest(cursors.position, excluded.position)"
)
# A large page is taken in chunks: the first are turned into events while the database makes the others. For a small one
# the driver's prepared statement is worth more, which a stream has not.
LARGE_PAGE_EVENTS, CHUNK_EVENTS = 200, 100
STREAMS = capabilities.has_stream_chunked()


def select(connection: Connection, query: Query, after: int, limit: int | None) -> list[RecordedEvent]:
    """The query's first events after a position, by position; all of them without a limit. `until` is obeyed."""
    text, values = _selection(query, after, limit)
    if limit is None or limit < LARGE_PAGE_EVENTS or not STREAMS:
        return recorded(connection.execute(text, values, binary=True).fetchall())
    with connection.cursor() as cursor:
        return recorded(cursor.stream(text, values, binary=True, size=CHUNK_EVENTS))


async def next_page(
    connection: AsyncConnection, after: int, limit: int | None, query: Query = EVERYTHING
) -> list[RecordedEvent]:
    """The query's first events after a position, or all of them, read by the event loop."""
    text, values = _selection(query, after, limit)
    cursor = await connection.execute(text, values, binary=True)
    return recorded(await cursor.fetchall())


def _selection(query: Query, after: int, limit: int | None) -> tuple[LiteralString, list[Any]]:
    where, values = _conditions(query)
    if query.until is not None:
        earlier: LiteralString = "position < coalesce((SELECT min(position) FROM events WHERE created_at > %s"
        for each in where:
            earlier += " AND " + each
        where.append(earlier + "), 9223372036854775807)")
        values = [*values, query.until, *values]
    if after:
        where.append("position > %s")
        values.append(after)
    text: LiteralString = "SELECT " + COLUMNS + " FROM events"  # noqa: S608 - names only, each value is bound
    if where:
        text += " WHERE " + " AND ".join(where)
    text += " ORDER BY sequence" if query.aggregate_id is not None else " ORDER BY position"
    if limit is not None:
        text += " LIMIT %s"
        values.append(limit)
    return text, values


def _conditions(query: Query) -> tuple[list[LiteralString], list[Any]]:
    where: list[LiteralString] = []
    values: list[Any] = []
    if query.stream_id is not None:
        where.append("stream_id = %s")
        values.append(query.stream_id)
    if query.aggregate_id is not None:
        where.append("aggregate_id = %s")
        values.append(query.aggregate_id)
    if query.event_types:
        where.append("event_type = ANY(%s)")
        values.append(list(query.event_types))
    if query.from_sequence > 1:
        where.append("sequence >= %s")
        values.append(query.from_sequence)
    if query.until_sequence is not None:
        where.append("sequence <= %s")
        values.append(query.until_sequence)
    return where, values


async def find(connection: AsyncConnection, batches: Sequence[Batch]) -> Found:
    """What planning these batches needs to know, event ids left aside."""
    keys = list({key for batch in batches for key in batch.keys})
    names = list({batch.advance.name for batch in batches if batch.advance is not None})
    heads = await connection.execute(
        "SELECT stream_id, aggregate_id, coalesce((SELECT max(sequence) FROM events "
        "WHERE events.stream_id = key.stream_id AND events.aggregate_id = key.aggregate_id), 0) "
        "FROM unnest(%s::text[], %s::text[]) AS key (stream_id, aggregate_id)",
        ([stream_id for stream_id, _ in keys], [aggregate_id for _, aggregate_id in keys]),
    )
    head = await connection.execute(HEAD)
    cursors = None
    if names:
        cursors = await connection.execute("SELECT name, position FROM cursors WHERE name = ANY(%s)", (names,))
    return Found(
        heads={(row[0], row[1]): row[2] for row in await heads.fetchall()},
        position=(await head.fetchall())[0][0],
        cursors={} if cursors is None else dict(await cursors.fetchall()),
    )


async def known_events(connection: AsyncConnection, batches: Sequence[Batch]) -> dict[str, KnownEvent]:
    """Which of the batches' event ids are stored, and where."""
    rows = await connection.execute(
        "SELECT event_id, stream_id, aggregate_id, sequence, position FROM events WHERE event_id = ANY(%s)",
        (event_ids(batches),),
    )
    return {row[0]: KnownEvent((row[1], row[2]), row[3], row[4]) for row in await rows.fetchall()}


async def unchanged_since(connection: AsyncConnection, last: LastCommit) -> Callable[[], Awaitable[bool]]:
    """Ask whether the store is as a commit left it; the answer can be had when the pipeline has brought it."""
    asked = await connection.execute("SELECT " + UNCHANGED, (last.event_id, last.position))

    async def answer() -> bool:
        return await asked.fetchall() == [(True,)]

    return answer


async def insert_after(connection: AsyncConnection, planned: Planned, last: LastCommit) -> bool:
    """Store rows, under the lock and in one transaction, if the store is as a commit left it; whether it was.

    What a pipeline sends before it waits is one transaction.
    """
    async with connection.pipeline():
        await connection.execute(LOCK)
        inserted = await connection.execute(
            INSERT + " WHERE " + UNCHANGED, [*_columns(planned), last.event_id, last.position]
        )
    return inserted.rowcount > 0


async def insert(connection: AsyncConnection, planned: Planned) -> None:
    """Store rows and move cursors."""
    if planned.rows:
        await connection.execute(INSERT, _columns(planned))
    for name, position in planned.cursors.items():
        await connection.execute(MOVE_CURSOR, (name, position))


def _columns(planned: Planned) -> list[Any]:
    return [list(column) for column in zip(*planned.rows, strict=True)]


async def cursor_position(connection: AsyncConnection, name: str) -> int:
    """Where a cursor stands; 0 if there is none."""
    found = await connection.execute("SELECT position FROM cursors WHERE name = %s", (name,))
    row = await found.fetchone()
    return 0 if row is None else int(row[0])
