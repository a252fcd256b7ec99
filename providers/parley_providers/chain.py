"""The chain: asks its router who serves a request, calls them in turn, and measures every call; itself a provider.

Deciding the routes belongs to the `Router`, who may be asked now to `breaker`, how long to wait to `retry`, and wire
formats to the adapters.
"""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from parley_providers.breaker import BreakerKey
from parley_providers.chosen_router import ChosenRouter
from parley_providers.collect import collect
from parley_providers.course import Bill, Course
from parley_providers.errors import (
    AuthenticationError,
    BreakerOpenError,
    BudgetExceededError,
    ContextWindowError,
    ModelNotFoundError,
    NoModelError,
    NotFollowedError,
    ProviderError,
    QuotaExceededError,
    SchemaNotHeldError,
)
from parley_providers.measure import measured
from parley_providers.origins import is_loopback
from parley_providers.requests import StreamLimits
from parley_providers.resilience import Resilience
from parley_providers.retry import wait_s
from parley_providers.spending import worst_case

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable
    from contextlib import AbstractContextManager

    from parley_providers.measure import Instruments
    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent
    from parley_providers.resilience import Bounds
    from parley_providers.route import Route, Router
    from parley_providers.usage import Usage

_ASK_ANOTHER = (
    BudgetExceededError,
    AuthenticationError,
    BreakerOpenError,
    ContextWindowError,
    ModelNotFoundError,
    NotFollowedError,
    QuotaExceededError,
    SchemaNotHeldError,
)


class ProviderChain:
    """Providers behind one door.

    Args:
        providers: The providers, by whose `name` routes refer to them.
        router: Decides who serves each request, and who may instead.
        instruments: Clock, ids and the observer of calls.
        resilience: Breakers, retries and how to wait.
    """

    def __init__(
        self,
        providers: Iterable[Provider],
        router: Router,
        instruments: Instruments,
        resilience: Resilience | None = None,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._router = ChosenRouter(router)
        self._instruments = instruments
        self._resilience = resilience or Resilience()

    @property
    def name(self) -> str:
        """See `Provider`."""
        return "chain"

    @property
    def origin(self) -> str:
        """A chain has no origin of its own; each call's record names the provider's."""
        return ""

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The providers behind this door, in order."""
        return tuple(self._providers.values())

    def choose(self, model: str | None, task_class: str | None = None) -> None:
        """Let `model` serve the requests that name none, from now on; see `ChosenRouter.choose`."""
        self._router.choose(model, task_class)

    def bounded(self, correlation_id: str, bounds: Bounds) -> AbstractContextManager[None]:
        """While the block runs, the calls of that request have these bounds; see `Resilience.bounded`."""
        return self._resilience.bounded(correlation_id, bounds)

    async def is_available(self) -> bool:
        """Whether any provider could be asked now."""
        for provider in self._providers.values():
            if await provider.is_available():
                return True
        return False

    async def models(self) -> tuple[ModelFacts, ...]:
        """The models of every provider that is available; one that fails just then has none."""
        found: list[ModelFacts] = []
        for provider in self._providers.values():
            if await provider.is_available():
                with suppress(ProviderError):
                    found.extend(await provider.models())
        return tuple(found)

    async def facts(self, model: str) -> ModelFacts:
        """What the first provider that knows `model` tells of it."""
        for provider in self._providers.values():
            try:
                return await provider.facts(model)
            except ProviderError:
                continue
        raise NoModelError(f"No provider has a model called {model!r}. `parley models list` shows what there is.")

    async def route(self, request: LLMRequest) -> Route:
        """The route that `stream` would try first for this request now."""
        return (await self.routes(request))[0]

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """Every route that `stream` may try for this request now, in order; never empty. See `Headroom` for the order.

        Raises:
            NoModelError: as `stream`.
        """
        await self._resilience.ready()  # who is left alone since before this process began stands last
        permitted = self._permitted(request, await self._router.routes(request))
        return self._resilience.headroom.with_room_first(permitted, self._key)

    async def facts_of(self, route: Route) -> ModelFacts:
        """What is known of the model that `route` chose: its window sizes the prompt."""
        return await self._provider(route).facts(route.model)

    def is_on_loopback(self, route: Route) -> bool:
        """Whether what is sent by `route` stays on this machine."""
        return is_loopback(self._provider(route).origin)

    def cost_usd(self, route: Route, usage: Usage) -> float | None:
        """What `usage` by `route` costs in US dollars; None is unknown, what stays on this machine costs nothing."""
        provider, prices = self._provider(route), self._instruments.prices
        if is_loopback(provider.origin):
            return 0.0
        if prices is None:
            return None
        return prices.cost_usd(provider=provider.name, origin=provider.origin, model=route.model, usage=usage)

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`: routed, retried, falling back, each attempt measured.

        An attempt that fails before anything was streamed is replaced in silence; after that, `StreamRestarted` says
        that what was streamed is void.

        Raises:
            NoModelError: nothing may serve it; or it may not leave this machine, and every route would take it away.
            ProviderChainExhaustedError: several attempts failed. A single one's error is raised as it is.
        """
        course = Course()
        self._resilience.budget.earn()
        for route in await self.routes(request):
            for attempt in count(1):  # pragma: no branch - it counts for ever
                try:
                    async with aclosing(self._attempt(course.route(route), request)) as events:
                        async for event in events:
                            yield course.announce(event)
                except ProviderError as error:
                    course.failed(route, error)
                    if not (error.retryable or isinstance(error, _ASK_ANOTHER)):
                        raise
                else:
                    return
                if not await self._waited(route, course.last_error, attempt):
                    break
        raise course.exhausted()

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """Close every provider."""
        for provider in self._providers.values():
            await provider.aclose()

    async def _attempt(self, route: Route, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """One call by `route`, let through by its breaker, which is told how it ended."""
        provider, breakers, key = self._provider(route), self._resilience.breakers, self._key(route)
        self._see_that_it_may_be_asked(route)
        async with self._paid(route, request) as bill:
            self._see_that_it_may_be_asked(route)  # another request may have become the one probe meanwhile
            probe = breakers.admitted(key)
            settled = False
            try:
                facts = await _known(provider, route.model)
                deadlines = self._resilience.bounds_of(request).deadlines or request.deadlines
                routed = replace(request, model=route.model, deadlines=deadlines)
                bill.sent = True
                async with aclosing(measured(provider, routed, route, facts, self._instruments)) as events:
                    async for event in events:
                        bill.take(event)
                        if isinstance(event, StreamLimits):
                            self._resilience.headroom.told(key, event.limits)
                        yield event
                settled = True
                breakers.succeeded(key, probe=probe)
            except ProviderError as error:
                settled = True
                bill.failed(error)
                self._resilience.headroom.told(key, error.limits)
                breakers.failed(key, error, probe=probe)
                raise
            finally:
                if not settled:
                    breakers.released(key, probe=probe)

    def _see_that_it_may_be_asked(self, route: Route) -> None:
        breakers, key = self._resilience.breakers, self._key(route)
        if not breakers.admits(key):
            raise BreakerOpenError(
                f"{route.provider}/{route.model} is not asked {breakers.why_not(key)}",
                provider=route.provider,
                model=route.model,
            )

    @asynccontextmanager
    async def _paid(self, route: Route, request: LLMRequest) -> AsyncIterator[Bill]:
        """Sets the worst case of a call aside before it is sent, and settles what it cost after it ended."""
        spending, bill, name = self._resilience.spending, Bill(), f"{route.provider}/{route.model}"
        worst_usd = self.cost_usd(route, worst_case(request))
        limits = self._resilience.bounds_of(request).limits
        reservation = await spending.reserve(worst_usd, name, request=request.correlation_id, limits=limits)
        try:
            yield bill
        finally:
            spending.settle(reservation, self.cost_usd(route, bill.usage) if bill.sent else 0.0)

    async def _waited(self, route: Route, error: ProviderError, attempt: int) -> bool:
        """Whether the same provider is to be asked again, after the wait that this takes.

        There is no wait for a breaker that lets nothing through after it.
        """
        resilience = self._resilience
        seconds = wait_s(error, attempt, resilience.draw(), resilience.retries)
        if seconds is None or not resilience.breakers.admits(self._key(route), after_s=seconds):
            return False
        if not resilience.budget.spend():
            return False
        await resilience.sleep(seconds)
        return True

    def _permitted(self, request: LLMRequest, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        """The routes that this request may take: one that is bound to this machine takes no other."""
        if not request.loopback_only:
            return routes
        permitted = tuple(route for route in routes if self.is_on_loopback(route))
        if not permitted:
            elsewhere = ", ".join(route.provider for route in routes)
            raise NoModelError(
                f"The text holds secrets and was prepared for a model on this machine, but the route now leads to "
                f"{elsewhere}. Nothing was sent. Try again."
            )
        return permitted

    def _key(self, route: Route) -> BreakerKey:
        provider = self._provider(route)
        return BreakerKey(provider=provider.name, origin=provider.origin, model=route.model)

    def _provider(self, route: Route) -> Provider:
        provider = self._providers.get(route.provider)
        if provider is None:
            known = ", ".join(sorted(self._providers)) or "none"
            raise NoModelError(
                f"The route names the provider {route.provider!r}, which is not configured (known: {known})."
            )
        return provider


async def _known(provider: Provider, model: str) -> ModelFacts | None:
    """What the provider tells of the model; None where it cannot: the call itself then fails, and is recorded."""
    try:
        return await provider.facts(model)
    except ProviderError:
        return None
