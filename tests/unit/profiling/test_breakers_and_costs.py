"""Breakers and costs in the file of call records."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from parley_profiling.stores import CallStore
from parley_providers.breaker import BreakerKey, BreakerStatus, StoredBreaker
from parley_providers.clock import SYSTEM_CLOCK
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
    assert (store.load(), store.spent_usd(date(2026, 3, 1))) == ((), 0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_counts_as_nothing_kept_and_is_told(tmp_path, caplog):
    """An answer is not lost for a breaker."""
    (tmp_path / "calls.db").write_bytes(b"not a database" * 100)
    store = reopened(tmp_path / "calls.db")
    assert (store.load(), store.spent_usd(date(2026, 3, 1))) == ((), 0.0)
    assert caplog.text.count("is damaged") == 2


def test_a_day_costs_what_its_calls_cost_as_far_as_known(tmp_path):
    """Unknown costs are left out, other days too."""
    store = reopened(tmp_path / "calls.db")
    for number, (at, cost) in enumerate([(NOON, 0.25), (NOON, 0.5), (NOON, None), (NOON - timedelta(days=1), 9.0)]):
        store.observe(replace(WARM, record_id=str(number), started_at=at, cost_usd=cost))
    assert store.flush(timeout_s=30)
    assert store.spent_usd(NOON.date()) == 0.75
    store.close()


def test_a_reason_is_redacted(tmp_path):
    """An error's message may quote a key."""
    store = reopened(tmp_path / "calls.db")
    store.save(replace(OPEN, reason="refused: sk-ant-REDACTED"))
    store.close()
    assert "abcdefghij" not in store.load()[0].reason
