"""The SQL of reading and of planning an append."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from parley_events.batches import Found, KnownEvent, event_ids
from parley_events.events import recorded, to_microseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from parley_events.batches import AggregateKey, Batch, Planned
    from parley_events.events import Query, RecordedEvent

COLUMNS = "position, stream_id, event_type, aggregate_id, sequence, event_version, data, metadata, created_at, event_id"
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - names only
HEAD = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
MOST_HEADS = 20_000


def select(connection: sqlite3.Connection, query: Query, after: int, limit: int | None) -> list[RecordedEvent]:
    """The query's first events after a position, by position; all of them without a limit. `until` is obeyed."""
    where, values = _conditions(query)
    if query.until is not None:
        where.append(
            "position < coalesce((SELECT min(position) FROM events WHERE created_at > ?"  # noqa: S608 - no value in it
            + "".join(f" AND {each}" for each in where)
            + "), 9223372036854775807)"
        )
        values = [*values, to_microseconds(query.until), *values]
    if after:
        where.append("position > ?")
        values.append(after)
    order = "sequence" if query.aggregate_id is not None else "position"
    text = f"SELECT {COLUMNS} FROM events"  # noqa: S608 - names only, each value is bound
    if where:
        text += " WHERE " + " AND ".join(where)
    text += f" ORDER BY {order}"
    if limit is not None:
        text += " LIMIT ?"
        values.append(limit)
    return recorded(connection.execute(text, values).fetchall())


def _conditions(query: Query) -> tuple[list[str], list[Any]]:
    """Where and with what. `+stream_id` keeps SQLite from sorting a whole stream instead of reading by position."""
    where: list[str] = []
    values: list[Any] = []
    if query.aggregate_id is not None:
        where += ["stream_id = ?", "aggregate_id = ?"]
        values += [query.stream_id, query.aggregate_id]
    elif query.stream_id is not None:
        where.append("+stream_id = ?")
        values.append(query.stream_id)
    if query.event_types:
        where.append("event_type IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(query.event_types))
    if query.from_sequence > 1:
        where.append("sequence >= ?")
        values.append(query.from_sequence)
    if query.until_sequence is not None:
        where.append("sequence <= ?")
        values.append(query.until_sequence)
    return where, values


class Heads:
    """The store's position and the sequences of aggregates, for as long as no other connection commits.

    `version` is what `PRAGMA data_version` said when this connection last held the write lock.
    """

    def __init__(self) -> None:
        self.version: int | None = None
        self._position = 0
        self._known: dict[AggregateKey, int] = {}

    def expected(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> Found | None:
        """What planning needs to know, outside of a transaction: right if `version` still is when the rows are stored.

        None if nothing is known, or too much, or a batch moves a cursor or begins a fork.
        """
        if (
            self.version is None
            or len(self._known) > MOST_HEADS
            or any(batch.advance or batch.forked for batch in batches)
        ):
            return None
        return Found(heads=self._of(connection, batches), position=self._position)

    def find(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> Found:
        """The same within a transaction that holds the write lock."""
        [version] = connection.execute("PRAGMA data_version").fetchone()
        if version != self.version or len(self._known) > MOST_HEADS:
            self._known.clear()
            self.version = version
            [self._position] = connection.execute(HEAD).fetchone()
        return Found(heads=self._of(connection, batches), position=self._position)

    def committed(self, planned: Planned) -> None:
        """This is in the database now."""
        self._known.update(planned.heads)
        if planned.rows:
            self._position = planned.rows[-1].position

    def forget(self) -> None:
        """This connection changed something else."""
        self._known.clear()
        self.version = None

    def _of(self, connection: sqlite3.Connection, batches: Sequence[Batch]) -> dict[AggregateKey, int]:
        known = self._known
        heads = {key: known.get(key) for batch in batches for key in batch.keys}
        return {key: _head(connection, key) if head is None else head for key, head in heads.items()}


def _head(connection: sqlite3.Connection, key: AggregateKey) -> int:
    text = "SELECT coalesce(max(sequence), 0) FROM events WHERE stream_id = ? AND aggregate_id = ?"
    return int(connection.execute(text, key).fetchone()[0])


def find(connection: sqlite3.Connection, batches: Sequence[Batch], heads: Heads) -> Found:
    """What planning these batches needs to know, event ids left aside; within a transaction with the write lock."""
    found = heads.find(connection, batches)
    names = {batch.advance.name for batch in batches if batch.advance is not None}
    found.cursors = {name: cursor(connection, name) for name in names}
    return found


def known_events(connection: sqlite3.Connection, batches: Sequence[Batch]) -> dict[str, KnownEvent]:
    """Which of the batches' event ids are stored, and where."""
    rows = connection.execute(
        "SELECT event_id, stream_id, aggregate_id, sequence, position FROM events "
        "WHERE event_id IN (SELECT value FROM json_each(?))",
        (json.dumps(event_ids(batches)),),
    )
    return {row[0]: KnownEvent((row[1], row[2]), row[3], row[4]) for row in rows}


def insert(connection: sqlite3.Connection, planned: Planned) -> None:
    """Store rows and move cursors."""
    connection.executemany(INSERT, planned.rows)
    for name, position in planned.cursors.items():
        move_cursor(connection, name, position)


def cursor(connection: sqlite3.Connection, name: str) -> int:
    """Where a cursor stands; 0 if there is none."""
    row = connection.execute("SELECT position FROM cursors WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def move_cursor(connection: sqlite3.Connection, name: str, position: int) -> None:
    """Move a cursor, forwards only."""
    connection.execute(
        "INSERT INTO cursors (name, position) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET position = max(position, excluded.position)",
        (name, position),
    )
