"""Reading one streamed answer: what it means when a piece cannot be read, tells an error, or when the end is missing.

What a piece says belongs to each wire's reader.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from parley_providers.assembly import ToolArgumentsError
from parley_providers.errors import BadRequestError, ProviderError, ServerError, StreamTruncatedError
from parley_providers.refusals import IN_BAND, Refusal
from parley_providers.requests import StreamLimits, StreamStart
from parley_providers.route import asked_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_providers.rate_limits import RateLimit
    from parley_providers.requests import StreamEvent


class Reader(Protocol):
    """Turns the pieces of one wire into our events."""

    @property
    def finished(self) -> bool:
        """Whether the server said that the answer is complete."""
        ...

    def take(self, piece: Any) -> list[StreamEvent]:  # noqa: ANN401 - each wire has pieces of its own
        """The events of one piece; a piece of another shape raises whatever reading it raises."""
        ...

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; asked only when `finished`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer while it is read; every fault in it becomes a `ProviderError` of its provider and model."""

    reader: Reader
    provider: str
    model: str

    def begin(self, limits: tuple[RateLimit, ...]) -> list[StreamEvent]:
        """The first events: the server accepted the request, and told of its rate limits or did not."""
        start = StreamStart(route=asked_for(self.provider, self.model))
        return [start, StreamLimits(limits=limits)] if limits else [start]

    def take(self, piece: Any) -> list[StreamEvent]:  # noqa: ANN401 - see `Reader`
        """The events of one piece.

        Raises:
            ProviderError: it cannot be read, or is an error.
        """
        try:
            return self.reader.take(piece)
        except ProviderError as error:
            error.provider, error.model = self.provider, self.model
            raise
        except ToolArgumentsError as error:
            raise self._model_failed(error) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._odd(error) from error

    def take_json(self, text: bytes, explain: Callable[[Refusal, str], ProviderError]) -> list[StreamEvent]:
        """The events of one piece of JSON; `explain` says which error it is if it tells one."""
        try:
            piece = json.loads(text)
            told = "error" in piece
        except ValueError as error:
            raise self.truncated() from error
        except (TypeError, RecursionError) as error:
            raise self._odd(error) from error
        if told:
            raise explain(Refusal(status=IN_BAND, body=text), self.model)
        return self.take(piece)

    def end(self) -> list[StreamEvent]:
        """The last events.

        Raises:
            StreamTruncatedError: the server did not say that the answer is complete.
            BadRequestError: the model called a tool with something that is no call.
        """
        if not self.reader.finished:
            raise self.truncated()
        try:
            return self.reader.end()
        except ToolArgumentsError as error:
            raise self._model_failed(error) from error

    def truncated(self) -> StreamTruncatedError:
        """What an answer is that broke off."""
        message = f"{self.provider} stopped in the middle of its answer; nothing of it was used. Try again."
        return StreamTruncatedError(message, provider=self.provider, model=self.model)

    def _odd(self, error: Exception) -> ServerError:
        message = f"{self.provider} sent a piece of an unknown shape ({error}). Is it the server that was meant?"
        return ServerError(message, provider=self.provider, model=self.model)

    def _model_failed(self, error: ToolArgumentsError) -> BadRequestError:
        return BadRequestError(f"{error} Try again.", provider=self.provider, model=self.model)
