"""Call records that no database takes as they are, and what nobody thought of: the records after them are kept."""

import logging
from dataclasses import replace

import pytest

from parley_profiling.stores import CallStore, read_calls
from parley_profiling.stores.rows import breaker_from_row, breaker_to_row
from parley_providers.breaker import BreakerKey, BreakerStatus, StoredBreaker
from parley_providers.usage import Timings, Usage
from support.records import STARTED, WARM, StoppedClock


class BreakingClock(StoppedClock):
    """One that breaks when it is told to."""

    broken = False

    def now(self):
        if self.broken:
            raise ArithmeticError("no time")
        return super().now()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "parley" / "calls.db"


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        pytest.param({"usage": Usage(prompt_tokens=2**63)}, {"usage": Usage()}, id="a figure of 64 bits"),
        pytest.param({"usage": Usage(output_tokens=-(2**63) - 1)}, {"usage": Usage()}, id="a figure below all"),
        pytest.param({"usage": Usage(output_tokens={"n": 3})}, {"usage": Usage()}, id="no figure"),
        pytest.param({"timings": Timings(load_ns=[1])}, {"timings": Timings()}, id="no duration"),
        pytest.param({"error": "it said \ud83d"}, {"error": "it said ?"}, id="half a character in an error"),
        pytest.param({"model": "m\udc80"}, {"model": "m?"}, id="half a character in a name"),
        pytest.param({"settings": {"n": "\ud83d"}}, {"settings": {"n": "?"}}, id="half a character in a setting"),
    ],
)
def test_what_a_server_said_that_cannot_be_kept_is_unknown(path, odd, kept):
    """The rest of its record is kept, and so is the record after it; no thread ends by it."""
    store, after = CallStore(path, clock=StoppedClock()), replace(WARM, record_id="r2")
    store.observe(replace(WARM, **odd))
    assert store.flush(timeout_s=30)
    store.observe(after)
    assert store.close(timeout_s=30) == 0
    assert read_calls(path) == (replace(WARM, **kept), after)


def test_a_breaker_whose_reason_is_half_a_character_is_kept():
    """A reason is an error's message, and that a server's word."""
    key = BreakerKey(provider="ollama", origin="http://127.0.0.1:1", model="m")
    breaker = StoredBreaker(
        key=key, status=BreakerStatus.OPEN, failures=1, openings=1, until=STARTED, reason="it said \ud83d"
    )
    assert breaker_from_row(breaker_to_row(breaker)) == replace(breaker, reason="it said ?")


def test_a_failure_that_nobody_thought_of_is_told_and_the_next_records_are_kept(path, caplog):
    """Here of the clock that names a damaged file; whoever waits for the record is not held up."""
    clock = BreakingClock()
    store = CallStore(path, clock=clock)
    path.parent.mkdir()
    path.write_bytes(b"no database " * 500)
    clock.broken = True
    with caplog.at_level(logging.ERROR):
        store.observe(WARM)
        assert store.flush(timeout_s=30)
    clock.broken = False
    store.observe(replace(WARM, record_id="r2"))
    assert store.flush(timeout_s=30)
    assert store.close(timeout_s=30) == 1
    assert read_calls(path) == (replace(WARM, record_id="r2"),)
    assert caplog.messages[:1] == ["1 call records were not kept: ArithmeticError: no time"]


def test_after_such_a_failure_the_file_is_opened_anew(path, caplog):
    """What it failed on may be closed: the next records are written at once, and nobody is told that they cannot be."""
    clock = BreakingClock()
    store = CallStore(path, clock=clock)
    store.observe(WARM)
    assert store.flush(timeout_s=30)
    for each in path.parent.iterdir():
        with each.open("r+b") as file:
            file.write(b"no database " * 500)
    clock.broken = True
    store.observe(replace(WARM, record_id="r2"))
    assert store.flush(timeout_s=30)
    clock.broken = False
    store.observe(replace(WARM, record_id="r3"))
    assert store.close(timeout_s=30) == 1
    assert read_calls(path) == (replace(WARM, record_id="r3"),)
    assert "closed database" not in caplog.text
