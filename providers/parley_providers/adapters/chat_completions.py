"""OpenAI's Chat Completions as compatible servers speak it: a request's body, and a stream's chunks as events.

Sending, deadlines and what a refusal means belong to the adapter of each server.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from parley_providers.assembly import AnswerAssembly
from parley_providers.messages import ImagePart, ReasoningPart, Role, TextPart, ToolCallPart, ToolResultPart
from parley_providers.refusals import IN_BAND, Refusal
from parley_providers.requests import FinishReason, StreamFinish, StreamReading, StreamUsage
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_providers.adapters.answer import Answer
    from parley_providers.errors import ProviderError
    from parley_providers.messages import JsonObject, Message
    from parley_providers.requests import LLMRequest, StreamEvent

_FINISH = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def body_of(request: LLMRequest, model: str) -> JsonObject:
    """The JSON body that asks `request` of `model`, streamed."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [wire for message in request.messages for wire in _messages(message)],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_output_tokens,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.seed is not None:
        body["seed"] = request.seed
    if request.stop:
        body["stop"] = list(request.stop)
    if request.json_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": request.json_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    return body


def take_line(answer: Answer, line: bytes, explain: Callable[[Refusal, str], ProviderError]) -> list[StreamEvent]:
    """The events of one line of server-sent events; `explain` says which error one is that it tells.

    Raises:
        ProviderError: the line cannot be read, or is an error.
    """
    field, _, value = line.partition(b":")
    if field == b"error":
        raise explain(Refusal(status=IN_BAND, body=value.strip()), answer.model)
    if field != b"data" or value.strip() == b"[DONE]":
        return []
    return answer.take_json(value.strip(), explain)


class ChunkReader:
    """Reads the chunks of one streamed answer."""

    def __init__(self) -> None:
        self._assembly = AnswerAssembly()
        self._raw_finish: str | None = None

    @property
    def finished(self) -> bool:
        """Whether the server said that the answer is complete."""
        return self._raw_finish is not None

    def take(self, chunk: JsonObject) -> list[StreamEvent]:
        """The events of one chunk.

        Raises:
            KeyError, TypeError, AttributeError: the chunk is not of Chat Completions' shape.
        """
        events: list[StreamEvent] = []
        wire: Any = chunk
        for choice in wire.get("choices") or ():
            delta = choice.get("delta") or {}
            events += self._assembly.reasoning(delta.get("reasoning_content") or "")
            events += self._assembly.text(delta.get("content") or delta.get("refusal") or "")
            for call in delta.get("tool_calls") or ():
                function = call.get("function") or {}
                events += self._assembly.tool_call_piece(
                    call.get("index", 0),
                    call_id=call.get("id") or "",
                    name=function.get("name") or "",
                    arguments=function.get("arguments") or "",
                )
            self._raw_finish = choice.get("finish_reason") or self._raw_finish
        if "prompt_progress" in wire:
            events += _reading(wire["prompt_progress"])
        if wire.get("usage") or wire.get("timings"):
            events.append(_usage(wire.get("usage") or {}, wire.get("timings") or {}))
        return events

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; call it only when `finished`.

        Raises:
            ToolArgumentsError: a tool call's arguments are not a JSON object.
        """
        raw = self._raw_finish or ""
        reason = _FINISH.get(raw, FinishReason.UNKNOWN)
        if self._assembly.called_tools and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        cut = reason is FinishReason.LENGTH
        return [*self._assembly.end(cut=cut), StreamFinish(reason=reason, raw=raw)]


def _reading(progress: object) -> list[StreamEvent]:
    """How far llama.cpp has read; nothing where it tells something else: nobody's answer depends on it."""
    told = progress if isinstance(progress, dict) else {}
    total, processed, cached = (told.get(name) for name in ("total", "processed", "cache"))
    if not (isinstance(total, int) and isinstance(processed, int) and isinstance(cached, int)):
        return []
    if not cached <= processed <= total:
        return []
    return [StreamReading(read_tokens=processed - cached, unread_tokens=total - processed)]


def _messages(message: Message) -> list[dict[str, Any]]:
    results = [part for part in message.parts if isinstance(part, ToolResultPart)]
    wire = [{"role": "tool", "tool_call_id": part.call_id, "content": part.content} for part in results]
    if message.role is Role.TOOL:
        return wire
    spoken: dict[str, Any] = {"role": message.role.value, "content": _content(message)}
    reasoning = "".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
    if reasoning:
        spoken["reasoning_content"] = reasoning
    calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
    if calls:
        spoken["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in calls
        ]
    return [*wire, spoken]


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not any(isinstance(part, ImagePart) for part in message.parts):
        return message.text
    content: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case TextPart(text=text):
                content.append({"type": "text", "text": text})
            case ImagePart(media_type=media_type, data=data):
                url = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
                content.append({"type": "image_url", "image_url": {"url": url}})
            case _:
                pass
    return content


def _usage(usage: dict[str, Any], timings: dict[str, Any]) -> StreamUsage:
    cached = timings.get("cache_n", (usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
    prompt, output = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if prompt is None and "prompt_n" in timings:
        prompt = timings["prompt_n"] + (cached or 0)
    return StreamUsage(
        usage=Usage(
            prompt_tokens=prompt,
            cached_prompt_tokens=cached,
            output_tokens=timings.get("predicted_n") if output is None else output,
            reasoning_tokens=(usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
        ),
        timings=Timings(prefill_ns=_ns(timings.get("prompt_ms")), decode_ns=_ns(timings.get("predicted_ms"))),
    )


def _ns(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1e6)
