"""A provider whose answers come from a script: for tests, demonstrations and `parley serve --scripted FILE`.

Reading a script from a file belongs to `script_file`. Deadlines hold here as with any server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_providers import errors
from parley_providers.assembly import AnswerAssembly
from parley_providers.collect import collect
from parley_providers.errors import BadRequestError, DeadlineExceededError, ModelNotFoundError, StreamTruncatedError
from parley_providers.provider import ModelFacts
from parley_providers.requests import FinishReason, StreamFinish, StreamLimits, StreamStart, StreamUsage
from parley_providers.route import asked_for
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from parley_providers.errors import ErrorKind
    from parley_providers.messages import ToolCallPart
    from parley_providers.rate_limits import RateLimit
    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent

Ending: TypeAlias = Literal["finish", "truncated", "endless", "stalled"]

_FAULTS: dict[ErrorKind, type[errors.ProviderError]] = {
    "rate_limit": errors.RateLimitedError,
    "quota": errors.QuotaExceededError,
    "overloaded": errors.OverloadedError,
    "server": errors.ServerError,
    "connection": errors.ConnectionFailedError,
    "timeout": errors.DeadlineExceededError,
    "truncated": errors.StreamTruncatedError,
    "context_window": errors.ContextWindowError,
    "auth": errors.AuthenticationError,
    "not_found": errors.ModelNotFoundError,
    "bad_request": errors.BadRequestError,
    "content_filter": errors.ContentFilteredError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedPiece:
    """A piece of text, said `delay_s` seconds after the one before it."""

    text: str
    kind: Literal["text", "reasoning"] = "text"
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """The error that an answer ends in, after so many pieces; with 0 the request is not even accepted."""

    kind: ErrorKind
    message: str
    after_pieces: int = 0
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswer:
    """One answer, and the requests that it is for.

    It serves a request to `model`, of `task_class`, one of whose messages has `contains` in it; None serves any.
    `times` is how often it may be given (None: without limit). `ending` says what comes after the pieces: the finish, a
    clean end without one, the pieces again for ever, or silence.
    """

    pieces: tuple[ScriptedPiece, ...] = ()
    tool_calls: tuple[ToolCallPart, ...] = ()
    finish: FinishReason | None = None
    ending: Ending = "finish"
    fault: ScriptedFault | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    limits: tuple[RateLimit, ...] = ()
    task_class: str | None = None
    contains: str | None = None
    model: str | None = None
    times: int | None = None

    def serves(self, request: LLMRequest) -> bool:
        """Whether this answer is for `request`."""
        of_class = self.task_class is None or self.task_class == request.task_class
        to_model = self.model is None or self.model == request.model
        return (of_class and to_model) and (
            self.contains is None or any(self.contains in message.text for message in request.messages)
        )


def says(
    text: str, *, task_class: str | None = None, contains: str | None = None, times: int | None = None
) -> ScriptedAnswer:
    """An answer of plain text, said line by line."""
    pieces = tuple(ScriptedPiece(text=line) for line in text.splitlines(keepends=True))
    return ScriptedAnswer(pieces=pieces, task_class=task_class, contains=contains, times=times)


class ScriptedProvider:
    """Gives the first answer of its script that serves the request and is not used up.

    Args:
        script: The answers, the more particular ones first.
        models: What it serves.
        name: The provider's name in routes and records.
        origin: Where it seems to be; "" is this machine.
    """

    def __init__(
        self,
        script: Iterable[ScriptedAnswer],
        *,
        models: tuple[ModelFacts, ...] = (),
        name: str = "scripted",
        origin: str = "",
    ) -> None:
        self._left = [(answer, answer.times) for answer in script]
        self._models = models or (scripted_model(name),)
        self._name = name
        self._origin = origin
        self._asked: list[LLMRequest] = []

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._name

    @property
    def origin(self) -> str:
        """See `Provider`."""
        return self._origin

    @property
    def asked(self) -> tuple[LLMRequest, ...]:
        """Every request so far, in order."""
        return tuple(self._asked)

    async def is_available(self) -> bool:
        """See `Provider`."""
        return True

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        return self._models

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        for facts in self._models:
            if facts.name == model:
                return facts
        raise ModelNotFoundError(f"{self._name} has no model {model!r}.", provider=self._name, model=model)

    async def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`."""
        self._asked.append(request)
        model = request.model or self._models[0].name
        answer = self._taken(request, model)
        waits = _Waits(request, self._name, model)
        if answer.fault is not None and answer.fault.after_pieces == 0:
            raise self._fault(answer.fault, model)
        yield StreamStart(route=asked_for(self._name, model))
        if answer.limits:
            yield StreamLimits(limits=answer.limits)
        assembly = AnswerAssembly()
        rounds = repeat(answer.pieces) if answer.ending == "endless" else (answer.pieces,)
        for count, piece in enumerate(chain.from_iterable(rounds), start=1):
            await waits.pause(piece.delay_s)
            for event in assembly.text(piece.text) if piece.kind == "text" else assembly.reasoning(piece.text):
                yield event
            if answer.fault is not None and answer.fault.after_pieces <= count:
                raise self._fault(answer.fault, model)
        for call in answer.tool_calls:
            for event in assembly.tool_call(call.call_id, call.name, call.arguments):
                yield event
        await self._end_badly(answer, waits, model)
        for event in assembly.end():
            yield event
        yield StreamUsage(usage=answer.usage, timings=answer.timings)
        reason = answer.finish or (FinishReason.TOOL_CALLS if answer.tool_calls else FinishReason.STOP)
        yield StreamFinish(reason=reason, raw=reason.value)

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`."""

    def _taken(self, request: LLMRequest, model: str) -> ScriptedAnswer:
        for index, (answer, left) in enumerate(self._left):
            if left != 0 and answer.serves(request):
                self._left[index] = (answer, None if left is None else left - 1)
                return answer
        raise BadRequestError(
            f"The script has no answer (left) for a request of the task class {request.task_class!r}.",
            provider=self._name,
            model=model,
        )

    async def _end_badly(self, answer: ScriptedAnswer, waits: _Waits, model: str) -> None:
        if answer.fault is not None:
            raise self._fault(answer.fault, model)
        if answer.ending == "truncated":
            message = f"{self._name} stopped in the middle of its answer; nothing of it was used. Try again."
            raise StreamTruncatedError(message, provider=self._name, model=model)
        if answer.ending == "stalled":
            await waits.pause(float("inf"))

    def _fault(self, fault: ScriptedFault, model: str) -> errors.ProviderError:
        error = _FAULTS[fault.kind](fault.message, provider=self._name, model=model)
        error.retry_after_s = fault.retry_after_s
        return error


class _Waits:
    """Pauses that end in an error where a server's silence would."""

    def __init__(self, request: LLMRequest, provider: str, model: str) -> None:
        self._idle_s = request.deadlines.idle_s
        self._total_at = asyncio.get_running_loop().time() + request.deadlines.total_s
        self._who = (provider, model)

    async def pause(self, delay_s: float) -> None:
        left_s = self._total_at - asyncio.get_running_loop().time()
        longest_s = min(self._idle_s, left_s)
        await asyncio.sleep(max(0.0, min(delay_s, longest_s)))
        if delay_s > longest_s or left_s <= 0:
            provider, model = self._who
            message = f"{provider} took longer than the request allows; it was given up."
            raise DeadlineExceededError(message, provider=provider, model=model)


def scripted_model(provider: str, name: str = "script") -> ModelFacts:
    """What is told of a model that a script plays."""
    return ModelFacts(
        name=name,
        provider=provider,
        window_tokens=32_768,
        max_window_tokens=32_768,
        abilities=frozenset({"completion", "tools"}),
        loaded=True,
    )
