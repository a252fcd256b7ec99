"""Reading call records back. Statistics of them belong to `parley_profiling.profiles`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_profiling.stores.files import damaged, explained, open_for_reading
from parley_profiling.stores.rows import breaker_from_row, from_row, timestamp
from parley_profiling.stores.schema import BREAKERS, TABLE

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from parley_providers.breaker import StoredBreaker
    from parley_providers.records import CallRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which records are wanted; None means all. `model` matches the whole name, or its beginning up to a colon."""

    model: str | None = None
    task_class: str | None = None
    since: datetime | None = None


def read_calls(path: Path, selection: Selection | None = None, *, busy_s: float = 5.0) -> tuple[CallRecord, ...]:
    """The records in the file at `path`, oldest first; none where there is no file yet.

    Raises:
        StoreError: the file cannot be read; the message says what to do.
    """
    if not path.exists():
        return ()
    where, values = _condition(selection or Selection())
    with explained(path), closing(open_for_reading(path, busy_s=busy_s)) as database:
        found = database.table(TABLE).rows_where(where, values, order_by="started_at, rowid")
        return tuple(from_row(row) for row in found)


def read_breakers(path: Path, *, busy_s: float = 5.0) -> tuple[StoredBreaker, ...]:
    """The breakers in the file at `path`; none where there is no file yet.

    Raises:
        StoreError: the file cannot be read; the message says what to do.
    """
    if not path.exists():
        return ()
    with explained(path), closing(open_for_reading(path, busy_s=busy_s)) as database:
        return tuple(breaker_from_row(row) for row in database.table(BREAKERS).rows)


def check_calls(path: Path, *, busy_s: float = 5.0) -> int | None:
    """How many records the file at `path` holds, after SQLite has checked all of it; None where there is no file.

    Raises:
        StoreError: the file is damaged or cannot be read; the message says what to do.
    """
    if not path.exists():
        return None
    with explained(path), closing(open_for_reading(path, busy_s=busy_s)) as database:
        ((said,), *_) = database.conn.execute("PRAGMA quick_check").fetchall()
        if said != "ok":
            raise damaged(path, said)
        return int(database.table(TABLE).count)


def _condition(selection: Selection) -> tuple[str | None, list[str]]:
    terms: list[str] = []
    values: list[str] = []
    if selection.model is not None:
        terms.append("(model = ? or substr(model, 1, length(?) + 1) = ? || ':')")
        values += [selection.model] * 3
    if selection.task_class is not None:
        terms.append("task_class = ?")
        values.append(selection.task_class)
    if selection.since is not None:
        terms.append("started_at >= ?")
        values.append(timestamp(selection.since))
    return (" and ".join(terms) or None), values
