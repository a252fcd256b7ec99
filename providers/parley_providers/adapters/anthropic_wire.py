"""Anthropic's Messages: a request's body, and a stream's events as ours. Sending belongs to `anthropic`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from parley_providers.assembly import AnswerAssembly
from parley_providers.messages import ImagePart, ReasoningPart, Role, TextPart, ToolCallPart, ToolResultPart
from parley_providers.requests import THINKING_TOKENS, FinishReason, StreamFinish, StreamUsage
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.messages import JsonObject, Message, Part
    from parley_providers.provider import ModelFacts
    from parley_providers.requests import LLMRequest, StreamEvent

VENDOR = "anthropic"
_FINISH = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.CONTENT_FILTER,
}
_CACHED = {"cache_control": {"type": "ephemeral"}}


def body_of(request: LLMRequest, model: str, facts: ModelFacts | None) -> dict[str, Any]:
    """The body that asks `request` of `model`, whose abilities decide how thinking is asked for.

    What stays the same from turn to turn, tools and system prompt, is marked for the vendor's cache; a conversation is
    marked at its end as well, so that the next turn finds it.
    """
    able = facts.abilities if facts is not None else frozenset[str]()
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_output_tokens,
        "messages": _turns(request.messages),
    }
    spoken = [message.text for message in request.messages if message.role is Role.SYSTEM and message.text]
    if spoken:
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in spoken]
        body["system"] = [*blocks[:-1], {**blocks[-1], **_CACHED}]
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    body.update(_thinking(request, able))
    if request.json_schema is not None:
        shape = {"format": {"type": "json_schema", "schema": request.json_schema}}
        body["output_config"] = {**body.get("output_config", {}), **shape}
    # A model that thinks, or that decides by itself whether to, takes no temperature.
    if request.temperature is not None and "thinking" not in body and "adaptive_thinking" not in able:
        body["temperature"] = min(request.temperature, 1.0)
    return body


class EventReader:
    """Reads the SDK's raw events of one streamed answer."""

    def __init__(self) -> None:
        self._assembly = AnswerAssembly()
        self._signature: list[str] = []
        self._thinking = False
        self._usage: dict[str, int | None] = {}
        self._raw_finish: str | None = None
        self._stopped = False

    @property
    def finished(self) -> bool:
        """Whether the vendor said that the answer is complete."""
        return self._stopped and self._raw_finish is not None

    def take(self, event: SdkValue) -> list[StreamEvent]:
        """The events of one of the SDK's."""
        match event.type:
            case "message_start":
                return self._counted(event.message.usage)
            case "content_block_start":
                return self._begin(event.index, event.content_block)
            case "content_block_delta":
                return self._more(event.index, event.delta)
            case "content_block_stop":
                return self._block_end()
            case "message_delta":
                self._raw_finish = event.delta.stop_reason or self._raw_finish
                return self._counted(event.usage)
            case "message_stop":
                self._stopped = True
        return []

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; call it only when `finished`.

        Raises:
            ToolArgumentsError: a tool call's arguments are not a JSON object.
        """
        raw = self._raw_finish or ""
        reason = _FINISH.get(raw, FinishReason.UNKNOWN)
        return [*self._assembly.end(cut=reason is FinishReason.LENGTH), StreamFinish(reason=reason, raw=raw)]

    def _begin(self, index: int, block: SdkValue) -> list[StreamEvent]:
        self._thinking = block.type == "thinking"
        match block.type:
            case "text":
                return self._assembly.text(block.text)
            case "thinking":
                self._signature = [block.signature] if block.signature else []
                return self._assembly.reasoning(block.thinking)
            case "redacted_thinking":
                return self._assembly.opaque({"vendor": VENDOR, "redacted": block.data})
            case "tool_use":
                return self._assembly.tool_call_piece(index, call_id=block.id, name=block.name, arguments="")
        return []

    def _more(self, index: int, delta: SdkValue) -> list[StreamEvent]:
        match delta.type:
            case "text_delta":
                return self._assembly.text(delta.text)
            case "thinking_delta":
                return self._assembly.reasoning(delta.thinking)
            case "signature_delta":
                self._signature.append(delta.signature)
            case "input_json_delta":
                return self._assembly.tool_call_piece(index, call_id="", name="", arguments=delta.partial_json)
        return []

    def _block_end(self) -> list[StreamEvent]:
        thought, self._thinking = self._thinking, False
        if thought and self._signature:
            return self._assembly.opaque({"vendor": VENDOR, "signature": "".join(self._signature)})
        return self._assembly.close()

    def _counted(self, usage: SdkValue) -> list[StreamEvent]:
        """Counts are cumulative; each report tells what it knows. The prompt is what was read, cached or not."""
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"):
            told = getattr(usage, name, None)
            if told is not None:
                self._usage[name] = told
        details = getattr(usage, "output_tokens_details", None)
        thought = getattr(details, "thinking_tokens", None) if details is not None else None
        read, fresh = self._usage.get("cache_read_input_tokens"), self._usage.get("input_tokens")
        written = self._usage.get("cache_creation_input_tokens")
        whole = None if fresh is None else fresh + (read or 0) + (written or 0)
        counted = Usage(
            prompt_tokens=whole,
            cached_prompt_tokens=read,
            output_tokens=self._usage.get("output_tokens"),
            reasoning_tokens=thought,
            written_prompt_tokens=written,
        )
        return [] if counted == Usage() else [StreamUsage(usage=counted)]


def _thinking(request: LLMRequest, able: frozenset[str]) -> dict[str, Any]:
    """How this model is told to think: it decides by itself within an effort, or it has a budget of tokens."""
    if request.reasoning is None or ("thinking" not in able and "adaptive_thinking" not in able):
        return {}
    if request.reasoning == "off":
        return {"thinking": {"type": "disabled"}} if "adaptive_thinking" not in able else {}
    if "adaptive_thinking" in able:
        thinking = {"thinking": {"type": "adaptive", "display": "summarized"}}
        return {**thinking, "output_config": {"effort": request.reasoning}} if "effort" in able else thinking
    budget = THINKING_TOKENS[request.reasoning]
    return {
        "thinking": {"type": "enabled", "budget_tokens": budget},
        "max_tokens": request.max_output_tokens + budget,
    }


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The turns after the system prompt; tool results are said by the user, and neighbours of one role are one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role is Role.SYSTEM:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        content = [block for part in message.parts for block in _block(part)]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": role, "content": content})
    if len(turns) > 1 and turns[-1]["content"][-1]["type"] in ("text", "image", "tool_result"):
        turns[-1]["content"][-1] |= _CACHED
    return turns


def _block(part: Part) -> list[dict[str, Any]]:
    match part:
        case TextPart(text=text):
            return [{"type": "text", "text": text}] if text else []
        case ReasoningPart(text=text, provider_meta=meta):
            return _replayed(text, meta or {})
        case ToolCallPart(call_id=call_id, name=name, arguments=arguments):
            return [{"type": "tool_use", "id": call_id, "name": name, "input": arguments}]
        case ToolResultPart(call_id=call_id, content=content, is_error=is_error):
            return [{"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": is_error}]
        case ImagePart(media_type=media_type, data=data):
            source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
            return [{"type": "image", "source": source}]


def _replayed(text: str, meta: JsonObject) -> list[dict[str, Any]]:
    """Reasoning goes back untouched to the vendor that it came from, and to no other."""
    if meta.get("vendor") != VENDOR:
        return []
    if "redacted" in meta:
        return [{"type": "redacted_thinking", "data": meta["redacted"]}]
    return [{"type": "thinking", "thinking": text, "signature": meta["signature"]}]
