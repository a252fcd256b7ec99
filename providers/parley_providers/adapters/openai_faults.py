"""What OpenAI's error codes mean, and those of the many servers that speak as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_providers.adapters.vendor_faults import Told, error_object, error_of
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextWindowError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
)
from parley_providers.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: dict[str, type[ProviderError]] = {
    "context_length_exceeded": ContextWindowError,
    "exceed_context_size_error": ContextWindowError,
    "insufficient_quota": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "invalid_api_key": AuthenticationError,
    "model_not_found": ModelNotFoundError,
    "rate_limit_exceeded": RateLimitedError,
    "server_error": ServerError,
    "server_is_overloaded": OverloadedError,
    "slow_down": OverloadedError,
    "content_filter": ContentFilteredError,
    "content_policy_violation": ContentFilteredError,
    "invalid_prompt": ContentFilteredError,
    "bio_policy": ContentFilteredError,
    "misalignment_policy_violation": ContentFilteredError,
    "image_content_policy_violation": ContentFilteredError,
    "invalid_request_error": BadRequestError,
}
_CATCH_ALL = ("invalid_request_error", "server_error")
_TOO_LONG = ("maximum context length", "context window", "longer than the model's context")


def explained(refusal: Refusal, *, provider: str, model: str) -> ProviderError:
    """The error that a refusal, or an error within an answer, is."""
    told = error_object(refusal)
    message = str(told.get("message") or "")
    # A status of 4xx or 5xx says more than the catch-all that goes with it.
    words = [told.get("code"), told.get("type")]
    kind = _kind(str(word) for word in words if word and (refusal.status == 200 or word not in _CATCH_ALL))
    if any(said in message for said in _TOO_LONG) and refusal.status in (200, 400):
        kind = ContextWindowError
    return error_of(refusal, Told(message=message, kind=kind), provider=provider, model=model)


def failed(code: str, message: str, *, provider: str, model: str) -> ProviderError:
    """The error that one within an answer is, from its code."""
    kind = _KINDS.get(code, BadRequestError if "image" in code else ServerError)
    return error_of(Refusal(status=200), Told(message=message, kind=kind), provider=provider, model=model)


def _kind(words: Iterable[str]) -> type[ProviderError] | None:
    return next((_KINDS[word] for word in words if word in _KINDS), None)
