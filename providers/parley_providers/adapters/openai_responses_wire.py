"""OpenAI's Responses: a request's body, and a stream's events as ours. Sending belongs to `openai_responses`."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from parley_providers.assembly import AnswerAssembly
from parley_providers.messages import ImagePart, ReasoningPart, Role, TextPart, ToolCallPart, ToolResultPart
from parley_providers.requests import FinishReason, StreamFinish, StreamUsage
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.errors import ProviderError
    from parley_providers.messages import JsonObject, Message, Part
    from parley_providers.requests import LLMRequest, StreamEvent

VENDOR = "openai"
# The vendor refuses to be asked for less.
_FEWEST_OUTPUT_TOKENS = 16
_THINKING = re.compile(r"^(o\d|gpt-([5-9]|\d\d)|codex)")
_INCOMPLETE = {"max_output_tokens": FinishReason.LENGTH, "content_filter": FinishReason.CONTENT_FILTER}


def thinks(model: str) -> bool:
    """Whether a model reasons before it answers. The vendor's list does not tell, so its names do."""
    return bool(_THINKING.match(model)) and "chat" not in model


def body_of(request: LLMRequest, model: str) -> dict[str, Any]:
    """The body that asks `request` of `model`; nothing is stored at the vendor's, so reasoning comes back encrypted."""
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _items(message)],
        "max_output_tokens": max(request.max_output_tokens, _FEWEST_OUTPUT_TOKENS),
        "store": False,
    }
    spoken = "\n\n".join(message.text for message in request.messages if message.role is Role.SYSTEM)
    if spoken:
        body["instructions"] = spoken
    if thinks(model):
        body["include"] = ["reasoning.encrypted_content"]
        if request.reasoning == "off":
            # "none" is for newer models only; this much all of them take.
            body["reasoning"] = {"effort": "low"}
        elif request.reasoning is not None:
            body["reasoning"] = {"effort": request.reasoning, "summary": "auto"}
    elif request.temperature is not None:
        body["temperature"] = request.temperature
    if request.json_schema is not None:
        shape = {"type": "json_schema", "name": "answer", "schema": request.json_schema}
        body["text"] = {"format": {**shape, "strict": is_strict(request.json_schema)}}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": is_strict(tool.parameters),
            }
            for tool in request.tools
        ]
    return body


def is_strict(schema: JsonObject) -> bool:
    """Whether the vendor can hold a model to this schema: each object is closed, and requires all it has."""
    value: Any = schema
    if isinstance(value, dict):
        if value.get("type") == "object":
            named = set(value.get("properties") or {})
            if value.get("additionalProperties") is not False or named != set(value.get("required") or ()):
                return False
        return all(is_strict(each) for each in value.values())
    if isinstance(value, list):
        return all(is_strict(each) for each in value)
    return True


class EventReader:
    """Reads the SDK's events of one streamed answer.

    Args:
        failed: Says which error one is that came within the answer, from its code and message.
    """

    def __init__(self, failed: Callable[[str, str], ProviderError]) -> None:
        self._assembly = AnswerAssembly()
        self._failed = failed
        self._refused = False
        self._finish: StreamFinish | None = None

    @property
    def finished(self) -> bool:
        """Whether the vendor said that the answer is complete."""
        return self._finish is not None

    def take(self, event: SdkValue) -> list[StreamEvent]:  # noqa: PLR0911 - one case for each event
        """The events of one of the SDK's.

        Raises:
            ProviderError: the vendor failed within the answer.
        """
        match event.type:
            case "response.output_text.delta":
                return self._assembly.text(event.delta)
            case "response.refusal.delta":
                self._refused = True
                return self._assembly.text(event.delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return self._assembly.reasoning(event.delta)
            case "response.function_call_arguments.delta":
                return self._assembly.tool_call_piece(event.output_index, call_id="", name="", arguments=event.delta)
            case "response.output_item.added" if event.item.type == "function_call":
                named = {"call_id": event.item.call_id, "name": event.item.name}
                return self._assembly.tool_call_piece(event.output_index, **named, arguments="")
            case "response.output_item.done":
                return self._item_done(event.item)
            case "response.completed" | "response.incomplete":
                return self._completed(event.response)
            case "response.failed":
                error = event.response.error
                raise self._failed(str(error.code), error.message) if error else self._failed("", "it gave no reason")
            case "error":
                raise self._failed(event.code or "", event.message)
        return []

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; call it only when `finished`.

        Raises:
            ToolArgumentsError: a tool call's arguments are not a JSON object.
        """
        finish = self._finish or StreamFinish(reason=FinishReason.UNKNOWN, raw="")
        return [*self._assembly.end(cut=finish.reason is FinishReason.LENGTH), finish]

    def _item_done(self, item: SdkValue) -> list[StreamEvent]:
        if item.type == "reasoning":
            kept = item.model_dump(mode="json", exclude_none=True, exclude={"status"})
            return self._assembly.opaque({"vendor": VENDOR, "item": kept})
        return self._assembly.close()

    def _completed(self, response: SdkValue) -> list[StreamEvent]:
        reason, raw = FinishReason.STOP, str(response.status)
        if response.status == "incomplete":
            raw = str(response.incomplete_details.reason) if response.incomplete_details else raw
            reason = _INCOMPLETE.get(raw, FinishReason.UNKNOWN)
        elif response.status != "completed":
            reason = FinishReason.UNKNOWN
        elif self._refused:
            reason, raw = FinishReason.CONTENT_FILTER, "refusal"
        elif self._assembly.called_tools:
            reason = FinishReason.TOOL_CALLS
        self._finish = StreamFinish(reason=reason, raw=raw)
        return [] if response.usage is None else [_usage(response.usage)]


def _usage(usage: SdkValue) -> StreamUsage:
    read, thought = usage.input_tokens_details, usage.output_tokens_details
    return StreamUsage(
        usage=Usage(
            prompt_tokens=usage.input_tokens,
            cached_prompt_tokens=None if read is None else read.cached_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=None if thought is None else thought.reasoning_tokens,
        )
    )


def _items(message: Message) -> list[dict[str, Any]]:
    """A message as items: what the user says stays together, calls and reasoning stand beside it, all in order."""
    if message.role is Role.SYSTEM:
        return []
    items: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case TextPart(text=text) if message.role is Role.ASSISTANT:
                items.append({"type": "message", "role": "assistant", "content": text})
            case TextPart() | ImagePart():
                if not items or "role" not in items[-1]:
                    items.append({"type": "message", "role": "user", "content": []})
                items[-1]["content"].append(_content(part))
            case _:
                items += _beside(part)
    return items


def _content(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    url = f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def _beside(part: Part) -> list[dict[str, Any]]:
    match part:
        case ReasoningPart(provider_meta=meta) if meta is not None and meta.get("vendor") == VENDOR:
            item: Any = meta["item"]
            return [{**item}]
        case ToolCallPart(call_id=call_id, name=name, arguments=arguments):
            return [{"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(arguments)}]
        case ToolResultPart(call_id=call_id, content=content):
            return [{"type": "function_call_output", "call_id": call_id, "output": content}]
    return []
