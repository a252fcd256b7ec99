"""A provider around another one: what a subclass leaves alone is done as the inner one does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent


class ProviderAround:
    """See `Provider`; a subclass is a dataclass whose first field is `inner`."""

    __slots__ = ()

    inner: Provider

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self.inner.name

    @property
    def origin(self) -> str:
        """See `Provider`."""
        return self.inner.origin

    async def is_available(self) -> bool:
        """See `Provider`."""
        return await self.inner.is_available()

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        return await self.inner.models()

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        return await self.inner.facts(model)

    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`."""
        return self.inner.stream(request)

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await self.inner.complete(request)

    async def aclose(self) -> None:
        """See `Provider`."""
        await self.inner.aclose()
