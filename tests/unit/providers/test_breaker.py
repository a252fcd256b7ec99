"""The circuit breaker, checked against a small model of it and case by case."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from parley_providers.breaker import BreakerKey, Breakers, BreakerSettings, BreakerStatus, StoredBreaker
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContextWindowError,
    DeadlineExceededError,
    KeyReplacedError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    StreamTruncatedError,
)

KEY = BreakerKey(provider="p", origin="http://127.0.0.1:1", model="m")
OTHER = BreakerKey(provider="p", origin="http://127.0.0.1:1", model="other")


@dataclass
class ManualClock:
    """Time that a test moves."""

    ns: int = 0
    wall: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return self.wall

    def pass_s(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)
        self.wall += timedelta(seconds=seconds)


@dataclass
class KeptBreakers:
    """A store in memory that counts its writes."""

    kept: dict[BreakerKey, StoredBreaker] = field(default_factory=dict)
    writes: int = 0

    def load(self) -> tuple[StoredBreaker, ...]:
        return tuple(self.kept.values())

    def save(self, breaker: StoredBreaker) -> None:
        self.kept[breaker.key] = breaker
        self.writes += 1


def opened(clock: ManualClock, store: KeptBreakers | None = None) -> Breakers:
    breakers = Breakers(clock=clock, store=store)
    for _ in range(3):
        breakers.admitted(KEY)
        breakers.failed(KEY, ServerError("boom"))
    return breakers


def restored(clock: ManualClock, store: KeptBreakers) -> Breakers:
    breakers = Breakers(clock=clock, store=store)
    breakers.restore(store.load())
    return breakers


def test_three_failures_in_a_row_open_it_and_others_are_untouched():
    """A breaker guards one key only."""
    breakers = opened(ManualClock())
    assert (breakers.admits(KEY), breakers.admits(OTHER)) == (False, True)


def test_a_success_between_failures_starts_the_count_anew():
    """Only failures in a row count."""
    breakers = Breakers(clock=ManualClock())
    for _ in range(2):
        breakers.failed(KEY, ServerError("boom"))
    breakers.succeeded(KEY)
    for _ in range(2):
        breakers.failed(KEY, ServerError("boom"))
    assert breakers.state(KEY).status is BreakerStatus.CLOSED


@pytest.mark.parametrize("error", [BadRequestError("no"), ContextWindowError("long")])
def test_errors_of_the_request_are_neutral(error):
    """Whatever their status, they tell nothing about the server."""
    breakers = Breakers(clock=ManualClock())
    for _ in range(20):
        breakers.failed(KEY, error)
    assert breakers.admits(KEY)


@pytest.mark.parametrize("error", [DeadlineExceededError("slow"), StreamTruncatedError("cut"), ServerError("500")])
def test_faults_of_the_server_trip_it(error):
    """A deadline, a truncation and a 5xx count alike."""
    breakers = Breakers(clock=ManualClock())
    for _ in range(3):
        breakers.failed(KEY, error)
    assert not breakers.admits(KEY)


def test_half_open_lets_exactly_one_probe_through():
    """While the probe is under way everyone else is turned away."""
    clock = ManualClock()
    breakers = opened(clock)
    clock.pass_s(15)
    assert breakers.admits(KEY)
    breakers.admitted(KEY)
    assert not breakers.admits(KEY)


def test_why_nothing_is_let_through_says_for_how_long():
    """Seconds that are left, rounded up; the probe that is under way; or a restart, after the key was refused."""
    clock = ManualClock()
    breakers = opened(clock)
    clock.pass_s(4)
    told = [breakers.why_not(KEY)]
    clock.pass_s(11)
    breakers.admitted(KEY)
    told.append(breakers.why_not(KEY))
    breakers.failed(KEY, AuthenticationError("No."))
    assert [*told, breakers.why_not(KEY)] == [
        "for another 11 s, since it failed: boom",
        "while one request tries whether it is back, since it failed: boom",
        "again before its key is replaced or Parley starts anew, since it was refused: No.",
    ]


def test_a_cancelled_probe_gives_its_place_to_the_next():
    """Cancelling neither closes nor opens a breaker."""
    clock = ManualClock()
    breakers = opened(clock)
    clock.pass_s(15)
    breakers.admitted(KEY)
    breakers.released(KEY)
    assert (breakers.state(KEY).status, breakers.admits(KEY)) == (BreakerStatus.HALF_OPEN, True)


def test_a_failed_probe_waits_twice_as_long():
    """15 s, then 30 s, up to the longest."""
    clock = ManualClock()
    breakers = opened(clock)
    clock.pass_s(15)
    breakers.admitted(KEY)
    breakers.failed(KEY, ServerError("still down"))
    clock.pass_s(29)
    assert not breakers.admits(KEY)
    clock.pass_s(1)
    assert breakers.admits(KEY)


@pytest.mark.parametrize(("retry_after_s", "waits_s"), [(None, 20), (7.0, 7), (1e9, 300)])
def test_a_rate_limit_is_a_cooldown(retry_after_s, waits_s):
    """As long as the server asks, within reason; it is not a failure."""
    clock = ManualClock()
    breakers = Breakers(clock=clock)
    breakers.failed(KEY, RateLimitedError("429", retry_after_s=retry_after_s))
    clock.pass_s(waits_s - 0.1)
    assert not breakers.admits(KEY)
    clock.pass_s(0.2)
    assert breakers.admits(KEY)
    assert breakers.state(KEY).failures == 0


def test_an_exhausted_quota_is_a_cooldown_too():
    """Asking again at once cannot help."""
    breakers = Breakers(clock=ManualClock())
    breakers.failed(KEY, QuotaExceededError("no money"))
    assert not breakers.admits(KEY)


def test_a_refused_key_disables_until_reset_and_keeps_its_reason():
    """Neither time nor a late success or failure of an older call enables it again."""
    clock = ManualClock()
    breakers = Breakers(clock=clock)
    breakers.failed(KEY, AuthenticationError("key refused"))
    clock.pass_s(10_000)
    breakers.succeeded(KEY)
    breakers.failed(KEY, ServerError("late"))
    breakers.failed(KEY, RateLimitedError("late"))
    assert (breakers.admits(KEY), breakers.state(KEY).reason) == (False, "key refused")
    breakers.rekeyed(KEY.provider)
    assert breakers.admits(KEY)


def test_a_new_key_lets_every_model_of_its_provider_be_asked_and_no_other():
    """What is open for another reason stays open, and another provider's refused key refused."""
    breakers = Breakers(clock=ManualClock(), settings=BreakerSettings(failures_to_open=1))
    refused = AuthenticationError("No.")
    one, two, down, away = (
        BreakerKey(provider=provider, origin="https://x", model=model)
        for provider, model in (("box", "one"), ("box", "two"), ("box", "down"), ("away", "one"))
    )
    for key, error in ((one, refused), (two, refused), (down, ServerError("500")), (away, refused)):
        breakers.failed(key, error)
    assert breakers.refused() == ("box", "away")
    breakers.failed(one, KeyReplacedError("It is another one by now."))
    assert [breakers.admits(key) for key in (one, two, down, away)] == [True, True, False, False]
    assert breakers.refused() == ("away",)


def test_a_late_result_does_not_change_an_open_breaker():
    """A call that was sent before it opened neither closes nor prolongs it."""
    breakers = opened(ManualClock())
    before = breakers.state(KEY)
    breakers.succeeded(KEY)
    breakers.failed(KEY, ServerError("late"))
    assert breakers.state(KEY) == before


def test_only_a_change_of_status_is_written():
    """Two failures and a hundred successes write nothing; the third failure in a row writes once."""
    store = KeptBreakers()
    breakers = Breakers(clock=ManualClock(), store=store)
    for _ in range(100):
        breakers.admitted(KEY)
        breakers.succeeded(KEY)
    opened_writes = store.writes
    for _ in range(3):
        breakers.failed(KEY, ServerError("boom"))
    assert (opened_writes, store.writes) == (0, 1)


def test_an_open_breaker_survives_a_restart():
    """The time that is left goes on, also when the monotonic clock began anew."""
    clock, store = ManualClock(), KeptBreakers()
    opened(clock, store)
    later = ManualClock(ns=5, wall=clock.wall + timedelta(seconds=10))
    restarted = restored(later, store)
    assert (restarted.admits(KEY), restarted.state(KEY).reason) == (False, "boom")
    later.pass_s(5)
    assert restarted.admits(KEY)
    assert set(restarted.states()) == {KEY}


def test_a_wall_clock_that_jumped_back_cannot_keep_it_open_for_ever():
    """At most the longest opening is waited for."""
    clock, store = ManualClock(), KeptBreakers()
    opened(clock, store)
    jumped = ManualClock(wall=clock.wall - timedelta(days=400))
    restarted = restored(jumped, store)
    jumped.pass_s(300)
    assert restarted.admits(KEY)


def test_a_refused_key_is_tried_once_more_after_a_restart():
    """The person may have replaced it."""
    store = KeptBreakers()
    Breakers(clock=ManualClock(), store=store).failed(KEY, AuthenticationError("key refused"))
    assert restored(ManualClock(), store).admits(KEY)


class BreakerMachine(RuleBasedStateMachine):
    """Calls start, end and are cancelled while time passes; a count and one deadline predict every admission."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.breakers = Breakers(clock=self.clock, settings=BreakerSettings(failures_to_open=2, open_s=10))
        self.run_of_failures = 0
        self.open_until_s: float | None = None
        self.openings = 0
        self.probe: int | None = None
        self.started = 0
        self.now_s = 0.0

    @invariant()
    def admission_is_as_predicted(self):
        expected = self.open_until_s is None or (self.now_s >= self.open_until_s and self.probe is None)
        assert self.breakers.admits(KEY) == expected

    @rule(target=calls)
    def start(self):
        self.started += 1
        if not self.breakers.admits(KEY):
            return None
        self.breakers.admitted(KEY)
        if self.open_until_s is not None:
            self.probe = self.started
            return ("probe", self.started)
        return ("call", self.started)

    @rule(seconds=st.integers(min_value=1, max_value=30))
    def wait(self, seconds):
        self.clock.pass_s(seconds)
        self.now_s += seconds

    @rule(call=calls, end=st.sampled_from(["ok", "down", "bad request", "cancelled"]))
    def finish(self, call, end):
        if call is None or (self.probe is not None) != (call == ("probe", self.probe)):
            return
        if self.open_until_s is not None and self.probe is None:
            return
        was_probe, self.probe = self.probe is not None, None
        match end:
            case "ok":
                self.breakers.succeeded(KEY)
                self.run_of_failures, self.open_until_s, self.openings = 0, None, 0
            case "down":
                self.breakers.failed(KEY, ServerError("down"))
                self.run_of_failures += 1
                if was_probe or self.run_of_failures >= 2:
                    self.open_until_s = self.now_s + min(10 * 2**self.openings, 300)
                    self.openings += 1
            case "bad request":
                self.breakers.failed(KEY, BadRequestError("bad"))
            case _:
                self.breakers.released(KEY)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
