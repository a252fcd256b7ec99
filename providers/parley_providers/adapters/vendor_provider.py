"""What every vendor's provider does alike: ask, read, end, and keep what the vendor tells of its models."""

from __future__ import annotations

import asyncio
import importlib.util
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from parley_providers.adapters.answer import Answer
from parley_providers.adapters.served import ServedProvider
from parley_providers.adapters.vendor import Sdk, SdkValue, VendorServer
from parley_providers.addresses import ServerAddress
from parley_providers.errors import ModelNotFoundError, ProviderError
from parley_providers.http import Patience
from parley_providers.keys import VENDORS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    import httpx2

    from parley_providers.adapters.answer import Reader
    from parley_providers.keys import Key
    from parley_providers.provider import ModelFacts
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest, StreamEvent

_LIST_S = 10.0
_LIST_KEPT_S = 3600.0
_NO_LIST_KEPT_S = 60.0
_START_HINT = "Check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the address."


class VendorProvider(ServedProvider[VendorServer]):
    """A vendor's models; what differs from vendor to vendor is abstract.

    `vendor` is its name in `VENDORS`, of our extra that installs its SDK, and usually in routes; `module` is the SDK's.

    Args:
        key: The key, bound to its origin; None: every call says how to set one.
        base_url: Where the vendor, or a gateway to it, is.
        name: The provider's name in routes and records.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    vendor: ClassVar[str]
    module: ClassVar[str]

    def __init__(
        self,
        key: Key | None,
        *,
        base_url: str | None = None,
        name: str | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        usual = VENDORS[self.vendor]
        sdk = Sdk(
            module=self.module,
            extra=self.vendor,
            key_variable=usual.key_variable,
            build=self._client,
            errors=self._faults,
            explain=self._explained,
            speaks=self._speaks,
        )
        address = ServerAddress(
            provider=name or self.vendor,
            base_url=base_url or usual.url,
            start_hint=_START_HINT,
            ca_bundle=ca_bundle,
        )
        super().__init__(address.provider, VendorServer(address, key, sdk))
        self._kept: tuple[float, tuple[ModelFacts, ...]] | None = None

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
            f"{self._name} has no model {model!r}. `parley models list --remote` shows what there is.",
            provider=self._name,
            model=model,
        )

    async def _answer(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `ServedProvider`."""
        model = request.model or ""
        reading = Answer(reader=self._reader(model), provider=self._name, model=model)
        facts = await self._known(model)
        call = self._call(request, model, facts)
        patience = Patience.of(request.deadlines, cold=self._thinks(request))
        async with self._server.answer(call, patience, model) as answer:
            for event in reading.begin(answer.limits):
                yield event
            async for piece in answer:
                for event in reading.take(piece):
                    yield event
        for event in reading.end():
            yield event

    async def _constrains(self, model: str) -> bool:
        """See `ServedProvider`: the vendor's list tells."""
        facts = await self._known(model)
        return facts is None or "json_schema" in facts.abilities

    @abstractmethod
    def _client(self, module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
        """The SDK's client, which retries nothing and sends by `http`."""

    @abstractmethod
    def _faults(self, module: SdkValue) -> tuple[type[Exception], ...]:
        """The SDK's own error classes."""

    @abstractmethod
    def _speaks(self, event: SdkValue) -> bool:
        """Whether an event is a piece of the answer; others only say that one is being made."""

    @abstractmethod
    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:
        """The SDK's call that streams the answer, given its client."""

    @abstractmethod
    def _reader(self, model: str) -> Reader:
        """A reader for one answer."""

    @abstractmethod
    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        """The models that the vendor lists."""

    @abstractmethod
    def _explained(self, refusal: Refusal, model: str) -> ProviderError:
        """Which error a refusal is, from the vendor's own words: the one mapping of them."""

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


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # of the package around it, missing or broken
        return False
