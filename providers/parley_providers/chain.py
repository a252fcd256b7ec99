"""The chain: asks its router which provider serves a request, calls it, and measures the call; itself a provider.

Deciding the route belongs to the `Router`; wire formats belong to the adapters.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from parley_providers.collect import collect
from parley_providers.errors import NoModelError, ProviderError
from parley_providers.measure import measured
from parley_providers.origins import is_loopback

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from parley_providers.measure import Instruments
    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent
    from parley_providers.route import Route, Router


class ProviderChain:
    """Providers behind one door.

    Args:
        providers: The providers, by whose `name` routes refer to them.
        router: Decides who serves each request.
        instruments: Clock, ids and the observer of calls.
    """

    def __init__(self, providers: Iterable[Provider], router: Router, instruments: Instruments) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._router = router
        self._instruments = instruments

    @property
    def name(self) -> str:
        """See `Provider`."""
        return "chain"

    @property
    def origin(self) -> str:
        """A chain has no origin of its own; each call's record names the provider's."""
        return ""

    async def is_available(self) -> bool:
        """Whether any provider could be asked now."""
        for provider in self._providers.values():
            if await provider.is_available():
                return True
        return False

    async def models(self) -> tuple[ModelFacts, ...]:
        """The models of every provider that is available."""
        found: list[ModelFacts] = []
        for provider in self._providers.values():
            if await provider.is_available():
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
        """The route that `stream` would take for this request now."""
        return await self._router.route(request)

    async def facts_of(self, route: Route) -> ModelFacts:
        """What is known of the model that `route` chose: its window sizes the prompt."""
        return await self._provider(route).facts(route.model)

    def is_on_loopback(self, route: Route) -> bool:
        """Whether what is sent by `route` stays on this machine."""
        return is_loopback(self._provider(route).origin)

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`: routed, measured.

        Raises:
            NoModelError: the request may not leave this machine, but the route would take it elsewhere.
        """
        route = await self._router.route(request)
        provider = self._provider(route)
        if request.loopback_only and not self.is_on_loopback(route):
            raise NoModelError(
                f"The text holds secrets and was prepared for a model on this machine, but the route now leads to "
                f"{route.provider}. Nothing was sent. Try again."
            )
        facts = await provider.facts(route.model)
        routed = replace(request, model=route.model)
        async with aclosing(measured(provider, routed, route, facts, self._instruments)) as events:
            async for event in events:
                yield event

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """Close every provider."""
        for provider in self._providers.values():
            await provider.aclose()

    def _provider(self, route: Route) -> Provider:
        provider = self._providers.get(route.provider)
        if provider is None:
            known = ", ".join(sorted(self._providers)) or "none"
            raise NoModelError(
                f"The route names the provider {route.provider!r}, which is not configured (known: {known})."
            )
        return provider
