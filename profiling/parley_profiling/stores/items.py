"""What waits to be written, and writing it: records, breakers, and what becomes of claims on a day's budget.

When it is written belongs to `writer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, assert_never

from parley_profiling.stores.rows import breaker_to_row, to_row
from parley_profiling.stores.schema import BREAKERS, RESERVATIONS, TABLE
from parley_providers.breaker import StoredBreaker
from parley_providers.records import CallRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A call told its cost, which its record has: what was set aside for it is so no longer."""

    reservation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A file with records of that day was damaged and is kept under a name with `suffix`: what they cost is unknown."""

    suffix: str
    at: datetime


Item: TypeAlias = CallRecord | StoredBreaker | Released | Lost


def write_items(database: Database, items: Iterable[Item]) -> None:
    """Write `items` in their order, all or none."""
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        for item in items:
            _write(database, item)
        database.conn.execute("COMMIT")
    finally:
        if database.conn.in_transaction:
            database.conn.execute("ROLLBACK")


def _write(database: Database, item: Item) -> None:
    match item:
        case CallRecord():
            row = to_row(item)
            database.conn.execute(_insertion("INSERT OR IGNORE", TABLE, tuple(row)), row)
        case StoredBreaker():
            row = breaker_to_row(item)
            database.conn.execute(_insertion("INSERT OR REPLACE", BREAKERS, tuple(row)), row)
        case Released(reservation_id=found):
            database.conn.execute(f"DELETE FROM {RESERVATIONS} WHERE reservation_id = ?", (found,))  # noqa: S608 - our own name
        case Lost(suffix=suffix, at=at):
            lost = {"reservation_id": suffix, "day": at.astimezone(UTC).date().isoformat(), "usd": None}
            database.conn.execute(_insertion("INSERT OR REPLACE", RESERVATIONS, tuple(lost)), lost)
        case unknown:
            assert_never(unknown)


@lru_cache(maxsize=4)
def _insertion(verb: str, table: str, columns: tuple[str, ...]) -> str:
    """Written out: `insert_all` looks at the schema each time, which takes 6 ms from whoever answers meanwhile."""
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{each}' for each in columns)})"
