"""One turn of a model: passes on what streams, and keeps the answer; bounded in size, whatever the model does."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from parley_agent.refactor.answers import without_controls
from parley_agent.refactor.forms.form import Answer
from parley_agent.refactor.requests import Answered, Reading, Restarted, Routed, Streamed
from parley_providers.errors import StreamTruncatedError
from parley_providers.messages import TextPart
from parley_providers.requests import (
    FinishReason,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamReading,
    StreamRestarted,
    StreamStart,
    StreamUsage,
)
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_agent.refactor.models import Models
    from parley_agent.refactor.requests import RefactorEvent
    from parley_providers.requests import LLMRequest, StreamEvent

# A token is seldom longer than this on average; what exceeds it ignores the limit that it was given.
_MAX_CHARACTERS_PER_TOKEN = 16


class Turn:
    """Asks once. After `events` has ended, `answer` is what the model said.

    Args:
        models: The way to the model.
        request: What to ask.
        attempt: 1 for the first, more for repairs.
    """

    def __init__(self, models: Models, request: LLMRequest, attempt: int) -> None:
        self._models = models
        self._request = request
        self._attempt = attempt
        self._parts: dict[int, str] = {}
        self._seen_characters = 0
        self._usage, self._timings = Usage(), Timings()
        self._finish: FinishReason | None = None

    @property
    def answer(self) -> Answer:
        """The visible text of the answer."""
        text = "".join(self._parts[index] for index in sorted(self._parts))
        return Answer(text=text, cut=self._finish is FinishReason.LENGTH)

    async def events(self) -> AsyncGenerator[RefactorEvent, None]:
        """What happens, as it happens; `Answered` last.

        Raises:
            StreamTruncatedError: the answer broke off.
        """
        async with aclosing(self._models.stream(self._request)) as stream:
            async for event in stream:
                for told in self._take(event):
                    yield told
                if self._finish is None and self._seen_characters > self._limit:
                    self._finish = FinishReason.LENGTH
                    break
        if self._finish is None:
            raise StreamTruncatedError("The answer broke off before it was complete; nothing was changed. Try again.")
        yield Answered(attempt=self._attempt, usage=self._usage, timings=self._timings)

    @property
    def _limit(self) -> int:
        return self._request.max_output_tokens * _MAX_CHARACTERS_PER_TOKEN

    def _take(self, event: StreamEvent) -> tuple[RefactorEvent, ...]:
        match event:
            case StreamStart(route=route):
                return (Routed(route=route),)
            case StreamRestarted(route=route, reason=reason):
                self._parts, self._seen_characters = {}, 0
                self._usage, self._timings = Usage(), Timings()
                return (Restarted(reason=reason), Routed(route=route))
            case StreamReading(read_tokens=read, unread_tokens=unread) if read + unread:
                return (Reading(share=read / (read + unread)),)
            case PartStart(index=index, kind="text"):
                self._parts[index] = ""
            case PartDelta(index=index, text=text):
                self._seen_characters += len(text)
                if index in self._parts and text:
                    self._parts[index] += text
                    return (Streamed(text=without_controls(text)),)
            case PartEnd(index=index, part=TextPart(text=text)):
                self._parts[index] = text
            case StreamUsage(usage=usage, timings=timings):
                self._usage, self._timings = usage, timings
            case StreamFinish(reason=reason):
                self._finish = reason
            case _:
                pass
        return ()
