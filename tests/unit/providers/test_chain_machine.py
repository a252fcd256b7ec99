"""The chain under faults, with time as a number: no request lost or doubled, breakers as a small model predicts."""

import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parley_providers.breaker import BreakerStatus
from support.chain_world import COOLING, NEUTRAL, RETRY_AFTERS, TRIPPING, World, storm

PICK = st.integers(min_value=0, max_value=1000)


class ChainMachine(RuleBasedStateMachine):
    """Requests begin, end in every way and in any order, and are given up while time passes; and Parley restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(count=st.integers(min_value=1, max_value=4))
    def ask(self, count):
        for _ in range(count):
            self.world.ask()

    @precondition(lambda self: self.world.waiting)
    @rule(
        pick=PICK,
        outcome=st.one_of(st.just("ok"), st.sampled_from(TRIPPING + NEUTRAL + COOLING)),
        retry_after_s=st.sampled_from(RETRY_AFTERS),
    )
    def end(self, pick, outcome, retry_after_s):
        self.world.end(self.world.waiting[pick % len(self.world.waiting)], outcome, retry_after_s)

    @precondition(lambda self: self.world.waiting)
    @rule(pick=PICK)
    def cancel(self, pick):
        self.world.cancel(self.world.waiting[pick % len(self.world.waiting)])

    @precondition(lambda self: self.world.waiting)
    @rule(pick=PICK)
    def refuse_the_key(self, pick):
        self.world.end(self.world.waiting[pick % len(self.world.waiting)], "auth")

    @rule(name=st.sampled_from([0, 1]))
    def change_the_key(self, name):
        provider = self.world.providers[name]
        if provider.model.status is BreakerStatus.DISABLED:
            self.world.breakers.rekeyed(provider.name)
            provider.model = type(provider.model)(self.world.clock)

    @rule()
    def restart(self):
        self.world.restart()

    @rule(seconds=st.sampled_from([1, 7, 15, 30, 300]))
    def wait(self, seconds):
        self.world.clock.pass_s(seconds)

    @invariant()
    def breakers_are_as_predicted(self):
        self.world.check()

    def teardown(self):
        self.world.finish()


TestChainMachine = ChainMachine.TestCase
TestChainMachine.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_ten_thousand_requests_are_neither_lost_nor_doubled():
    """Three in ten calls fail, up to eight requests are under way at once, and some are given up."""
    world = storm(10_000, random.Random(5))
    assert len(world.records) > 10_000
    assert 0.28 < world.fault_share < 0.32
    world.finish()
