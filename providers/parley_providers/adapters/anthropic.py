"""Anthropic as a provider, through its SDK: who is asked for what, and what its refusals mean."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from parley_providers.adapters.anthropic_wire import EventReader, body_of
from parley_providers.adapters.vendor import Sdk, SdkValue
from parley_providers.adapters.vendor_faults import Told, error_object, error_of
from parley_providers.adapters.vendor_provider import VendorProvider
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
)
from parley_providers.keys import VENDORS
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx2

    from parley_providers.keys import Key
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest

_USUAL = VENDORS["anthropic"]
_KINDS: dict[str, type[ProviderError]] = {
    "authentication_error": AuthenticationError,
    "permission_error": AuthenticationError,
    "billing_error": QuotaExceededError,
    "not_found_error": ModelNotFoundError,
    "request_too_large": ContextWindowError,
    "rate_limit_error": RateLimitedError,
    "timeout_error": DeadlineExceededError,
    "overloaded_error": OverloadedError,
    "api_error": ServerError,
    "invalid_request_error": BadRequestError,
}
_TOO_LONG = ("prompt is too long", "exceed context limit", "exceeds the maximum number of tokens")


class AnthropicProvider(VendorProvider):
    """Anthropic's Messages.

    Args:
        key: The key, bound to its origin; None: every call says how to set one.
        base_url: Where the vendor, or a gateway to it, is.
        name: The provider's name in routes and records.
        ca_bundle: Certificates that are trusted in place of the system's.
    """

    def __init__(
        self, key: Key | None, *, base_url: str = _USUAL.url, name: str = "anthropic", ca_bundle: Path | None = None
    ) -> None:
        sdk = Sdk(
            module="anthropic",
            extra="anthropic",
            key_variable=_USUAL.key_variable,
            build=_build,
            errors=lambda module: (module.AnthropicError,),
            explain=self._explained,
            speaks=lambda event: event.type.startswith("content_block"),
        )
        super().__init__(name=name, base_url=base_url, key=key, sdk=sdk, ca_bundle=ca_bundle)

    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:
        body = body_of(request, model, facts)
        return lambda client: client.messages.create(**_sent(body), stream=True)

    def _reader(self, model: str) -> EventReader:  # noqa: ARG002 - errors within an answer come from the SDK
        return EventReader()

    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        return tuple([_facts(entry, self.name) async for entry in client.models.list(limit=1000)])

    def _explained(self, refusal: Refusal, model: str) -> ProviderError:
        told = error_object(refusal)
        message = str(told.get("message") or "")
        kind = _KINDS.get(str(told.get("type")))
        if any(said in message for said in _TOO_LONG):
            kind = ContextWindowError
        elif "credit balance" in message:
            kind = QuotaExceededError
        return error_of(refusal, Told(message=message, kind=kind), provider=self.name, model=model)


def _build(module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
    # That a model will be retired is the vendor's list to tell, not the server's log.
    warnings.filterwarnings("ignore", message="The model .* is deprecated", category=DeprecationWarning)
    return module.AsyncAnthropic(api_key=key, base_url=base_url, http_client=http, max_retries=0)


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
