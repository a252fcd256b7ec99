"""OpenAI as a provider, by its Responses, through its SDK: who is asked for what, and what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley_providers.adapters import openai_faults
from parley_providers.adapters.openai_responses_wire import EventReader, body_of, thinks
from parley_providers.adapters.vendor import Sdk, SdkValue
from parley_providers.adapters.vendor_provider import VendorProvider
from parley_providers.keys import VENDORS
from parley_providers.prices import window_tokens
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx2

    from parley_providers.errors import ProviderError
    from parley_providers.keys import Key
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest

_USUAL = VENDORS["openai"]
_OTHER_USES = (
    "audio",
    "realtime",
    "transcribe",
    "tts",
    "image",
    "embedding",
    "moderation",
    "whisper",
    "dall-e",
    "sora",
)


class OpenAIProvider(VendorProvider):
    """OpenAI's Responses.

    Args:
        key: The key, bound to its origin; None: every call says how to set one.
        base_url: Where the vendor, or a gateway to it, is.
        name: The provider's name in routes and records.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    def __init__(
        self, key: Key | None, *, base_url: str = _USUAL.url, name: str = "openai", ca_bundle: Path | None = None
    ) -> None:
        sdk = Sdk(
            module="openai",
            extra="openai",
            key_variable=_USUAL.key_variable,
            build=_build,
            errors=lambda module: (module.OpenAIError,),
            explain=self._explained,
            speaks=lambda event: event.type.endswith(".delta"),
        )
        super().__init__(name=name, base_url=base_url, key=key, sdk=sdk, ca_bundle=ca_bundle)

    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:  # noqa: ARG002 - the vendor's list tells no abilities
        body = body_of(request, model)
        return lambda client: client.responses.create(**body, stream=True)

    def _reader(self, model: str) -> EventReader:
        return EventReader(lambda code, message: openai_faults.failed(code, message, provider=self.name, model=model))

    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        names = [entry.id async for entry in client.models.list()]
        return tuple(_facts(name, self.name) for name in names if not any(use in name for use in _OTHER_USES))

    def _thinks(self, request: LLMRequest) -> bool:
        return thinks(request.model or "")

    def _explained(self, refusal: Refusal, model: str) -> ProviderError:
        return openai_faults.explained(refusal, provider=self.name, model=model)


def _build(module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
    return module.AsyncOpenAI(api_key=key, base_url=base_url, http_client=http, max_retries=0)


def _facts(name: str, provider: str) -> ModelFacts:
    window = window_tokens("openai", name)
    thinking = frozenset({"thinking"}) if thinks(name) else frozenset[str]()
    return ModelFacts(
        name=name,
        provider=provider,
        window_tokens=window,
        max_window_tokens=window,
        abilities=frozenset({"completion", "tools", "json_schema", "vision"}) | thinking,
    )
