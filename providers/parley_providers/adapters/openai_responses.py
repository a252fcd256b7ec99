"""OpenAI as a provider, by its Responses, through its SDK: who is asked for what, and what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley_providers.adapters import openai_faults
from parley_providers.adapters.openai_responses_wire import EventReader, body_of, thinks
from parley_providers.adapters.vendor_provider import VendorProvider
from parley_providers.prices import window_tokens
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.errors import ProviderError
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest

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
    """OpenAI's Responses."""

    vendor = "openai"
    module = "openai"

    def _client(self, module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
        return module.AsyncOpenAI(api_key=key, base_url=base_url, http_client=http, max_retries=0)

    def _faults(self, module: SdkValue) -> tuple[type[Exception], ...]:
        return (module.OpenAIError,)

    def _speaks(self, event: SdkValue) -> bool:
        return str(event.type).endswith(".delta")

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
