"""Anthropic as a provider, through its SDK: who is asked for what, and what its refusals mean."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from parley_providers import errors
from parley_providers.adapters.anthropic_wire import EventReader, body_of
from parley_providers.adapters.vendor_faults import Told, error_object, error_of
from parley_providers.adapters.vendor_provider import VendorProvider
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest

_KINDS: dict[str, type[errors.ProviderError]] = {
    "authentication_error": errors.AuthenticationError,
    "permission_error": errors.AuthenticationError,
    "billing_error": errors.QuotaExceededError,
    "not_found_error": errors.ModelNotFoundError,
    "request_too_large": errors.ContextWindowError,
    "rate_limit_error": errors.RateLimitedError,
    "timeout_error": errors.DeadlineExceededError,
    "overloaded_error": errors.OverloadedError,
    "api_error": errors.ServerError,
    "invalid_request_error": errors.BadRequestError,
}
_TOO_LONG = (
    "prompt is too long",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "exceeds the available context size",  # llama.cpp's server, which speaks this wire too
)


class AnthropicProvider(VendorProvider):
    """Anthropic's Messages."""

    vendor = "anthropic"
    module = "anthropic"

    def _client(self, module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
        # That a model will be retired is the vendor's list to tell, not the server's log.
        warnings.filterwarnings("ignore", message="The model .* is deprecated", category=DeprecationWarning)
        return module.AsyncAnthropic(api_key=key, base_url=base_url, http_client=http, max_retries=0)

    def _faults(self, module: SdkValue) -> tuple[type[Exception], ...]:
        return (module.AnthropicError,)

    def _speaks(self, event: SdkValue) -> bool:
        return str(event.type).startswith("content_block")

    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:
        body = body_of(request, model, facts)
        return lambda client: client.messages.create(**_sent(body), stream=True)

    def _reader(self, model: str) -> EventReader:  # noqa: ARG002 - errors within an answer come from the SDK
        return EventReader()

    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        return tuple([_facts(entry, self.name) async for entry in client.models.list(limit=1000)])

    def _explained(self, refusal: Refusal, model: str) -> errors.ProviderError:
        told = error_object(refusal)
        message = str(told.get("message") or "")
        kind = _KINDS.get(str(told.get("type")))
        if any(said in message for said in _TOO_LONG):
            kind = errors.ContextWindowError
        elif "credit balance" in message:
            kind = errors.QuotaExceededError
        return error_of(refusal, Told(message=message, kind=kind), provider=self.name, model=model)


def _sent(body: dict[str, Any]) -> dict[str, Any]:
    """The body as the SDK's arguments; what it has no argument for goes along as it is."""
    extra = {name: body[name] for name in ("temperature",) if name in body}
    rest = {name: value for name, value in body.items() if name not in extra}
    return {**rest, "extra_body": extra} if extra else rest


def _facts(entry: SdkValue, provider: str) -> ModelFacts:
    able = entry.capabilities
    has = {"completion", "tools", "json_schema"}
    if able is None:
        has.add("vision")
    else:
        if not able.structured_outputs.supported:
            has.remove("json_schema")
        told = {
            "vision": able.image_input.supported,
            "thinking": able.thinking.supported,
            "adaptive_thinking": able.thinking.types.adaptive.supported,
            "effort": able.effort.supported,
        }
        has |= {name for name, supported in told.items() if supported}
    return ModelFacts(
        name=entry.id,
        provider=provider,
        window_tokens=entry.max_input_tokens,
        max_window_tokens=entry.max_input_tokens,
        abilities=frozenset(has),
    )
