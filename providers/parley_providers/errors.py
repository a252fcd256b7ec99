"""What can go wrong between Parley and a model.

    ProviderError
    ├── RateLimitedError        wait `retry_after_s`, or ask another
    ├── QuotaExceededError      the account is exhausted: ask another, tell the person
    ├── OverloadedError         the server is busy: wait, or ask another
    ├── ServerError             the server failed: retry, or ask another
    │   └── EngineCrashedError  the embedded engine died: the next request restarts it
    ├── EngineLoadError         the embedded engine refuses the model: fetch it again, or take another
    ├── NotEnoughMemoryError    the embedded engine does not fit: close something, or take a smaller model
    ├── ConnectionFailedError   nobody answers there: ask another, tell the person how to start it
    │   └── NotFollowedError    it sends the request elsewhere: ask another, tell the person to check the address
    ├── DeadlineExceededError   it took longer than the request allows
    │   └── ConnectDeadlineExceededError  connecting already did: nothing was sent
    ├── StreamTruncatedError    the answer broke off: never use what came
    ├── ContextWindowError      the prompt is too long for the model: shorten it
    ├── AuthenticationError     the key is missing or refused: the person must act
    │   └── KeyReplacedError    the person did so meanwhile: ask again, with the new key
    ├── ModelNotFoundError      no such model there: pull it, or name another
    ├── BadRequestError         the request is wrong: retrying cannot help
    │   └── SchemaNotHeldError  the model cannot keep to the schema that was asked for: ask another
    ├── ContentFilteredError    the vendor refused the content
    ├── NoModelError            there is no model to ask at all: the message says how to get one
    ├── BreakerOpenError        it failed too often just now: ask another, or wait
    ├── BudgetExceededError     it could cost more than the person allows: nothing was sent
    │   └── BudgetUnknownError  nobody can tell what the day cost so far: the person must mend the records
    └── ProviderChainExhaustedError   everyone who may be asked failed: the message lists each attempt

Cancellation is not an error: it stays `asyncio.CancelledError`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from parley_providers.rate_limits import RateLimit
    from parley_providers.route import Route

ErrorKind: TypeAlias = Literal[
    "rate_limit",
    "quota",
    "overloaded",
    "server",
    "connection",
    "timeout",
    "truncated",
    "context_window",
    "auth",
    "not_found",
    "bad_request",
    "content_filter",
]


class ProviderError(Exception):
    """A call failed. The type says what the caller can do; `str(error)` is written for the person.

    Args:
        message: What was wrong, with the value, and what to do next. Control characters are taken out of it.
        provider: The provider's name, or "" before one was chosen.
        model: The model asked for, or "".
        status: The HTTP status, where there was one.
        retry_after_s: How long the server asked to wait, in seconds, where it did.
        request_id: The vendor's id of the request, for its support.

    `limits` are the rate limits that the server told of.
    """

    kind: ClassVar[ErrorKind] = "server"
    retryable: ClassVar[bool] = False
    trips_breaker: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        model: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(printable(message))
        self.provider = provider
        self.model = model
        self.status = status
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.limits: tuple[RateLimit, ...] = ()


class RateLimitedError(ProviderError):
    """Too many requests: a cooldown, not a fault of the server."""

    kind = "rate_limit"
    retryable = True


class QuotaExceededError(ProviderError):
    """The account has no money or quota left."""

    kind = "quota"


class OverloadedError(ProviderError):
    """The server has no room now (503, 529, a full queue)."""

    kind = "overloaded"
    retryable = True
    trips_breaker = True


class ServerError(ProviderError):
    """The server failed by its own fault."""

    kind = "server"
    retryable = True
    trips_breaker = True


class EngineCrashedError(ServerError):
    """The embedded engine's process died; nothing was changed, and the next request starts it again."""


class EngineLoadError(ProviderError):
    """The embedded engine ended by itself while it loaded the model: trying again cannot help."""


class NotEnoughMemoryError(ProviderError):
    """The model does not fit into the memory that is free; nothing was started."""

    kind = "overloaded"


class ConnectionFailedError(ProviderError):
    """No connection: refused, unresolved, TLS failed, or dropped before the first byte."""

    kind = "connection"
    retryable = True
    trips_breaker = True


class NotFollowedError(ConnectionFailedError):
    """The server sent the request elsewhere; going there could carry the key to somebody else."""

    retryable = False


class DeadlineExceededError(ProviderError):
    """Connecting, the first token, the next token, or the whole answer took too long."""

    kind = "timeout"
    retryable = True
    trips_breaker = True


class ConnectDeadlineExceededError(DeadlineExceededError):
    """No connection was made in time, so that nothing was sent."""


class StreamTruncatedError(ProviderError):
    """The stream ended without saying that the answer is complete."""

    kind = "truncated"
    retryable = True
    trips_breaker = True


class ContextWindowError(ProviderError):
    """The prompt does not fit; `prompt_tokens` and `window_tokens` where the server told."""

    kind = "context_window"

    def __init__(
        self,
        message: str,
        *,
        prompt_tokens: int | None = None,
        window_tokens: int | None = None,
        provider: str = "",
        model: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, status=status)
        self.prompt_tokens = prompt_tokens
        self.window_tokens = window_tokens


class AuthenticationError(ProviderError):
    """401 or 403: the key is missing, wrong, or may not do this."""

    kind = "auth"


class KeyReplacedError(AuthenticationError):
    """The key was refused that was sent, and there is another one by now."""

    retryable = True


class ModelNotFoundError(ProviderError):
    """The provider has no such model."""

    kind = "not_found"


class BadRequestError(ProviderError):
    """The request, or what the model made of it, is at fault, whatever the status says."""

    kind = "bad_request"


class SchemaNotHeldError(BadRequestError):
    """The model was told what was wrong with its answer, and its second one was not of the schema either."""


class ContentFilteredError(ProviderError):
    """The vendor's filter, or the model itself, refused."""

    kind = "content_filter"


class NoModelError(ProviderError):
    """No provider has a model that could be asked."""

    kind = "not_found"


class BreakerOpenError(ProviderError):
    """The circuit breaker lets nothing through to this model now; the message tells the last failure."""

    kind = "overloaded"


class BudgetExceededError(ProviderError):
    """The worst case of this call would pass a limit that the person set."""

    kind = "quota"


class BudgetUnknownError(BudgetExceededError):
    """There is a limit for the day, and what the day cost so far cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One failed try of a chain: whom it asked, and what came of it."""

    route: Route
    error: ProviderError


class ProviderChainExhaustedError(ProviderError):
    """Every attempt failed; `attempts` in order. The message tells what repeats itself once."""

    def __init__(self, attempts: tuple[Attempt, ...]) -> None:
        told = Counter(f"  {each.route.provider}/{each.route.model}: {each.error}" for each in attempts)
        lines = [line if times == 1 else f"{line} ({times} times)" for line, times in told.items()]
        super().__init__("\n".join([f"No model could answer; {len(attempts)} attempts failed:", *lines]))
        self.attempts = attempts


def may_cost(error: ProviderError) -> bool:
    """Whether a call that ended so before it said anything may have cost something all the same.

    Who refuses takes no money; whether one that was only late had begun, nobody can tell.
    """
    return isinstance(error, DeadlineExceededError) and not isinstance(error, ConnectDeadlineExceededError)
