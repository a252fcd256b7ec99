"""What every vendor's provider does alike: ask, read, end, and keep what the vendor tells of its models."""

from __future__ import annotations

import asyncio
import importlib.util
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from parley_providers.adapters.vendor import Sdk, SdkValue, VendorServer
from parley_providers.addresses import ServerAddress
from parley_providers.assembly import ToolArgumentsError
from parley_providers.collect import collect
from parley_providers.errors import (
    BadRequestError,
    ModelNotFoundError,
    ProviderError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.http import Patience
from parley_providers.requests import StreamStart
from parley_providers.route import asked_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from parley_providers.keys import Key
    from parley_providers.provider import ModelFacts
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

_LIST_S = 10.0
_LIST_KEPT_S = 3600.0
_NO_LIST_KEPT_S = 60.0
_START_HINT = "Check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the address."


class Reader(Protocol):
    """Turns an SDK's events into ours."""

    @property
    def finished(self) -> bool:
        """Whether the vendor said that the answer is complete."""
        ...

    def take(self, event: SdkValue) -> list[StreamEvent]:
        """The events of one of the SDK's."""
        ...

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them."""
        ...


class VendorProvider(ABC):
    """A vendor's models; what differs from vendor to vendor is abstract.

    Args:
        name: The provider's name in routes and records.
        base_url: Where the vendor is.
        key: The key, bound to its origin.
        sdk: The vendor's SDK.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    def __init__(self, *, name: str, base_url: str, key: Key | None, sdk: Sdk, ca_bundle: Path | None) -> None:
        self._name = name
        address = ServerAddress(provider=name, base_url=base_url, start_hint=_START_HINT, ca_bundle=ca_bundle)
        self._server = VendorServer(address, key, sdk)
        self._kept: tuple[float, tuple[ModelFacts, ...]] | None = None

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._name

    @property
    def origin(self) -> str:
        """See `Provider`."""
        return self._server.address.origin

    async def is_available(self) -> bool:
        """See `Provider`: there is a key, and the SDK is installed. The vendor is not asked."""
        return self._server.key is not None and _is_installed(self._server.sdk.module)

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`; asked at most once an hour."""
        now = asyncio.get_running_loop().time()
        if self._kept is None or now >= self._kept[0]:
            self._kept = (now + _LIST_KEPT_S, await self._server.ask(self._listed, within_s=_LIST_S))
        return self._kept[1]

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        for facts in await self.models():
            if facts.name == model:
                return facts
        raise ModelNotFoundError(
            f"{self._name} has no model {model!r}. `parley models list` shows what there is.",
            provider=self._name,
            model=model,
        )

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`."""
        model = request.model or ""
        reader = self._reader(model)
        facts = await self._known(model)
        call = self._call(request, model, facts)
        patience = Patience.of(request.deadlines, cold=self._thinks(request))
        async with self._server.answer(call, patience, model) as answer:
            yield StreamStart(route=asked_for(self._name, model))
            async for piece in answer:
                for event in self._read(reader, piece, model):
                    yield event
        for event in self._ending(reader, model):
            yield event

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`."""
        await self._server.aclose()

    @abstractmethod
    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:
        """The SDK's call that streams the answer, given its client."""

    @abstractmethod
    def _reader(self, model: str) -> Reader:
        """A reader for one answer."""

    @abstractmethod
    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        """The models that the vendor lists."""

    def _thinks(self, request: LLMRequest) -> bool:
        """Whether the model may think unseen, for which it is given the time that loading takes elsewhere."""
        return request.reasoning not in (None, "off")

    async def _known(self, model: str) -> ModelFacts | None:
        """What the vendor tells of the model; None where it does not: the call itself says what is wrong."""
        try:
            return await self.facts(model)
        except ModelNotFoundError:
            return None
        except ProviderError as error:
            if error.status is None or error.status == 401:
                raise
            # A gateway, or a key of few rights, that does not list models is not asked again for a while.
            self._kept = (asyncio.get_running_loop().time() + _NO_LIST_KEPT_S, ())
            return None

    def _read(self, reader: Reader, piece: SdkValue, model: str) -> list[StreamEvent]:
        try:
            return reader.take(piece)
        except ProviderError as error:
            error.provider, error.model = self._name, model
            raise
        except ToolArgumentsError as error:
            raise BadRequestError(f"{error} Try again.", provider=self._name, model=model) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{self._name} sent a piece of an unknown shape ({error})."
            raise ServerError(message, provider=self._name, model=model) from error

    def _ending(self, reader: Reader, model: str) -> list[StreamEvent]:
        if not reader.finished:
            message = f"{self._name} stopped in the middle of its answer; nothing of it was used. Try again."
            raise StreamTruncatedError(message, provider=self._name, model=model)
        try:
            return reader.end()
        except ToolArgumentsError as error:
            raise BadRequestError(f"{error} Try again.", provider=self._name, model=model) from error


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
