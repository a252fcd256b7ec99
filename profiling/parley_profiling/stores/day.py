"""What one day (UTC) has cost, and what of its budget is set aside for calls under way, by whichever process.

Setting aside looks and writes within one transaction that no other process can come between. When to do so belongs to
`parley_providers.spending`; taking claims out of the book to `writer`, in the order in which calls were recorded.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from parley_profiling.stores.files import explained, open_for_reading, open_for_writing
from parley_profiling.stores.schema import RESERVATIONS, TABLE

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from sqlite_utils import Database

    from parley_providers.spending import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """US dollars: what the recorded calls of a day cost, as far as it is known, and what is `reserved` beside that.

    `whole` is False where records of that day were lost, so that nobody knows what else it cost.
    """

    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    whole: bool = True

    @property
    def used_usd(self) -> float:
        """Spent or reserved."""
        return self.spent_usd + self.reserved_usd


def set_aside(path: Path, claim: Claim, *, busy_s: float) -> DayTotal | None:
    """Enter `claim` into the file at `path`: None, or the day's total where that or a loss of records forbids it.

    Claims of the days before, whose calls never told their cost, are forgotten: each counted in its own day.

    Raises:
        StoreError: the file cannot be used; the message says what to do.
    """
    day = claim.at.astimezone(UTC).date()
    with explained(path), closing(open_for_writing(path, busy_s=busy_s)) as database:
        # A claim need outlive the process, not the machine: no write waits for the disk itself.
        database.conn.execute("PRAGMA synchronous = NORMAL")
        database.conn.execute("BEGIN IMMEDIATE")
        try:
            database.conn.execute(f"DELETE FROM {RESERVATIONS} WHERE day < ?", (day.isoformat(),))  # noqa: S608 - our own name
            total = _total(database, day)
            if not total.whole or total.used_usd + claim.usd > claim.limit_usd:
                return total
            row = (claim.reservation_id, day.isoformat(), claim.usd)
            database.conn.execute(f"INSERT INTO {RESERVATIONS} VALUES (?, ?, ?)", row)  # noqa: S608 - as above
            database.conn.execute("COMMIT")
        finally:
            if database.conn.in_transaction:
                database.conn.execute("ROLLBACK")
    return None


def day_total(path: Path, day: date, *, busy_s: float = 1.0) -> DayTotal:
    """What a day has used; nothing where there is no file yet.

    Raises:
        StoreError: the file cannot be read; the message says what to do.
    """
    if not path.exists():
        return DayTotal()
    with explained(path), closing(open_for_reading(path, busy_s=busy_s)) as database:
        return _total(database, day)


def _total(database: Database, day: date) -> DayTotal:
    bounds = (day.isoformat(), (day + timedelta(days=1)).isoformat())
    spent = f"SELECT total(cost_usd) FROM {TABLE} WHERE started_at >= ? AND started_at < ?"  # noqa: S608 - our own name
    reserved = f"SELECT total(usd), count(*) - count(usd) FROM {RESERVATIONS} WHERE day = ?"  # noqa: S608 - as above
    (spent_usd,) = database.conn.execute(spent, bounds).fetchone()
    reserved_usd, unknown = database.conn.execute(reserved, bounds[:1]).fetchone()
    return DayTotal(spent_usd=spent_usd, reserved_usd=reserved_usd, whole=not unknown)
