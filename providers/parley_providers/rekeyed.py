"""A provider whose key may be replaced while it is in use: when its key is refused, it looks whether there is another.

Where keys are kept belongs to whoever passes `read`; calling a model again with the new one to the chain, which alone
retries. Only what is looked up of models, which no chain tries twice, is asked again here.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from parley_providers.around import ProviderAround
from parley_providers.collect import collect
from parley_providers.errors import AuthenticationError, KeyReplacedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from parley_providers.keys import Key
    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

T = TypeVar("T")


@dataclass(slots=True)
class RekeyedProvider(ProviderAround):
    """The provider that `build` makes of `key`, and of the key that took its place; see `Provider`.

    `read` gives the key as it is kept now, None where there is none; it may block, and is called on a thread.
    """

    key: Key | None = field(repr=False)
    build: Callable[[Key | None], Provider]
    read: Callable[[], Key | None]
    inner: Provider = field(init=False)
    # Answers of theirs may still be under way; each is closed with the last.
    _before: list[Provider] = field(init=False, default_factory=list)
    _reading: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.inner = self.build(self.key)

    async def renewed(self) -> bool:
        """Read the key anew, and use it from now on; whether it is another one than before."""
        async with self._reading:
            found = await asyncio.to_thread(self.read)
            if found is None or (self.key is not None and found.text == self.key.text):
                return False
            inner = self.build(found)
            self._before.append(self.inner)
            self.key, self.inner = found, inner
            return True

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        return await self._looked_up(lambda provider: provider.models())

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        return await self._looked_up(lambda provider: provider.facts(model))

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`.

        Raises:
            KeyReplacedError: the key was refused, and is another one by now.
        """
        sent_with = self.key
        try:
            async with aclosing(self.inner.stream(request)) as events:
                async for event in events:
                    yield event
        except AuthenticationError as error:
            await self.renewed()
            if self.key is sent_with:
                raise
            raise KeyReplacedError(
                f"{error} The key was replaced meanwhile; the new one is used from now on.",
                provider=error.provider,
                model=error.model,
                status=error.status,
                request_id=error.request_id,
            ) from error

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`."""
        for each in (*self._before, self.inner):
            await each.aclose()

    async def _looked_up(self, look: Callable[[Provider], Awaitable[T]]) -> T:
        """What `look` finds with this key, else with the one that took its place."""
        sent_with = self.key
        try:
            return await look(self.inner)
        except AuthenticationError:
            await self.renewed()
            if self.key is sent_with:
                raise
        return await look(self.inner)
