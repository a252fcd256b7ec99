"""Putting an answer together: pieces go in as they arrive, stream events with whole parts come out.

What a piece means on a vendor's wire belongs to its adapter. A tool call's arguments count only when the call is closed
and they are one strict JSON object: half of a command can parse as another command.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_providers.messages import ReasoningPart, TextPart, ToolCallPart
from parley_providers.requests import PartDelta, PartEnd, PartStart

if TYPE_CHECKING:
    from parley_providers.messages import JsonObject, Part
    from parley_providers.requests import PartKind, StreamEvent


class ToolArgumentsError(ValueError):
    """A closed tool call's arguments are not one JSON object; `name` is the tool's."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The model called the tool {name!r} with arguments that are not a JSON object.")
        self.name = name


@dataclass(slots=True)
class _Call:
    index: int
    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class AnswerAssembly:
    """The parts of one answer in the making. Each method returns the events that its piece causes."""

    def __init__(self) -> None:
        self._next_index = 0
        self._open: tuple[int, PartKind, list[str]] | None = None
        self._calls: dict[int, _Call] = {}
        self.called_tools = False

    def text(self, piece: str) -> list[StreamEvent]:
        """More visible text."""
        return self._prose("text", piece)

    def reasoning(self, piece: str) -> list[StreamEvent]:
        """More of what the model thinks."""
        return self._prose("reasoning", piece)

    def close(self, provider_meta: JsonObject | None = None) -> list[StreamEvent]:
        """The text or reasoning in the making is whole; `provider_meta` is what must be replayed with it."""
        return self._closed(provider_meta)

    def opaque(self, provider_meta: JsonObject) -> list[StreamEvent]:
        """A piece of reasoning that only its vendor can read, whole; after open reasoning it belongs to that."""
        if self._open is not None and self._open[1] == "reasoning":
            return self._closed(provider_meta)
        events = self._closed()
        index = self._started()
        part = ReasoningPart(text="", provider_meta=provider_meta)
        return [*events, PartStart(index=index, kind="reasoning"), PartEnd(index=index, part=part)]

    def tool_call(
        self, call_id: str, name: str, arguments: JsonObject, *, provider_meta: JsonObject | None = None
    ) -> list[StreamEvent]:
        """A tool call that came whole."""
        events = self._closed()
        index = self._started()
        self.called_tools = True
        part = ToolCallPart(call_id=call_id, name=name, arguments=arguments, provider_meta=provider_meta)
        shown = json.dumps(arguments, ensure_ascii=False)
        return [
            *events,
            PartStart(index=index, kind="tool_call"),
            PartDelta(index=index, text=shown),
            PartEnd(index=index, part=part),
        ]

    def tool_call_piece(self, key: int, *, call_id: str, name: str, arguments: str) -> list[StreamEvent]:
        """More of the tool call that the wire numbers `key`; what a piece does not bring is ""."""
        events = self._closed()
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(index=self._started())
            self.called_tools = True
            events.append(PartStart(index=call.index, kind="tool_call"))
        call.call_id = call.call_id or call_id
        call.name = call.name or name
        if arguments:
            call.arguments.append(arguments)
            events.append(PartDelta(index=call.index, text=arguments))
        return events

    def end(self, *, cut: bool = False) -> list[StreamEvent]:
        """The answer is complete: close every part. With `cut` the model had no room for more.

        Raises:
            ToolArgumentsError: a tool call's arguments are not a JSON object, or were cut off before they began.
        """
        events = self._closed()
        for key, call in self._calls.items():
            if cut and not "".join(call.arguments).strip():
                raise ToolArgumentsError(call.name)
            part = ToolCallPart(call_id=call.call_id or f"call_{key}", name=call.name, arguments=_arguments(call))
            events.append(PartEnd(index=call.index, part=part))
        self._calls.clear()
        return events

    def _prose(self, kind: PartKind, piece: str) -> list[StreamEvent]:
        if not piece:
            return []
        if self._open is not None and self._open[1] == kind:
            self._open[2].append(piece)
            return [PartDelta(index=self._open[0], text=piece)]
        events = self._closed()
        index = self._started()
        self._open = (index, kind, [piece])
        return [*events, PartStart(index=index, kind=kind), PartDelta(index=index, text=piece)]

    def _closed(self, meta: JsonObject | None = None) -> list[StreamEvent]:
        if self._open is None:
            return []
        index, kind, pieces = self._open
        self._open = None
        text = "".join(pieces)
        whole = TextPart if kind == "text" else ReasoningPart
        part: Part = whole(text=text, provider_meta=meta)
        return [PartEnd(index=index, part=part)]

    def _started(self) -> int:
        index = self._next_index
        self._next_index += 1
        return index


def _arguments(call: _Call) -> JsonObject:
    text = "".join(call.arguments)
    try:
        arguments = json.loads(text, parse_constant=_refuse) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise ToolArgumentsError(call.name) from error
    if not isinstance(arguments, dict):
        raise ToolArgumentsError(call.name)
    return arguments


def _refuse(constant: str) -> None:
    """Python reads NaN and the infinities, JSON has none."""
    raise ValueError(constant)
