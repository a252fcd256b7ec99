"""What a refusal says where its adapter knows no better: a status, a body, and the error that they make.

A server's own words come first: an adapter looks at the body before it asks `error_of_status`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    ServerError,
)
from parley_providers.rate_limits import limits_of, wait_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.rate_limits import RateLimit

# JSON as a server sent it: whoever reads it checks it.
WireJson: TypeAlias = Any

_ERRORS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: ModelNotFoundError,
    408: DeadlineExceededError,
    429: RateLimitedError,
    499: ServerError,
    503: OverloadedError,
    504: DeadlineExceededError,
    529: OverloadedError,
}
_WAYS_OUT: Mapping[type[ProviderError], str] = {
    AuthenticationError: "Set a key that it takes: parley auth set {provider}",
    ModelNotFoundError: "`parley models list` shows what there is.",
    DeadlineExceededError: "Ask for less, or try again.",
    OverloadedError: "Try again in a moment, or choose another model.",
    ServerError: "Try again. If it stays so, its own log says why.",
}
_SHOWN_CHARACTERS = 500
# The status of a refusal that came within an answer which had begun with 200.
IN_BAND = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer whose status is not 200, with as much of its body as is kept."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    request_id: str | None = None
    limits: tuple[RateLimit, ...] = ()

    @classmethod
    def of(cls, status: int, body: bytes, headers: Mapping[str, str]) -> Refusal:
        """The refusal in a response; `headers` must look names up whatever their case."""
        return cls(
            status=status,
            body=body,
            retry_after_s=_asked_wait_s(headers),
            request_id=headers.get("x-request-id") or headers.get("request-id"),
            limits=limits_of(headers),
        )

    @property
    def wait_s(self) -> float | None:
        """Seconds to wait: as the server asks, else until a limit that is used up has more."""
        return wait_s(self.limits) if self.retry_after_s is None else self.retry_after_s

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode(errors="replace").strip()

    @property
    def plainly(self) -> str:
        """The body for a person: a web page is not shown but named, and so is silence."""
        if self.text[:1000].lower().startswith("<!doctype") or "<html" in self.text[:1000].lower():
            return f"a web page came with HTTP {self.status} (is there a proxy in between?)"
        return self.text

    def json(self) -> WireJson:
        """The body's JSON, or None."""
        return json_or_none(self.text)


def json_or_none(text: str) -> WireJson:
    """The value of `text` if it is JSON, else None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def retry_after_s(value: str | None, date: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks to wait; its date form is measured from the response's own `Date`."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(date or "")).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, which some send beside the rounded header, goes before it."""
    milliseconds = retry_after_s(headers.get("retry-after-ms"), None)
    if milliseconds is not None:
        return milliseconds / 1000
    return retry_after_s(headers.get("retry-after"), headers.get("date"))


def patience_of(seconds: float | None, limits: tuple[RateLimit, ...]) -> str:
    """The sentence that tells a person how long a rate limit makes them wait."""
    used_up = ", ".join(str(each) for each in limits if not each.left)
    wait = "Wait a moment" if seconds is None else f"Wait {math.ceil(seconds)} s"
    return f"{wait}, or choose another model." + (f" ({used_up[:1].upper()}{used_up[1:]}.)" if used_up else "")


def error_of_status(refusal: Refusal, message: str, *, provider: str, model: str) -> ProviderError:
    """The error that the status alone makes: 4xx is the request's fault, 5xx the server's.

    A status of 200 is an error that came within an accepted answer, which is the server's fault too.
    """
    if refusal.status == 413:
        return ContextWindowError(
            f"The prompt is too long for {provider} (HTTP 413). Select less code, or choose another model.",
            provider=provider,
            model=model,
            status=413,
        )
    accepted = refusal.status == IN_BAND
    failed = accepted or refusal.status >= 500
    kind = _ERRORS.get(refusal.status, ServerError if failed else BadRequestError)
    verb = "is busy" if kind is OverloadedError else "failed" if failed else "refused the request"
    told = refusal.plainly if message == refusal.text else message
    what = "failed in the middle of its answer" if accepted else f"{verb} (HTTP {refusal.status})"
    reason = told[:_SHOWN_CHARACTERS].rstrip(".") or "it gave no reason"
    out = _WAYS_OUT.get(kind, "").format(provider=provider)
    if kind is RateLimitedError:
        out = patience_of(refusal.wait_s, refusal.limits)
    error = kind(
        f"{provider} {what}: {reason}. {out}".rstrip(),
        provider=provider,
        model=model,
        status=None if accepted else refusal.status,
        retry_after_s=refusal.wait_s,
        request_id=refusal.request_id,
    )
    error.limits = refusal.limits
    return error
