"""What a vendor's refusal means to the person: the error, and the way out, from the vendor's own word for it.

Which word means what belongs to each vendor's adapter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley_providers import errors
from parley_providers.refusals import IN_BAND, error_of_status, patience_of

if TYPE_CHECKING:
    from parley_providers.rate_limits import RateLimit
    from parley_providers.refusals import Refusal

_SHOWN_CHARACTERS = 500
_WAYS_OUT: dict[type[errors.ProviderError], str] = {
    errors.AuthenticationError: "{provider} refused the key: {told} Set a valid one, or one that may do this.",
    errors.QuotaExceededError: (
        "The account at {provider} is exhausted: {told} Add credit there, or choose another model."
    ),
    errors.RateLimitedError: "{provider} got too many requests: {told} {patience}",
    errors.ModelNotFoundError: (
        "{provider} has no model {model!r}: {told} `parley models list --remote` shows what there is."
    ),
    errors.BadRequestError: "{provider} refused the request: {told}",
    errors.ContentFilteredError: "{provider} refused the content: {told} Word it differently, or choose another model.",
    errors.OverloadedError: "{provider} is busy: {told} Try again in a moment.",
    errors.ServerError: "{provider} failed: {told} Try again.",
    errors.DeadlineExceededError: "{provider} gave up on the request: {told} Ask for less, or try again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a refusal says: a sentence, the limits, and the error that the vendor's word means (None: as the status)."""

    message: str
    kind: type[errors.ProviderError] | None = None
    retry_after_s: float | None = None
    limits: tuple[RateLimit, ...] = ()


def error_of(refusal: Refusal, told: Told, *, provider: str, model: str) -> errors.ProviderError:
    """The error that a refusal is."""
    message = " ".join((told.message or refusal.plainly or f"HTTP {refusal.status}, without a reason").split())[
        :_SHOWN_CHARACTERS
    ]
    if told.kind is errors.ContextWindowError or refusal.status == 413:
        return _too_long(refusal, message, provider=provider, model=model)
    paid = errors.QuotaExceededError if refusal.status == 402 else None
    kind = told.kind or paid or type(error_of_status(refusal, message, provider=provider, model=model))
    sentence = message if message.endswith((".", "!", "?")) else f"{message}."
    limits = refusal.limits or told.limits
    wait_s = told.retry_after_s if refusal.retry_after_s is None and told.retry_after_s is not None else refusal.wait_s
    patience = patience_of(wait_s, limits)
    error = kind(
        _WAYS_OUT[kind].format(provider=provider, model=model, told=sentence, patience=patience),
        provider=provider,
        model=model,
        status=None if refusal.status == IN_BAND else refusal.status,
        retry_after_s=wait_s,
        request_id=refusal.request_id,
    )
    error.limits = limits
    return error


def error_object(refusal: Refusal) -> dict[str, Any]:
    """The object in a refusal that tells the error: `{"error": {…}}`, the same in a list, or bare."""
    body = refusal.json()
    if isinstance(body, list) and body:
        body = body[0]
    told = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(told, str):
        return {"message": told}
    return told if isinstance(told, dict) else {}


def _too_long(refusal: Refusal, message: str, *, provider: str, model: str) -> errors.ContextWindowError:
    prompt, window = _counts(message)
    size = "is too long" if prompt is None else f"has {prompt:,} tokens"
    room = "" if window is None else f", and {model} has room for {window:,}"
    return errors.ContextWindowError(
        f"The prompt {size}{room} ({provider}: {message}). Select less code, or choose a model with a larger window.",
        prompt_tokens=prompt,
        window_tokens=window,
        provider=provider,
        model=model,
        status=None if refusal.status == IN_BAND else refusal.status,
    )


def _counts(message: str) -> tuple[int | None, int | None]:
    """The prompt's and the window's tokens, of the two large numbers in a message: the prompt's is the larger."""
    numbers = sorted({int(found.replace(",", "")) for found in re.findall(r"\d[\d,]{2,}", message)})
    return (numbers[-1], numbers[-2]) if len(numbers) == 2 else (None, None)
