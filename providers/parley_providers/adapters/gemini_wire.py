"""Gemini's contents: a request as the SDK's arguments, and a stream's chunks as events. Sending belongs to `gemini`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from parley_providers.assembly import AnswerAssembly, ToolArgumentsError
from parley_providers.errors import ContentFilteredError
from parley_providers.messages import ImagePart, ReasoningPart, Role, TextPart, ToolCallPart, ToolResultPart
from parley_providers.requests import THINKING_TOKENS, FinishReason, StreamFinish, StreamUsage
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.adapters.vendor import SdkValue
    from parley_providers.messages import JsonValue, Message, Part
    from parley_providers.provider import ModelFacts
    from parley_providers.requests import LLMRequest, StreamEvent

VENDOR = "gemini"
_FINISH = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "SAFETY": FinishReason.CONTENT_FILTER,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "BLOCKLIST": FinishReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "SPII": FinishReason.CONTENT_FILTER,
    "MODEL_ARMOR": FinishReason.CONTENT_FILTER,
}


def arguments_of(request: LLMRequest, model: str, facts: ModelFacts | None) -> dict[str, Any]:
    """The SDK's arguments that ask `request` of `model`."""
    config: dict[str, Any] = {
        "max_output_tokens": request.max_output_tokens,
        "automatic_function_calling": {"disable": True},
    }
    spoken = [{"text": message.text} for message in request.messages if message.role is Role.SYSTEM]
    if spoken:
        config["system_instruction"] = {"parts": spoken}
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.seed is not None:
        config["seed"] = request.seed
    if request.stop:
        config["stop_sequences"] = list(request.stop)
    if request.json_schema is not None:
        config |= {"response_mime_type": "application/json", "response_json_schema": request.json_schema}
    if request.tools:
        declared = [
            {"name": tool.name, "description": tool.description, "parameters_json_schema": tool.parameters}
            for tool in request.tools
        ]
        config["tools"] = [{"function_declarations": declared}]
    config |= _thinking(request, model, facts)
    return {"model": model, "contents": _contents(request.messages), "config": config}


class ChunkReader:
    """Reads the SDK's chunks of one streamed answer."""

    def __init__(self) -> None:
        self._assembly = AnswerAssembly()
        self._calls = 0
        self._raw_finish: str | None = None

    @property
    def finished(self) -> bool:
        """Whether the vendor said that the answer is complete."""
        return self._raw_finish is not None

    def take(self, chunk: SdkValue) -> list[StreamEvent]:
        """The events of one chunk.

        Raises:
            ContentFilteredError: the vendor refuses the prompt.
            ToolArgumentsError: a tool call came in pieces, or the model made none that can be read.
        """
        feedback = chunk.prompt_feedback
        if feedback is not None and feedback.block_reason is not None:
            reason = _word(feedback.block_reason)
            raise ContentFilteredError(
                f"Gemini refused the prompt ({reason}). Word it differently, or ask another model."
            )
        events: list[StreamEvent] = []
        for candidate in (chunk.candidates or [])[:1]:
            for part in (candidate.content.parts if candidate.content else None) or ():
                events += self._part(part)
            if candidate.finish_reason is not None:
                self._raw_finish = _word(candidate.finish_reason)
        return [*events, *_counted(chunk.usage_metadata)]

    def end(self) -> list[StreamEvent]:
        """The last events, `StreamFinish` among them; call it only when `finished`.

        Raises:
            ToolArgumentsError: the model made a tool call that cannot be read.
        """
        raw = self._raw_finish or ""
        if raw == "MALFORMED_FUNCTION_CALL":
            raise ToolArgumentsError("")
        reason = _FINISH.get(raw, FinishReason.UNKNOWN)
        if self._assembly.called_tools and reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS
        return [*self._assembly.end(), StreamFinish(reason=reason, raw=raw)]

    def _part(self, part: SdkValue) -> list[StreamEvent]:
        meta = _signed(part.thought_signature)
        if part.function_call is not None:
            call = part.function_call
            if call.partial_args or call.will_continue:
                raise ToolArgumentsError(call.name or "")
            self._calls += 1
            call_id = call.id or f"call_{self._calls}"
            return self._assembly.tool_call(call_id, call.name or "", call.args or {}, provider_meta=meta)
        events = self._assembly.reasoning(part.text or "") if part.thought else self._assembly.text(part.text or "")
        if meta is None:
            return events
        return [*events, *(self._assembly.close(meta) or self._assembly.opaque(meta))]


def _thinking(request: LLMRequest, model: str, facts: ModelFacts | None) -> dict[str, Any]:
    able = facts is not None and "thinking" in facts.abilities
    if request.reasoning is None or not able:
        return {}
    if "gemini-2" in model:
        budget = THINKING_TOKENS[request.reasoning]
        # The largest of that generation cannot stop thinking; this is the least it takes.
        least = 128 if "pro" in model else 0
        return {"thinking_config": {"thinking_budget": max(budget, least), "include_thoughts": budget > 0}}
    level = "LOW" if request.reasoning == "off" else request.reasoning.upper()
    return {"thinking_config": {"thinking_level": level, "include_thoughts": request.reasoning != "off"}}


def _contents(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    contents: list[dict[str, Any]] = []
    for message in messages:
        if message.role is Role.SYSTEM:
            continue
        role = "model" if message.role is Role.ASSISTANT else "user"
        parts = [wire for part in message.parts for wire in _wire_part(part)]
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    return contents


def _wire_part(part: Part) -> list[dict[str, Any]]:
    meta = part.provider_meta or {}
    signature = meta.get("thought_signature") if meta.get("vendor") == VENDOR else None
    signed = {"thought_signature": base64.b64decode(signature)} if isinstance(signature, str) else {}
    match part:
        case TextPart(text=text):
            return [{"text": text, **signed}] if text or signed else []
        case ReasoningPart(text=text):
            # A signature without words belongs to no thought: it is replayed as the empty part that it came as.
            return [{"text": text, **({"thought": True} if text else {}), **signed}] if signed else []
        case ToolCallPart(call_id=call_id, name=name, arguments=arguments):
            return [{"function_call": {"id": call_id, "name": name, "args": arguments}, **signed}]
        case ToolResultPart(call_id=call_id, name=name, content=content, is_error=is_error):
            said = {"error" if is_error else "output": content}
            return [{"function_response": {"id": call_id, "name": name, "response": said}}]
        case ImagePart(media_type=media_type, data=data):
            return [{"inline_data": {"mime_type": media_type, "data": data}}]


def _signed(signature: bytes | None) -> Mapping[str, JsonValue] | None:
    if not signature:
        return None
    return {"vendor": VENDOR, "thought_signature": base64.b64encode(signature).decode()}


def _counted(usage: SdkValue) -> list[StreamEvent]:
    """Output is what was said and what was thought; the vendor counts them apart."""
    if usage is None or usage.prompt_token_count is None:
        return []
    said, thought = usage.candidates_token_count, usage.thoughts_token_count
    output = None if said is None and thought is None else (said or 0) + (thought or 0)
    return [
        StreamUsage(
            usage=Usage(
                prompt_tokens=usage.prompt_token_count,
                cached_prompt_tokens=usage.cached_content_token_count,
                output_tokens=output,
                reasoning_tokens=thought,
            )
        )
    ]


def _word(value: SdkValue) -> str:
    return str(getattr(value, "value", value))
