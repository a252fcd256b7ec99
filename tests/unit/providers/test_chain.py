"""The chain as a provider: what it asks of those behind it, and where it may send what."""

import asyncio
import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from parley_providers.adapters.scripted import ScriptedProvider, says
from parley_providers.breaker import BreakerKey, Breakers, BreakerStatus, StoredBreaker
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.errors import BreakerOpenError, ModelNotFoundError, NoModelError, ServerError
from parley_providers.measure import Instruments
from parley_providers.messages import user
from parley_providers.provider import Provider
from parley_providers.records import CallRecord
from parley_providers.requests import LLMRequest
from parley_providers.resilience import Resilience
from parley_providers.route import Route
from parley_providers.usage import Usage

REQUEST = LLMRequest(messages=(user("hi"),), task_class="explain")


@dataclass
class Kept:
    records: list[CallRecord] = field(default_factory=list)

    def observe(self, record):
        self.records.append(record)


@dataclass
class FixedRouter:
    order: tuple[Route, ...]

    async def routes(self, request):
        return self.order


class Failing(ScriptedProvider):
    """Available, but it can say nothing of its models."""

    async def models(self):
        raise ServerError("It fell over.")

    async def facts(self, model):
        raise ServerError("It fell over.")


class Away(ScriptedProvider):
    """Not there; remembers being closed."""

    closed = False

    async def is_available(self):
        return False

    async def aclose(self):
        self.closed = True


def _route(name):
    return Route(provider=name, model="script", reason="configured", why="It is configured.")


def _chain(*providers, routes=None, observer=None, resilience=None):
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: "id", observer=observer or Kept())
    order = tuple(_route(name) for name in (routes or [provider.name for provider in providers]))
    return ProviderChain(providers, FixedRouter(order), instruments, resilience)


async def test_a_chain_is_a_provider_without_an_origin():
    """Each call's record names that of the provider that served it."""
    one, other = ScriptedProvider([], name="one"), ScriptedProvider([], name="other")
    chain = _chain(one, other)
    assert isinstance(chain, Provider)
    assert (chain.name, chain.origin, chain.providers) == ("chain", "", (one, other))


async def test_a_chain_is_available_when_any_of_its_providers_is():
    """One is enough."""
    assert await _chain(Away([], name="a"), ScriptedProvider([], name="b")).is_available()
    assert not await _chain(Away([], name="a")).is_available()


async def test_models_are_those_of_the_providers_that_can_tell():
    """Neither one that is away nor one that fails hides the others'."""
    there = ScriptedProvider([], name="there")
    chain = _chain(Away([], name="a"), Failing([], name="b"), there)
    assert await chain.models() == await there.models()


async def test_facts_come_from_the_first_provider_that_knows_the_model():
    """A name that nobody knows is an error with the way out."""
    there = ScriptedProvider([], name="there")
    chain = _chain(Failing([], name="b"), there)
    assert (await chain.facts("script")).provider == "there"
    with pytest.raises(NoModelError, match="parley models list"):
        await chain.facts("nope")


async def test_the_facts_of_a_route_are_those_of_its_provider():
    """Its window sizes the prompt."""
    chain = _chain(ScriptedProvider([], name="a"), ScriptedProvider([], name="b"))
    assert (await chain.facts_of(_route("b"))).provider == "b"
    with pytest.raises(ModelNotFoundError):
        await chain.facts_of(replace(_route("b"), model="nope"))


async def test_a_route_to_a_provider_that_is_not_there_says_who_is():
    """A mistake in the configuration."""
    with pytest.raises(NoModelError, match=r"'x', which is not configured \(known: a\)"):
        await _chain(ScriptedProvider([], name="a"), routes=["x"]).complete(REQUEST)
    with pytest.raises(NoModelError, match="known: none"):
        await _chain(routes=["x"]).complete(REQUEST)


async def test_what_may_not_leave_this_machine_takes_only_routes_that_stay():
    """The first that stays serves it; with none, nothing is sent."""
    away = ScriptedProvider([says("from afar")], name="away", origin="https://models.example")
    here = ScriptedProvider([says("from here")], name="here", origin="http://127.0.0.1:1")
    bound = replace(REQUEST, loopback_only=True)
    chain = _chain(away, here)
    assert (await chain.route(REQUEST)).provider == "away"
    assert (await chain.route(bound)).provider == "here"
    assert (await chain.complete(bound)).text == "from here"
    with pytest.raises(NoModelError, match="Nothing was sent"):
        await _chain(away).complete(bound)
    assert away.asked == ()


async def test_a_model_that_cannot_be_looked_at_is_asked_and_recorded_all_the_same():
    """Every call ends in a record: here one without facts."""
    kept = Kept()
    chain = _chain(Failing([says("hello")], name="b"), observer=kept)
    assert (await chain.complete(REQUEST)).text == "hello"
    assert [(record.outcome, record.model_digest) for record in kept.records] == [("ok", None)]


def test_a_cost_is_known_unknown_or_nothing():
    """Nothing on this machine; unknown elsewhere, where nobody knows a price."""
    usage = Usage(prompt_tokens=1, output_tokens=1)
    near, far = ScriptedProvider((), name="near"), ScriptedProvider((), name="far", origin="https://far.example.com")
    chain = _chain(near, far)
    assert (chain.cost_usd(_route("near"), usage), chain.cost_usd(_route("far"), usage)) == (0.0, None)


async def test_closing_a_chain_closes_its_providers():
    """All of them."""
    first, second = Away([], name="a"), Away([], name="b")
    await _chain(first, second).aclose()
    assert (first.closed, second.closed) == (True, True)


@dataclass
class Store:
    """What breakers left behind."""

    kept: tuple[StoredBreaker, ...]
    loads: int = 0

    def load(self):
        self.loads += 1
        return self.kept

    def save(self, breaker):
        """Nothing changes here."""


async def test_what_breakers_left_behind_is_taken_over_once():
    """Before the first call of a process, not before each."""
    key = BreakerKey(provider="a", origin="", model="script")
    opened = StoredBreaker(
        key=key,
        status=BreakerStatus.OPEN,
        failures=3,
        openings=1,
        until=SYSTEM_CLOCK.now() + timedelta(minutes=1),
        reason="It fell over.",
    )
    store = Store((opened,))
    resilience = Resilience(breakers=Breakers(clock=SYSTEM_CLOCK, store=store))
    chain = _chain(ScriptedProvider([says("hello")], name="a"), resilience=resilience)
    for _ in range(2):
        with pytest.raises(BreakerOpenError, match="It fell over"):
            await chain.complete(REQUEST)
    assert store.loads == 1


async def test_requests_that_come_together_all_wait_for_what_breakers_left_behind():
    """None goes on to a server that is known to be down while the store is still being read."""
    key = BreakerKey(provider="a", origin="", model="script")
    reading, asked = threading.Event(), ScriptedProvider((says("hello"),), name="a")

    class SlowStore(Store):
        def load(self):
            reading.wait(10)
            return super().load()

    until = SYSTEM_CLOCK.now() + timedelta(hours=1)
    kept = StoredBreaker(key=key, status=BreakerStatus.OPEN, failures=3, openings=1, until=until, reason="down")
    resilience = Resilience(breakers=Breakers(clock=SYSTEM_CLOCK, store=SlowStore((kept,))))
    chain = _chain(asked, resilience=resilience)

    async def refused():
        with pytest.raises(BreakerOpenError):
            await chain.complete(REQUEST)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(refused())
        await asyncio.sleep(0)
        reading.set()
    assert asked.asked == ()
