"""Gemini as a provider, through google-genai: who is asked for what, and what its refusals mean."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from parley_providers import errors
from parley_providers.adapters.gemini_wire import ChunkReader, arguments_of
from parley_providers.adapters.vendor_faults import Told, error_object, error_of
from parley_providers.adapters.vendor_provider import VendorProvider
from parley_providers.provider import ModelFacts
from parley_providers.rate_limits import RateLimit, seconds_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.refusals import Refusal
    from parley_providers.requests import LLMRequest

_KINDS: dict[str, type[errors.ProviderError]] = {
    "UNAUTHENTICATED": errors.AuthenticationError,
    "PERMISSION_DENIED": errors.AuthenticationError,
    "NOT_FOUND": errors.ModelNotFoundError,
    "RESOURCE_EXHAUSTED": errors.RateLimitedError,
    "UNAVAILABLE": errors.OverloadedError,
    "INTERNAL": errors.ServerError,
    "DEADLINE_EXCEEDED": errors.DeadlineExceededError,
}


class GeminiProvider(VendorProvider):
    """Google's Gemini. Its answers tell nothing of its rate limits; only a refusal does, in its body."""

    vendor = "gemini"
    module = "google.genai"

    def _client(self, module: SdkValue, base_url: str, key: str, http: httpx2.AsyncClient) -> SdkValue:
        # A client for blocking calls is made by the SDK too, unless it is given one; this one is never used.
        import httpx2

        # A word that the SDK does not know yet is told on as it is: no reason to write to the log of a server.
        warnings.filterwarnings("ignore", message=".* is not a valid", category=UserWarning, module=r"google\.genai")
        version = "" if base_url.rstrip("/").endswith(("/v1", "/v1beta")) else "v1beta"
        options = {
            "base_url": base_url,
            "api_version": version,
            "httpx_async_client": http,
            "httpx_client": httpx2.Client(trust_env=False, verify=False),
        }
        return module.Client(api_key=key, vertexai=False, http_options=options)

    def _faults(self, module: SdkValue) -> tuple[type[Exception], ...]:
        return (importlib.import_module(f"{module.__name__}.errors").APIError,)

    def _speaks(self, event: SdkValue) -> bool:  # noqa: ARG002 - every chunk of this vendor's is one
        return True

    def _call(self, request: LLMRequest, model: str, facts: ModelFacts | None) -> Callable[[Any], Awaitable[Any]]:
        arguments = arguments_of(request, model, facts)
        return lambda client: client.aio.models.generate_content_stream(**arguments)

    def _reader(self, model: str) -> ChunkReader:  # noqa: ARG002 - its errors are told apart by the server
        return ChunkReader()

    async def _listed(self, client: SdkValue) -> tuple[ModelFacts, ...]:
        listed = await client.aio.models.list(config={"page_size": 1000})
        entries = [entry async for entry in listed]
        return tuple(
            _facts(entry, self.name) for entry in entries if "generateContent" in (entry.supported_actions or ())
        )

    def _explained(self, refusal: Refusal, model: str) -> errors.ProviderError:
        told = error_object(refusal)
        message = str(told.get("message") or "")
        kind, told_s = _KINDS.get(str(told.get("status"))), _retry_delay_s(told)
        if "token count" in message and "exceeds" in message:
            kind = errors.ContextWindowError
        elif "API key" in message and refusal.status == 400:
            kind = errors.AuthenticationError
        elif kind is errors.RateLimitedError and "check your plan and billing" in message and told_s is None:
            kind = errors.QuotaExceededError
        said = Told(message=message, kind=kind, retry_after_s=told_s, limits=_limits(told, told_s))
        return error_of(refusal, said, provider=self.name, model=model)


def _retry_delay_s(told: dict[str, Any]) -> float | None:
    """Seconds to wait, which this vendor says in the body: `{"@type": …RetryInfo, "retryDelay": "17s"}`."""
    for detail in _details(told):
        delay = detail.get("retryDelay")
        if isinstance(delay, str):
            return seconds_of(delay)
    return None


def _limits(told: dict[str, Any], reset_s: float | None) -> tuple[RateLimit, ...]:
    """The quotas that are used up, also in the body: `{"@type": …QuotaFailure, "violations": [{"quotaMetric": …}]}`."""
    violations = [each for detail in _details(told) for each in detail.get("violations") or ()]
    return tuple(
        RateLimit(
            of=str(each.get("quotaMetric", "requests")).rpartition("/")[2].replace("_", " "),
            most=int(each["quotaValue"]) if str(each.get("quotaValue", "")).isdecimal() else None,
            left=0,
            reset_s=reset_s,
        )
        for each in violations
        if isinstance(each, dict)
    )


def _details(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [detail for detail in told.get("details") or () if isinstance(detail, dict)]


def _facts(entry: SdkValue, provider: str) -> ModelFacts:
    thinking = frozenset({"thinking"}) if entry.thinking else frozenset[str]()
    return ModelFacts(
        name=str(entry.name).removeprefix("models/"),
        provider=provider,
        window_tokens=entry.input_token_limit,
        max_window_tokens=entry.input_token_limit,
        abilities=frozenset({"completion", "tools", "json_schema", "vision"}) | thinking,
    )
