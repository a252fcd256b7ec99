"""One commit for many appends: by a single statement where nobody else wrote meanwhile, else in a transaction.

The single statement begins, inserts and commits without returning to Python in between, so the event loop's thread
has the interpreter for itself all the while. It is guarded: it stores nothing if another connection has committed
since this one last looked, because the sequences that it goes by may then be old.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from parley_events.batches import plan
from parley_events.stores.sqlite.statements import COLUMNS, find, insert, known_events

if TYPE_CHECKING:
    from parley_events.batches import Batch, Planned
    from parley_events.stores.sqlite.statements import Heads

# A statement for each of a few numbers of rows, filled up with empty ones, so that each is compiled once.
ROWS = (1, 4, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256)
_WIDTH = COLUMNS.count(",") + 1


def commit_at_once(connection: sqlite3.Connection, batches: list[Batch], heads: Heads) -> Planned | None:
    """Plan, insert and commit by one statement, outside of any transaction.

    None: nothing was stored, because that is not possible here, or a batch may be refused; `commit_within` tells.
    """
    found = heads.expected(connection, batches)
    if found is None:
        return None
    planned = plan(batches, found)
    rows = planned.rows
    if planned.conflicts or planned.cursors or not 0 < len(rows) <= ROWS[-1]:
        return None
    room = next(size for size in ROWS if size >= len(rows))
    values: list[Any] = list(chain.from_iterable(rows))
    values += [None] * ((room - len(rows)) * _WIDTH)
    values.append(heads.version)
    text = _guarded_insert(room)
    try:
        stored = connection.execute(text, values).rowcount
    except sqlite3.IntegrityError:  # an event id is stored already
        return None
    return planned if stored else None


def commit_within(connection: sqlite3.Connection, batches: list[Batch], heads: Heads) -> Planned:
    """Plan and insert within a transaction that holds the write lock; the caller commits.

    It is hoped that no event id is stored already; they are looked up only if one may be.
    """
    planned = plan(batches, find(connection, batches, heads))
    if not planned.conflicts:
        connection.execute("SAVEPOINT hope")
        try:
            insert(connection, planned)
        except sqlite3.IntegrityError:
            connection.execute("ROLLBACK TO hope")
        else:
            return planned
    found = find(connection, batches, heads)
    found.known = known_events(connection, batches)
    planned = plan(batches, found)
    insert(connection, planned)
    return planned


@cache
def _guarded_insert(rows: int) -> str:
    row = f"({', '.join('?' * _WIDTH)})"
    return (
        f"INSERT INTO events ({COLUMNS}) SELECT * FROM (VALUES {', '.join([row] * rows)}) "  # noqa: S608 - names only
        "WHERE column1 IS NOT NULL AND (SELECT data_version FROM pragma_data_version) = ?"
    )
