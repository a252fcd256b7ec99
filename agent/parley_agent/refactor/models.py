"""What refactoring needs of the models: the few doors of `parley_providers.chain.ProviderChain` that it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.provider import ModelFacts
    from parley_providers.requests import LLMRequest, StreamEvent
    from parley_providers.route import Route


class Models(Protocol):
    """The way to a model. Every method may raise `ProviderError`."""

    async def route(self, request: LLMRequest) -> Route:
        """The route that `stream` would take for this request now."""
        ...

    async def facts_of(self, route: Route) -> ModelFacts:
        """What is known of the model that `route` chose."""
        ...

    def is_on_loopback(self, route: Route) -> bool:
        """Whether what is sent by `route` stays on this machine."""
        ...

    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """The answer in pieces."""
        ...
