"""What OpenAI's error codes mean, and those of the many servers that speak as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_providers import errors
from parley_providers.adapters.vendor_faults import Told, error_object, error_of
from parley_providers.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: dict[str, type[errors.ProviderError]] = {
    "context_length_exceeded": errors.ContextWindowError,
    "exceed_context_size_error": errors.ContextWindowError,
    "insufficient_quota": errors.QuotaExceededError,
    "billing_hard_limit_reached": errors.QuotaExceededError,
    "invalid_api_key": errors.AuthenticationError,
    "model_not_found": errors.ModelNotFoundError,
    "rate_limit_exceeded": errors.RateLimitedError,
    "server_error": errors.ServerError,
    "server_is_overloaded": errors.OverloadedError,
    "slow_down": errors.OverloadedError,
    "content_filter": errors.ContentFilteredError,
    "content_policy_violation": errors.ContentFilteredError,
    "invalid_prompt": errors.ContentFilteredError,
    "bio_policy": errors.ContentFilteredError,
    "misalignment_policy_violation": errors.ContentFilteredError,
    "image_content_policy_violation": errors.ContentFilteredError,
    "invalid_request_error": errors.BadRequestError,
}
_CATCH_ALL = ("invalid_request_error", "server_error")
_TOO_LONG = ("maximum context length", "context window", "longer than the model's context")


def explained(refusal: Refusal, *, provider: str, model: str) -> errors.ProviderError:
    """The error that a refusal, or an error within an answer, is."""
    told = error_object(refusal)
    message = str(told.get("message") or "")
    # A status of 4xx or 5xx says more than the catch-all that goes with it.
    words = [told.get("code"), told.get("type")]
    kind = _kind(str(word) for word in words if word and (refusal.status == 200 or word not in _CATCH_ALL))
    if any(said in message for said in _TOO_LONG) and refusal.status in (200, 400):
        kind = errors.ContextWindowError
    return error_of(refusal, Told(message=message, kind=kind), provider=provider, model=model)


def failed(code: str, message: str, *, provider: str, model: str) -> errors.ProviderError:
    """The error that one within an answer is, from its code."""
    kind = _KINDS.get(code, errors.BadRequestError if "image" in code else errors.ServerError)
    return error_of(Refusal(status=200), Told(message=message, kind=kind), provider=provider, model=model)


def _kind(words: Iterable[str]) -> type[errors.ProviderError] | None:
    return next((_KINDS[word] for word in words if word in _KINDS), None)
