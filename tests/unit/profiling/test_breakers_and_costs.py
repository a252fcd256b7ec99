"""Breakers, costs and reservations in the file of call records."""

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parley_profiling.stores import CallStore, DayTotal, day_total
from parley_providers.breaker import BreakerKey, BreakerStatus, StoredBreaker
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.errors import BudgetUnknownError
from parley_providers.spending import Claim
from support.records import WARM

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPEN = StoredBreaker(
    key=BreakerKey(provider="ollama", origin="http://127.0.0.1:11434", model="m"),
    status=BreakerStatus.OPEN,
    failures=3,
    openings=1,
    until=NOON,
    reason="boom",
)


@dataclass
class At:
    """A clock that stands still."""

    moment: datetime

    def monotonic_ns(self) -> int:
        return 0

    def now(self) -> datetime:
        return self.moment


def reopened(path: Path) -> CallStore:
    return CallStore(path, clock=SYSTEM_CLOCK)


def test_a_breaker_is_there_after_a_restart_and_the_last_word_wins(tmp_path):
    """One row for each key."""
    store = reopened(tmp_path / "calls.db")
    store.save(OPEN)
    store.save(replace(OPEN, status=BreakerStatus.CLOSED, failures=0))
    assert store.close() == 0
    assert reopened(tmp_path / "calls.db").load() == (replace(OPEN, status=BreakerStatus.CLOSED, failures=0),)


def test_no_file_means_nothing_kept_and_nothing_spent(tmp_path):
    """Asking makes no file."""
    store = reopened(tmp_path / "calls.db")
    assert (store.load(), day_total(tmp_path / "calls.db", NOON.date())) == ((), DayTotal())
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_counts_as_nothing_kept_and_is_told(tmp_path, caplog):
    """An answer is not lost for a breaker."""
    (tmp_path / "calls.db").write_bytes(b"not a database" * 100)
    assert reopened(tmp_path / "calls.db").load() == ()
    assert caplog.text.count("is damaged") == 1


def test_a_day_costs_what_its_calls_cost_as_far_as_known(tmp_path):
    """Unknown costs are left out, other days too."""
    store = reopened(tmp_path / "calls.db")
    for number, (at, cost) in enumerate([(NOON, 0.25), (NOON, 0.5), (NOON, None), (NOON - timedelta(days=1), 9.0)]):
        store.observe(replace(WARM, record_id=str(number), started_at=at, cost_usd=cost))
    assert store.flush(timeout_s=30)
    assert day_total(tmp_path / "calls.db", NOON.date()) == DayTotal(spent_usd=0.75)
    store.close()


def claim(reservation_id: str, usd: float, at: datetime = NOON) -> Claim:
    return Claim(reservation_id=reservation_id, at=at, usd=usd, limit_usd=1.0)


def test_what_is_set_aside_counts_until_its_calls_record_is_written(tmp_path):
    """Never both and never neither: the record and the release are written in the order in which they were taken."""
    store, path = reopened(tmp_path / "calls.db"), tmp_path / "calls.db"
    assert store.set_aside(claim("a", 0.75)) is None
    assert store.set_aside(claim("b", 0.5)) == 0.75
    assert day_total(path, NOON.date()) == DayTotal(reserved_usd=0.75)
    store.observe(replace(WARM, started_at=NOON, cost_usd=0.25))
    store.release("a")
    assert store.flush(timeout_s=30)
    assert day_total(path, NOON.date()) == DayTotal(spent_usd=0.25)
    assert store.set_aside(claim("c", 0.75)) is None
    store.close()


def test_what_was_never_released_counts_in_its_day_and_no_longer(tmp_path):
    """Its call may have cost that much; tomorrow it is forgotten."""
    store = reopened(tmp_path / "calls.db")
    assert store.set_aside(claim("a", 1.0)) is None
    assert store.set_aside(claim("b", 0.25)) == 1.0
    assert store.set_aside(claim("c", 1.0, NOON + timedelta(days=1))) is None
    assert day_total(tmp_path / "calls.db", NOON.date()) == DayTotal()


@pytest.mark.parametrize("damage", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_day_whose_records_cannot_be_read_allows_nothing(tmp_path, damage):
    """Neither before the damaged file is moved aside, nor after it, until the day is over; each tells the way out."""
    path = tmp_path / "calls.db"
    path.write_bytes(damage)
    store = CallStore(path, clock=At(NOON))
    with pytest.raises(BudgetUnknownError, match=r"is damaged .* Take budget\.day_usd away, or ask a local model"):
        store.set_aside(claim("a", 0.25))
    store.observe(replace(WARM, started_at=NOON, cost_usd=0.0))
    assert store.flush(timeout_s=30)
    with pytest.raises(BudgetUnknownError, match=r"found damaged is unknown.* Take budget\.day_usd away"):
        store.set_aside(claim("b", 0.25))
    assert day_total(path, NOON.date()) == DayTotal(whole=False)
    assert store.set_aside(claim("c", 0.25, NOON + timedelta(days=1))) is None
    store.close()


def test_setting_aside_leaves_the_locks_of_the_writers_connection_alone(tmp_path):
    """Else another process that closes the file believes to be the last, and takes away what the writer wrote."""
    path = tmp_path / "calls.db"
    store = reopened(path)
    store.observe(WARM)
    assert store.flush(timeout_s=30)
    assert store.set_aside(claim("a", 0.25)) is None
    look = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM calls').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", look, str(path)], check=True, timeout=60)
    assert path.with_name("calls.db-wal").exists()
    store.close()


def test_a_folder_that_is_none_allows_nothing(tmp_path):
    """A disk that refuses is told with what to do."""
    (tmp_path / "records").write_text("I am a file.")
    store = reopened(tmp_path / "records" / "calls.db")
    with pytest.raises(BudgetUnknownError, match="cannot be kept: Call records cannot be kept in"):
        store.set_aside(claim("a", 0.25))


def test_a_reason_is_redacted(tmp_path):
    """An error's message may quote a key."""
    store = reopened(tmp_path / "calls.db")
    store.save(replace(OPEN, reason="refused: sk-ant-REDACTED"))
    store.close()
    assert "abcdefghij" not in store.load()[0].reason
