"""The budget of a day between real processes: they spend at once, and one of them is killed at any moment."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from parley_profiling.stores import DayTotal, day_total
from support.spending_process import MOST_TOKENS, NOON, USED_TOKENS, Spender

LIMIT_USD = 1.0
# Parts of a dollar that a float holds exactly, so that the prediction is exact, too.
PARTS = st.integers(1, 40).map(lambda part: part / 64)


class TwoProcesses(RuleBasedStateMachine):
    """Whether a call may be sent is exactly what all calls so far allow, whichever process made them."""

    spenders: list[Spender]  # started once for all runs: a process is slow to start

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.used_usd = 0.0
        self.under_way: list[tuple[int, int, float]] = []
        for which in (0, 1):
            self.begin(which)

    def begin(self, which):
        self.spenders[which]("begin", path=str(self.folder / "calls.db"), limit_usd=LIMIT_USD)

    @rule(which=st.sampled_from([0, 1]), usd=PARTS)
    def send(self, which, usd):
        told = self.spenders[which]("reserve", usd=usd)
        if self.used_usd + usd > LIMIT_USD:
            assert f"and ${self.used_usd:.4f} of the day budget of $1.00 is spent or reserved" in told["refused"]
        else:
            self.under_way.append((which, told["id"], usd))
            self.used_usd += usd

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 1000), share=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    def end(self, pick, share):
        which, number, usd = self.under_way.pop(pick % len(self.under_way))
        assert self.spenders[which]("settle", id=number, cost_usd=usd * share) == {"written": True}
        self.used_usd -= usd * (1 - share)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 1000))
    def break_off(self, pick):
        """The call ended without telling its cost: its worst case counts."""
        which, number, _ = self.under_way.pop(pick % len(self.under_way))
        assert self.spenders[which]("settle", id=number, cost_usd=None) == {"written": True}

    @precondition(lambda self: self.under_way)
    @rule()
    def kill(self):
        """What it had sent may have been paid for: that counts, and the next process knows of it."""
        which, *_ = self.under_way[0]
        self.spenders[which].kill()
        self.spenders[which].start()
        self.begin(which)
        self.under_way = [each for each in self.under_way if each[0] != which]

    def teardown(self):
        path = self.folder / "calls.db"
        assert day_total(path, NOON.date()).used_usd == self.used_usd <= LIMIT_USD
        shutil.rmtree(self.folder)


class TestTwoProcesses(TwoProcesses.TestCase):
    settings = settings(
        max_examples=8,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )

    @classmethod
    def setUpClass(cls):
        TwoProcesses.spenders = [Spender(), Spender()]

    @classmethod
    def tearDownClass(cls):
        for spender in TwoProcesses.spenders:
            spender.kill()


def test_two_processes_at_once_spend_the_day_and_not_a_cent_more(tmp_path):
    """Fifty requests each, all at once, through a chain: as many are answered as fit, and no other is sent."""
    spenders, path = [Spender(), Spender()], tmp_path / "calls.db"
    for spender in spenders:
        spender("begin", path=str(path), limit_usd=240.0)
    for spender in spenders:
        spender.send("ask", requests=50)
    answered = sum(spender.answer()["answered"] for spender in spenders)
    for spender in spenders:
        spender.kill()
    assert day_total(path, NOON.date()) == DayTotal(spent_usd=answered * USED_TOKENS)
    assert 240 / MOST_TOKENS <= answered <= 240 / USED_TOKENS
