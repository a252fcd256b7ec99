"""A provider whose errors never quote its key, whatever its server says.

Some servers repeat the key that they refuse. An error's message is shown, logged and recorded, and a key may have any
shape, so that it is taken out here, where it is known.
"""

from __future__ import annotations

from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_providers.around import ProviderAround
from parley_providers.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

HIDDEN = "[your key]"
# A shorter word could stand in any message, and hides nothing that a server could not guess.
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class DiscreetProvider(ProviderAround):
    """A provider, but for what its errors say of `key`; see `Provider`."""

    inner: Provider
    key: str = field(repr=False)

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        with self._hidden():
            return await self.inner.models()

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        with self._hidden():
            return await self.inner.facts(model)

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`."""
        with self._hidden():
            async with aclosing(self.inner.stream(request)) as events:
                async for event in events:
                    yield event

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        with self._hidden():
            return await self.inner.complete(request)

    @contextmanager
    def _hidden(self) -> Iterator[None]:
        """The causes of an error are cut off with the key: they were told already, in words for the person."""
        try:
            yield
        except ProviderError as error:
            if len(self.key) >= _SHORTEST and self.key in str(error):
                error.args = (str(error).replace(self.key, HIDDEN),)
                raise error from None
            raise
