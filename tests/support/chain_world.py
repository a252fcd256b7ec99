"""A chain whose providers do what a test says, when it says so; beside it a small model of its breakers.

Nothing waits: time is a number that the test, or a retry's wait, moves on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from parley_providers import errors
from parley_providers.breaker import BreakerKey, Breakers, BreakerStatus
from parley_providers.chain import ProviderChain
from parley_providers.collect import collect
from parley_providers.measure import Instruments
from parley_providers.messages import TextPart, user
from parley_providers.provider import ModelFacts
from parley_providers.requests import (
    FinishReason,
    LLMRequest,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamStart,
)
from parley_providers.resilience import Resilience
from parley_providers.route import Route, asked_for

TRIPPING = ("server", "overloaded", "connection", "timeout", "truncated")
NEUTRAL = ("not_found", "context_window", "bad_request", "content_filter")
COOLING = ("rate_limit", "quota")
FAULTS = {
    "server": errors.ServerError,
    "overloaded": errors.OverloadedError,
    "connection": errors.ConnectionFailedError,
    "timeout": errors.DeadlineExceededError,
    "truncated": errors.StreamTruncatedError,
    "not_found": errors.ModelNotFoundError,
    "context_window": errors.ContextWindowError,
    "bad_request": errors.BadRequestError,
    "content_filter": errors.ContentFilteredError,
    "rate_limit": errors.RateLimitedError,
    "quota": errors.QuotaExceededError,
    "auth": errors.AuthenticationError,
}


RETRY_AFTERS = (None, 0.5, 5.0, 1000.0)


def storm(requests, dice):
    """A world in which so many requests were begun and ended, three in ten calls failing; breakers checked each step.

    Up to eight requests are under way at once, and some are given up.
    """
    world, kinds = World(), sorted(set(FAULTS) - {"auth"})
    while len(world.tasks) < requests or world.waiting:
        if len(world.waiting) < 8 and len(world.tasks) < requests:
            world.ask()
        if not world.waiting:
            world.clock.pass_s(60)
        elif len(world.waiting) == 8 or dice.random() < 0.6:
            call = dice.choice(world.waiting)
            if dice.random() < 0.02:
                world.cancel(call)
            elif dice.random() < 0.3:
                world.end(call, dice.choice(kinds), dice.choice(RETRY_AFTERS[:3]))
            else:
                world.end(call, "ok")
        world.clock.pass_s(8 * dice.random())
        world.check()
    return world


@dataclass
class VirtualClock:
    ns: int = 0

    def monotonic_ns(self):
        return self.ns

    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.ns // 1000)

    @property
    def seconds(self):
        return self.ns / 1e9

    def pass_s(self, seconds):
        self.ns += int(seconds * 1e9)


@dataclass
class BreakerModel:
    """What is expected of one breaker: three failures in a row open it for 15 s, doubling up to 300."""

    clock: VirtualClock
    status: BreakerStatus = BreakerStatus.CLOSED
    failures: int = 0
    openings: int = 0
    until_s: float = 0.0
    probe: object = None

    def lets_through(self):
        match self.status:
            case BreakerStatus.CLOSED:
                return True
            case BreakerStatus.OPEN:
                return self.clock.ns >= int(self.until_s * 1e9)
            case BreakerStatus.HALF_OPEN:
                return self.probe is None
        return False

    def begin(self, call):
        assert self.lets_through(), f"asked while {self.status}"
        if self.status is not BreakerStatus.CLOSED:
            self.status, self.probe = BreakerStatus.HALF_OPEN, call

    def end(self, call, outcome, retry_after_s=None):
        if self.status is BreakerStatus.HALF_OPEN and self.probe is not call:
            return
        is_probe, self.probe = self.probe is call, None
        if self.status is BreakerStatus.DISABLED:
            return
        if outcome == "auth":
            self.status = BreakerStatus.DISABLED
        elif outcome in COOLING:
            self._open(min(retry_after_s or 20.0, 300.0))
        elif outcome == "ok" and (is_probe or self.status is BreakerStatus.CLOSED):
            self.status, self.failures, self.openings = BreakerStatus.CLOSED, 0, 0
        elif outcome in TRIPPING and (is_probe or self.status is BreakerStatus.CLOSED):
            self.failures += 1
            if is_probe or self.failures >= 3:
                self._open(min(15.0 * 2**self.openings, 300.0))
                self.openings += 1

    def restart(self):
        """What a restart does not survive: a count of failures that opened nothing, a probe, a refused key."""
        if self.status in (BreakerStatus.CLOSED, BreakerStatus.DISABLED):
            self.status, self.failures, self.openings = BreakerStatus.CLOSED, 0, 0
        else:
            self.status, self.probe = BreakerStatus.OPEN, None

    def _open(self, seconds):
        self.status = BreakerStatus.OPEN
        self.until_s = (self.clock.ns + int(seconds * 1e9)) / 1e9


@dataclass(eq=False)
class Call:
    """One attempt that reached a provider and waits for the test to say how it ends."""

    provider: StagedProvider
    request_id: str
    verdict: asyncio.Future


class StagedProvider:
    """Implements `Provider`; each call waits for its verdict."""

    origin = "https://staged.example.com"

    def __init__(self, name, world):
        self.name = name
        self.world = world
        self.model = BreakerModel(world.clock)

    async def is_available(self):
        return True

    async def models(self):
        return (await self.facts("m"),)

    async def facts(self, model):
        return ModelFacts(name=model, provider=self.name)

    async def stream(self, request):
        call = Call(self, request.correlation_id, asyncio.get_running_loop().create_future())
        self.model.begin(call)
        self.world.waiting.append(call)
        outcome, retry_after_s = "cancelled", None
        try:
            outcome, retry_after_s = await call.verdict
            if outcome not in ("ok", "truncated"):
                raise self._error(outcome, retry_after_s)
            yield StreamStart(route=asked_for(self.name, "m"))
            yield PartStart(index=0, kind="text")
            yield PartDelta(index=0, text="half")
            if outcome == "truncated":
                raise self._error(outcome, retry_after_s)
            yield PartEnd(index=0, part=TextPart(text=f"answer to {call.request_id}"))
            yield StreamFinish(reason=FinishReason.STOP, raw="stop")
            self.world.answered.append(call.request_id)
        finally:
            if call in self.world.waiting:
                self.world.waiting.remove(call)
            self.model.end(call, outcome, retry_after_s)

    async def complete(self, request):
        return await collect(self.stream(request))

    async def aclose(self):
        pass

    def _error(self, kind, retry_after_s):
        error = FAULTS[kind](f"{kind} at {self.name}", provider=self.name, model="m")
        error.retry_after_s = retry_after_s
        return error


@dataclass
class World:
    """A chain of two staged providers, the requests that were begun, and what became of them."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    waiting: list[Call] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    tasks: dict[str, asyncio.Task] = field(default_factory=dict)
    records: list = field(default_factory=list)
    stored: dict = field(default_factory=dict)
    checked: int = 0

    def __post_init__(self):
        self.runner = asyncio.Runner()
        self.providers = (StagedProvider("a", self), StagedProvider("b", self))
        self.start()

    def start(self):
        """A process of Parley begins: its chain takes over the breakers that were kept."""

        async def sleep(seconds):
            self.clock.pass_s(seconds)

        self.breakers = Breakers(clock=self.clock, store=self)
        resilience = Resilience(breakers=self.breakers, sleep=sleep, draw=lambda: 0.5)
        self.chain = ProviderChain(
            self.providers, self, Instruments(clock=self.clock, new_id=lambda: "r", observer=self), resilience
        )
        self.runner.run(resilience.ready())

    async def routes(self, request):
        return tuple(
            Route(provider=each.name, model="m", reason="configured", why="It is configured.")
            for each in self.providers
        )

    def observe(self, record):
        self.records.append(record)

    def load(self):
        return tuple(self.stored.values())

    def save(self, breaker):
        self.stored[breaker.key] = breaker

    def ask(self):
        """One more request is under way; nobody waits for it."""
        request_id = str(len(self.tasks))
        request = LLMRequest(messages=(user("hi"),), task_class="custom", correlation_id=request_id)
        # The machine's rules are no coroutines, so that no task group can span them.
        self.tasks[request_id] = self.runner.get_loop().create_task(self._events(request))
        self.settle()

    def restart(self):
        """The process ends, with all that is under way, and another begins."""
        while self.waiting:
            self.cancel(self.waiting[0])
        for each in self.providers:
            each.model.restart()
        self.start()

    def end(self, call, outcome, retry_after_s=None):
        """The provider does `outcome` to this call."""
        call.verdict.set_result((outcome, retry_after_s))
        self.settle()

    def cancel(self, call):
        """The person gives this request up."""
        self.tasks[call.request_id].cancel()
        self.settle()

    def settle(self):
        """Let everything run that can."""

        async def turn():
            for _ in range(12):
                await asyncio.sleep(0)

        self.runner.run(turn())

    def check(self):
        """The breakers are as the model says."""
        for each in self.providers:
            state = self.breakers.state(BreakerKey(provider=each.name, origin=each.origin, model="m"))
            expected = (each.model.status, each.model.lets_through())
            key = BreakerKey(provider=each.name, origin=each.origin, model="m")
            assert (state.status, self.breakers.admits(key)) == expected
            if state.status is BreakerStatus.CLOSED:
                assert state.failures == each.model.failures
            self.checked += 1

    @property
    def fault_share(self):
        """Which share of the calls failed by a fault of the provider's."""
        return sum(record.outcome not in ("ok", "cancelled") for record in self.records) / len(self.records)

    def finish(self):
        """Everything under way is answered; then no request is lost or doubled."""
        while self.waiting:
            self.end(self.waiting[0], "ok")
        assert [task for task in self.tasks.values() if not task.done()] == []
        results = {name: None if task.cancelled() else task.result() for name, task in self.tasks.items()}
        texts = {name: result for name, result in results.items() if isinstance(result, str)}
        assert texts == {name: f"answer to {name}" for name in self.answered}
        assert len(self.answered) == len(set(self.answered))
        served = [record.correlation_id for record in self.records if record.outcome == "ok"]
        assert sorted(served) == sorted(self.answered)
        self.runner.close()

    async def _events(self, request):
        """The answer's text, or the error: every request ends in one of them."""
        try:
            return (await self.chain.complete(request)).text
        except errors.ProviderError as error:
            return error
