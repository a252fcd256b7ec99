"""Ollama's `/api/chat`: a request's body, and the lines of a streamed answer as events."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from parley_providers.adapters.ollama.tokens import usage_of
from parley_providers.assembly import AnswerAssembly, ToolArgumentsError
from parley_providers.messages import ImagePart, ReasoningPart, Role, ToolCallPart, ToolResultPart
from parley_providers.requests import FinishReason, StreamFinish

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_providers.messages import JsonObject, Message
    from parley_providers.requests import LLMRequest, StreamEvent, StreamUsage

Think: TypeAlias = bool | Literal["low", "medium", "high"] | None

# "load" and "unload" answer a request without messages: nothing was said.
_FINISH = {"stop": FinishReason.STOP, "": FinishReason.STOP, "length": FinishReason.LENGTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSettings:
    """What a model is loaded with. It is the same for every request of a model: another value loads it anew.

    `keep_alive` is how long it stays loaded (None: as the server has it).
    """

    window_tokens: int
    keep_alive: str | None


def body_of(request: LLMRequest, model: str, runner: RunnerSettings, think: Think) -> JsonObject:
    """The JSON body that asks `request` of `model`, streamed; a prompt that is too long is refused, never cut."""
    options: dict[str, Any] = {"num_ctx": runner.window_tokens, "num_predict": request.max_output_tokens}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.seed is not None:
        options["seed"] = request.seed
    if request.stop:
        options["stop"] = list(request.stop)
    body: dict[str, Any] = {
        "model": model,
        "messages": [wire for message in request.messages for wire in _messages(message)],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": options,
    }
    if runner.keep_alive is not None:
        body["keep_alive"] = runner.keep_alive
    if think is not None:
        body["think"] = think
    if request.json_schema is not None:
        body["format"] = request.json_schema
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    return body


def think_of(request: LLMRequest, abilities: frozenset[str], family: str | None) -> Think:
    """The `think` field; None leaves it out, for a model without the ability is refused whatever it says.

    An answer of a schema is asked without thinking unless the request says otherwise: Ollama runs two passes then, and
    measures only the last.
    """
    if "thinking" not in abilities:
        return None
    match request.reasoning:
        case None:
            return False if request.json_schema is not None else None
        case "off":
            return False
        case effort:
            return effort if family == "gptoss" else True


class AnswerReader:
    """Reads the lines of one streamed answer.

    Args:
        version: The server's version, which says what its counts mean.
        two_passes: Whether the server thinks first and then answers by a schema: its counts then lack the first pass.
        new_id: Makes ids for tool calls of servers that give none.
    """

    def __init__(self, *, version: str | None, two_passes: bool, new_id: Callable[[], str]) -> None:
        self._assembly = AnswerAssembly()
        self._version = version
        self._two_passes = two_passes
        self._new_id = new_id
        self.usage: StreamUsage | None = None
        self._finish: StreamFinish | None = None

    @property
    def finished(self) -> bool:
        """Whether the line with `done` came."""
        return self._finish is not None

    def take(self, line: JsonObject) -> list[StreamEvent]:
        """The events of one line.

        Raises:
            KeyError, TypeError, AttributeError: the line is not of Ollama's shape.
            ToolArgumentsError: a tool call's arguments are no object.
        """
        wire: Any = line
        message = wire.get("message") or {}
        events = self._assembly.reasoning(message.get("thinking") or "")
        events += self._assembly.text(message.get("content") or "")
        for call in message.get("tool_calls") or ():
            function = call["function"]
            call_id, arguments = call.get("id") or self._new_id(), function.get("arguments") or {}
            if not isinstance(arguments, dict):
                raise ToolArgumentsError(function["name"])
            events += self._assembly.tool_call(call_id, function["name"], arguments)
        if wire.get("done"):
            self._finish = self._finish_of(wire.get("done_reason") or "")
            if not self._two_passes:
                self.usage = usage_of(wire, self._version)
                events.append(self.usage)
        return events

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; call it only when `finished`."""
        return [*self._assembly.end(), *([] if self._finish is None else [self._finish])]

    def _finish_of(self, raw: str) -> StreamFinish:
        reason = _FINISH.get(raw, FinishReason.UNKNOWN)
        if reason is FinishReason.STOP and self._assembly.called_tools:
            reason = FinishReason.TOOL_CALLS
        return StreamFinish(reason=reason, raw=raw)


def _messages(message: Message) -> list[dict[str, Any]]:
    wire: list[dict[str, Any]] = [
        {"role": "tool", "tool_name": part.name, "tool_call_id": part.call_id, "content": part.content}
        for part in message.parts
        if isinstance(part, ToolResultPart)
    ]
    if message.role is Role.TOOL:
        return wire
    spoken: dict[str, Any] = {"role": message.role.value, "content": message.text}
    thinking = "".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    if thinking:
        spoken["thinking"] = thinking
    images = [base64.b64encode(part.data).decode() for part in message.parts if isinstance(part, ImagePart)]
    if images:
        spoken["images"] = images
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    if calls:
        spoken["tool_calls"] = [
            {"id": call.call_id, "function": {"name": call.name, "arguments": call.arguments}} for call in calls
        ]
    return [*wire, spoken]
