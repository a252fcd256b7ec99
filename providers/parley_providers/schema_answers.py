"""Answers to a schema: constrained where the server can, else asked for in words; checked, and asked for again once.

What is wrong with an answer is said by `schema_check`. Sending belongs to whoever passes its `ask`.

**Invariants.** A stream that finishes by itself holds one JSON value of the schema as its text. At most two answers are
asked for; their usage is added up, and both together have the time of one. An answer that was cut at its limit,
filtered, or is a tool call, is passed on unchecked.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from parley_providers.errors import BadRequestError, SchemaNotHeldError
from parley_providers.messages import Message, Role, TextPart, ToolCallPart, assistant, user
from parley_providers.requests import (
    FinishReason,
    LLMRequest,
    PartDelta,
    PartEnd,
    PartStart,
    StreamEvent,
    StreamFinish,
    StreamRestarted,
    StreamStart,
    StreamUsage,
)
from parley_providers.schema_check import is_schema, problem_of, value_in

if TYPE_CHECKING:
    from parley_providers.messages import JsonObject, Part
    from parley_providers.route import Route

Ask: TypeAlias = Callable[[LLMRequest], AsyncGenerator[StreamEvent, None]]

# What servers say when it is the schema that they refuse: the field's names on all wires, and what is made of it.
_OF_THE_SCHEMA = re.compile(r"schema|response_format|output_config|structured|grammar|guided|\bformat\b", re.IGNORECASE)
_CHECKED = (FinishReason.STOP, FinishReason.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaAnswer:
    """The answer to a request that is of `schema`: `ask` sends, `route` is whom it asks.

    `on_refusal` is called when the server refuses to be held to the schema.
    """

    request: LLMRequest
    schema: JsonObject
    ask: Ask
    route: Route
    on_refusal: Callable[[], None]

    async def stream(self, *, native: bool) -> AsyncGenerator[StreamEvent, None]:
        """Its events; `native`: the server can constrain it. One that refuses the schema is asked in words.

        In words, text is told when it is whole and checked; else as it comes, and `StreamRestarted` says that it was
        none.

        Raises:
            SchemaNotHeldError: the second answer was not of the schema either.
            ProviderError: as `ask`.
        """
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + self.request.deadlines.total_s
        first = self._reading(native=native)
        try:
            async for event in self._read(first, self.request if native else self._in_words()):
                yield event
        except BadRequestError as error:
            if not native or first.begun or not await self._is_refused(error):
                raise
            self.on_refusal()
            async with aclosing(self.stream(native=False)) as events:
                async for event in events:
                    yield event
            return
        if first.problem is None:
            return
        yield StreamRestarted(route=self.route, reason=f"The answer was not of its schema ({first.problem}).")
        left = replace(self.request.deadlines, total_s=max(0.0, until_s - now_s()))
        second = self._reading(native=native, before=first)
        async for event in self._read(second, replace(self._corrected(first, native=native), deadlines=left)):
            yield event
        if second.problem is not None:
            raise self._not_held(second.problem)

    async def _is_refused(self, error: BadRequestError) -> bool:
        """Whether it is the schema that the server cannot take, though it is one."""
        return _OF_THE_SCHEMA.search(str(error)) is not None and await asyncio.to_thread(is_schema, self.schema)

    async def _read(self, reading: _Reading, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        async with aclosing(self.ask(request)) as events:
            async for event in events:
                for told in reading.take(event):
                    yield told
                if isinstance(event, StreamFinish):
                    for told in await asyncio.to_thread(reading.end, event):
                        yield told

    def _reading(self, *, native: bool, before: _Reading | None = None) -> _Reading:
        return _Reading(schema=self.schema, route=self.route, quiet=not native, before=before)

    def _in_words(self) -> LLMRequest:
        """The request whose last message asks for the schema, for a server that cannot be held to it."""
        return _with_note(replace(self.request, json_schema=None), self._wish)

    def _corrected(self, reading: _Reading, *, native: bool) -> LLMRequest:
        """The request that tells the model what was wrong with its answer."""
        asked = self.request if native else replace(self.request, json_schema=None)
        if not reading.text.strip():
            return _with_note(asked, self._wish)
        wrong = f"That is not what was asked for: {reading.problem}. {self._wish}"
        return replace(asked, messages=(*asked.messages, assistant(reading.text), user(wrong)))

    @property
    def _wish(self) -> str:
        schema = json.dumps(self.schema, ensure_ascii=False)
        return f"Answer with one JSON value of this JSON Schema, and with nothing else:\n{schema}"

    def _not_held(self, problem: str) -> SchemaNotHeldError:
        asked = f"{self.route.provider}/{self.route.model}"
        return SchemaNotHeldError(
            f"{asked} answered twice with something that is not of the schema that was asked for ({problem}). Nothing "
            f"of it was used. Try again, or choose another model.",
            provider=self.route.provider,
            model=self.route.model,
        )


def _with_note(request: LLMRequest, note: str) -> LLMRequest:
    """The request with a note at the end of what the user said last."""
    *earlier, last = request.messages
    if last.role is not Role.USER:
        return replace(request, messages=(*request.messages, user(note)))
    said = Message(role=last.role, parts=(*last.parts, TextPart(text=f"\n\n{note}")))
    return replace(request, messages=(*earlier, said))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One answer while it is read. With `quiet` its text waits until it is whole. `before` is the one before it.

    `begun` is set with the first event; `problem` once it is whole, if it is not of the schema.
    """

    schema: JsonObject
    route: Route
    quiet: bool
    before: _Reading | None = None
    begun: bool = False
    problem: str | None = None
    usage: StreamUsage = field(default_factory=StreamUsage)
    parts: list[Part] = field(default_factory=list)
    _text: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        """What was said visibly."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    def take(self, event: StreamEvent) -> list[StreamEvent]:
        """What is told of an event at once; of the finish nothing is, before the answer was checked."""
        match event:
            case StreamStart():
                self.begun = True
                return [event] if self.before is None else []
            case StreamUsage():
                self.usage = event if self.before is None else _added(self.before.usage, event)
                return [self.usage]
            case PartStart(index=index, kind="text"):
                self._text.add(index)
            case PartEnd(part=part):
                self.parts.append(part)
            case StreamFinish():
                return []
        quiet = self.quiet and isinstance(event, PartStart | PartDelta | PartEnd) and event.index in self._text
        return [] if quiet else [event]

    def end(self, finish: StreamFinish) -> list[StreamEvent]:
        """What is told of an answer that is whole; nothing, and `problem` is set, where it is not of the schema."""
        text = self.text
        if finish.reason not in _CHECKED or any(isinstance(part, ToolCallPart) for part in self.parts):
            return [*(self._part(text) if self.quiet and text else []), finish]
        value = value_in(text)
        self.problem = problem_of(value, self.schema)
        if self.problem is not None:
            return []
        if self.quiet:
            return [*self._part(value), finish]
        if value == text.strip():
            return [finish]
        bare = StreamRestarted(route=self.route, reason="What stood around the answer's value was taken off.")
        self._text.clear()
        return [bare, *self._part(value), self.usage, finish]

    def _part(self, text: str) -> list[StreamEvent]:
        index = min(self._text, default=0)
        part = PartEnd(index=index, part=TextPart(text=text))
        return [PartStart(index=index, kind="text"), PartDelta(index=index, text=text), part]


def _added(one: StreamUsage, other: StreamUsage) -> StreamUsage:
    return StreamUsage(usage=one.usage.plus(other.usage), timings=one.timings.plus(other.timings))
