"""A chain over scripted providers whose time only waiting moves, and what it recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedPiece, ScriptedProvider
from parley_providers.breaker import BreakerKey, Breakers, BreakerSettings, BreakerStatus
from parley_providers.chain import ProviderChain
from parley_providers.measure import Instruments
from parley_providers.messages import user
from parley_providers.prices import Price, Prices
from parley_providers.requests import LLMRequest
from parley_providers.resilience import Resilience
from parley_providers.route import Route
from parley_providers.spending import Limits, Spending

API = "https://api.example.com"
PRICES = Prices({"paid/script": Price(input_usd=1000.0, output_usd=1000.0)})
REQUEST = LLMRequest(messages=(user("hi"),), task_class="explain")


@dataclass
class ManualClock:
    ns: int = 0
    wall_days: int = 0

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=self.wall_days)


@dataclass
class FixedRouter:
    order: tuple[Route, ...]

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        return self.order


@dataclass
class Kept:
    records: list = field(default_factory=list)

    def observe(self, record) -> None:
        self.records.append(record)


@dataclass
class Bench:
    """A chain over scripted providers, in the order given, with time that only waiting moves."""

    providers: tuple[ScriptedProvider, ...]
    clock: ManualClock = field(default_factory=ManualClock)
    kept: Kept = field(default_factory=Kept)
    waits_s: list[float] = field(default_factory=list)
    failures_to_open: int = 3

    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        async def sleep(seconds: float) -> None:
            self.waits_s.append(seconds)
            self.clock.ns += int(seconds * 1e9)

        order = tuple(
            Route(provider=each.name, model="script", reason="configured", why="It is configured.")
            for each in self.providers
        )
        self.breakers = Breakers(clock=self.clock, settings=BreakerSettings(failures_to_open=self.failures_to_open))
        self.spending = Spending(limits=self.limits, clock=self.clock)
        self.resilience = Resilience(breakers=self.breakers, spending=self.spending, sleep=sleep, draw=lambda: 0.5)
        self.instruments = Instruments(
            clock=self.clock, new_id=lambda: "id", observer=self.kept, prices=PRICES, session_id="s"
        )
        self.chain = ProviderChain(self.providers, FixedRouter(order), self.instruments, self.resilience)

    async def events(self, request=REQUEST):
        return [event async for event in self.chain.stream(request)]

    def status(self, name: str) -> BreakerStatus:
        return self.breakers.state(BreakerKey(provider=name, origin="", model="script")).status


def fails(kind, *, times=None, after_pieces=0, retry_after_s=None) -> ScriptedAnswer:
    pieces = tuple(ScriptedPiece(text="half ") for _ in range(after_pieces))
    fault = ScriptedFault(kind=kind, message=f"{kind} it was", after_pieces=after_pieces, retry_after_s=retry_after_s)
    return ScriptedAnswer(pieces=pieces, fault=fault, times=times)


def scripted(name, *answers, origin="") -> ScriptedProvider:
    return ScriptedProvider(answers, name=name, origin=origin)
