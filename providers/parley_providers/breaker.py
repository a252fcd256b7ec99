"""The circuit breaker: whether a model at a provider may be asked now, given how the last calls ended.

The transitions are pure functions over a frozen state, with time as an argument. `Breakers` keeps one state for each
(provider, origin, model) and hands every change to a `BreakerStore`; retrying and falling back belong to the chain.

Only what is the server's fault counts against it. A request's own fault, a full context window and a cancellation are
neutral; a rate limit is a cooldown; a refused key disables until there is another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, assert_never

from parley_providers.errors import AuthenticationError, KeyReplacedError, QuotaExceededError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parley_providers.clock import Clock
    from parley_providers.errors import ProviderError

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BreakerKey:
    """What a breaker guards: one model at one origin of one provider."""

    provider: str
    origin: str
    model: str


class BreakerStatus(StrEnum):
    """What a breaker lets through: everything, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """One breaker: consecutive `failures`, how often it opened in a row, and until when (monotonic ns) it stays open.

    `probing` says that the one probe of a half-open breaker is under way. `reason` is the last failure, for the person.
    """

    status: BreakerStatus = BreakerStatus.CLOSED
    failures: int = 0
    openings: int = 0
    until_ns: int = 0
    probing: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a breaker opens and for how long, in seconds; the time doubles with each failed probe up to `longest_s`."""

    failures_to_open: int = 3
    open_s: float = 15.0
    longest_s: float = 300.0
    cooldown_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBreaker:
    """What survives a restart: `until` is wall time, since a monotonic clock starts anew."""

    key: BreakerKey
    status: BreakerStatus
    failures: int
    openings: int
    until: datetime
    reason: str


class BreakerStore(Protocol):
    """Keeps breakers over restarts; never raises, since a lost breaker may not lose an answer."""

    def load(self) -> tuple[StoredBreaker, ...]:
        """Every breaker that was kept; reads a disk, so it is called on a thread."""
        ...

    def save(self, breaker: StoredBreaker) -> None:
        """Keep one breaker in place of what was kept for its key: on a change of status only; returns at once."""
        ...


def admits(state: BreakerState, now_ns: int) -> bool:
    """Whether a call may be sent now."""
    match state.status:
        case BreakerStatus.CLOSED:
            return True
        case BreakerStatus.DISABLED:
            return False
        case BreakerStatus.OPEN:
            return now_ns >= state.until_ns
        case BreakerStatus.HALF_OPEN:
            return not state.probing
        case unknown:
            assert_never(unknown)


def why_not(state: BreakerState, now_ns: int) -> str:
    """For how long, and why, nothing is let through by a breaker that does not admit; goes on after "is not asked "."""
    match state.status:
        case BreakerStatus.DISABLED:
            return f"again before its key is replaced or Parley starts anew, since it was refused: {state.reason}"
        case BreakerStatus.OPEN:
            left_s = max(1, -((now_ns - state.until_ns) // _NS))
            return f"for another {left_s} s, since it failed: {state.reason}"
        case _:
            return f"while one request tries whether it is back, since it failed: {state.reason}"


def admitted(state: BreakerState, now_ns: int) -> BreakerState:
    """The state once a call that `admits` allowed was sent: an open breaker whose time is over sends its probe."""
    if state.status is BreakerStatus.CLOSED or not admits(state, now_ns):
        return state
    return replace(state, status=BreakerStatus.HALF_OPEN, probing=True)


def succeeded(state: BreakerState) -> BreakerState:
    """The state after a call that ended well. A late success does not close what opened meanwhile."""
    if state.status in (BreakerStatus.OPEN, BreakerStatus.DISABLED):
        return state
    return BreakerState()


def released(state: BreakerState) -> BreakerState:
    """The state after a call whose end tells nothing about the server: cancelled, or the request's own fault."""
    return replace(state, probing=False)


def failed(state: BreakerState, error: ProviderError, now_ns: int, settings: BreakerSettings) -> BreakerState:
    """The state after `error`."""
    reason = str(error)
    match error:
        case AuthenticationError() if not isinstance(error, KeyReplacedError):
            return replace(state, status=BreakerStatus.DISABLED, probing=False, reason=reason)
        case RateLimitedError() | QuotaExceededError():
            wait_s = min(error.retry_after_s or settings.cooldown_s, settings.longest_s)
            return _opened(state, now_ns + int(wait_s * _NS), reason, openings=state.openings)
        case _ if not error.trips_breaker:
            return released(state)
    if state.status in (BreakerStatus.OPEN, BreakerStatus.DISABLED):
        return state
    failures = state.failures + 1
    if state.status is BreakerStatus.CLOSED and failures < settings.failures_to_open:
        return replace(state, failures=failures, reason=reason)
    wait_s = min(settings.open_s * 2**state.openings, settings.longest_s)
    until_ns = now_ns + int(wait_s * _NS)
    return _opened(replace(state, failures=failures), until_ns, reason, openings=state.openings + 1)


def _opened(state: BreakerState, until_ns: int, reason: str, *, openings: int) -> BreakerState:
    if state.status is BreakerStatus.DISABLED:
        return state
    return replace(state, status=BreakerStatus.OPEN, until_ns=until_ns, openings=openings, probing=False, reason=reason)


@dataclass(slots=True)
class Breakers:
    """The breakers of one process, by key. Single-threaded: it lives on the event loop's thread."""

    clock: Clock
    store: BreakerStore | None = None
    settings: BreakerSettings = field(default_factory=BreakerSettings)
    _states: dict[BreakerKey, BreakerState] = field(default_factory=dict)

    def restore(self, stored: tuple[StoredBreaker, ...]) -> None:
        """Take over what a store kept; what happened in this process already is newer and stays."""
        now, now_ns = self.clock.now(), self.clock.monotonic_ns()
        for each in stored:
            self._states.setdefault(each.key, _restored(each, now, now_ns, self.settings))

    def state(self, key: BreakerKey) -> BreakerState:
        """The present state; a key that was never seen is closed."""
        return self._states.get(key, BreakerState())

    def states(self) -> Mapping[BreakerKey, BreakerState]:
        """Every breaker that has a state, for `parley doctor`."""
        return dict(self._states)

    def admits(self, key: BreakerKey, *, after_s: float = 0.0) -> bool:
        """Whether a call may be sent now, or after so many seconds if nothing else happens meanwhile."""
        return admits(self.state(key), self.clock.monotonic_ns() + int(after_s * _NS))

    def why_not(self, key: BreakerKey) -> str:
        """See `why_not`; now."""
        return why_not(self.state(key), self.clock.monotonic_ns())

    def admitted(self, key: BreakerKey) -> bool:
        """A call is being sent; the caller tells its end by exactly one of the three methods below.

        Whether it is the probe of a half-open breaker. A call that was sent before, while the breaker was closed, and
        ends only now tells nothing of how the server is by now, and must not give the probe's place away.
        """
        self._change(key, admitted(self.state(key), self.clock.monotonic_ns()))
        return self.state(key).status is BreakerStatus.HALF_OPEN

    def succeeded(self, key: BreakerKey, *, probe: bool = True) -> None:
        """The call ended well."""
        if self._counts(key, probe=probe):
            self._change(key, succeeded(self.state(key)))

    def released(self, key: BreakerKey, *, probe: bool = True) -> None:
        """The call was cancelled, or failed for a reason that is not the server's."""
        if self._counts(key, probe=probe):
            self._change(key, released(self.state(key)))

    def failed(self, key: BreakerKey, error: ProviderError, *, probe: bool = True) -> None:
        """The call failed."""
        if isinstance(error, KeyReplacedError):
            self.rekeyed(key.provider)
        if self._counts(key, probe=probe):
            self._change(key, failed(self.state(key), error, self.clock.monotonic_ns(), self.settings))

    def refused(self) -> tuple[str, ...]:
        """The providers that are not asked for some model, since their key was refused."""
        disabled = (key for key, state in self._states.items() if state.status is BreakerStatus.DISABLED)
        return tuple(dict.fromkeys(key.provider for key in disabled))

    def rekeyed(self, provider: str) -> None:
        """The person replaced the key of a provider: what was refused with the one before is forgotten."""
        for key, state in self.states().items():
            if key.provider == provider and state.status is BreakerStatus.DISABLED:
                self._change(key, BreakerState())

    def _counts(self, key: BreakerKey, *, probe: bool) -> bool:
        return probe or self.state(key).status is not BreakerStatus.HALF_OPEN

    def _change(self, key: BreakerKey, after: BreakerState) -> None:
        before = self.state(key)
        self._states[key] = after
        if self.store is None or (before.status, before.until_ns) == (after.status, after.until_ns):
            return
        wait = timedelta(seconds=max(0, after.until_ns - self.clock.monotonic_ns()) / _NS)
        self.store.save(
            StoredBreaker(
                key=key,
                status=after.status,
                failures=after.failures,
                openings=after.openings,
                until=self.clock.now() + wait,
                reason=after.reason,
            )
        )


def _restored(stored: StoredBreaker, now: datetime, now_ns: int, settings: BreakerSettings) -> BreakerState:
    """A kept breaker in this process's time; a clock that jumped cannot keep it open longer than `longest_s`.

    A refused key is tried once more after a restart, since the person may have replaced it meanwhile.
    """
    if stored.status in (BreakerStatus.CLOSED, BreakerStatus.DISABLED):
        return BreakerState(reason=stored.reason)
    left_s = min(max((stored.until - now).total_seconds(), 0.0), settings.longest_s)
    return BreakerState(
        status=BreakerStatus.OPEN,
        failures=stored.failures,
        openings=stored.openings,
        until_ns=now_ns + int(left_s * _NS),
        reason=stored.reason,
    )
