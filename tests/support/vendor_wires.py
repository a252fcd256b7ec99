"""What vendors' servers write: their events for a few pieces of text, a tool call, an ending, and their refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley_providers.adapters.anthropic import AnthropicProvider
from parley_providers.adapters.gemini import GeminiProvider
from parley_providers.adapters.openai_chat import OpenAIChatProvider
from parley_providers.adapters.openai_responses import OpenAIProvider
from parley_providers.keys import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "sk-very-secret-0123456789"
PROMPT_TOKENS, OUTPUT_TOKENS = 70, 2


@dataclass(frozen=True)
class Wire:
    """One vendor's wire: how to build its provider, and what its server writes."""

    name: str
    model: str
    provider: Any
    base_path: str
    chat_path: str
    models_path: str
    listed: Any

    def build(self, url: str, key: Key | None = None):
        """The provider for a server at `url`."""
        secret = key or Key(origin=url, source="a test", text=KEY)
        return self.provider(secret, base_url=url + self.base_path)

    def text(self, pieces: Sequence[str], *, finish: str | None = None, counts: bool = True) -> list[str]:
        """The events of an answer of `pieces`; `finish` is the vendor's own word, None leaves the ending out."""
        return _TEXT[self.name](pieces, finish, counts=counts)

    def call(self, *arguments: str, finish: str | None = None) -> list[str]:
        """The events of an answer that calls `read` with arguments in these pieces of JSON."""
        return _CALL[self.name](arguments, finish)

    def error(self, message: str) -> list[str]:
        """The event of an error within an answer."""
        return _ERROR[self.name](message)

    def refusal(self, message: str, word: str | int | None = None) -> Any:
        """The body of a refusal, with the vendor's word for it."""
        return _REFUSAL[self.name](message, word)

    @property
    def stop(self) -> str:
        """The word for an answer that ended by itself."""
        return _STOPS[self.name][0]

    @property
    def tool_stop(self) -> str:
        """The word for an answer that ended with tool calls."""
        return _STOPS[self.name][1]

    @property
    def cut(self) -> str:
        """The word for an answer that was cut at its limit."""
        return _STOPS[self.name][2]


_STOPS = {
    "anthropic": ("end_turn", "tool_use", "max_tokens"),
    "openai": ("completed", "completed", "max_output_tokens"),
    "gemini": ("STOP", "STOP", "MAX_TOKENS"),
    "openai-compatible": ("stop", "tool_calls", "length"),
}


def sse(value: Any, *, event: str | None = None) -> str:
    """A server-sent event."""
    return (f"event: {event}\n" if event else "") + f"data: {json.dumps(value)}\n\n"


def typed(value: dict[str, Any]) -> str:
    """An event that is named as its own type."""
    return sse(value, event=value["type"])


def _anthropic_start(*, counts: bool = True) -> str:
    usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1} if counts else {}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [], "usage": usage}
    return typed({"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}})


def _anthropic_end(finish: str | None, *, counts: bool = True) -> list[str]:
    if finish is None:
        return []
    usage = {"output_tokens": OUTPUT_TOKENS} if counts else {}
    delta = {"stop_reason": finish, "stop_sequence": None}
    return [typed({"type": "message_delta", "delta": delta, "usage": usage}), typed({"type": "message_stop"})]


def _anthropic_block(
    index: int, block: dict[str, Any], deltas: list[dict[str, Any]], *, stop: bool = True
) -> list[str]:
    events: list[dict[str, Any]] = [{"type": "content_block_start", "index": index, "content_block": block}]
    events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [typed(event) for event in events] + (
        [typed({"type": "content_block_stop", "index": index})] if stop else []
    )


def _anthropic_text(pieces: Sequence[str], finish: str | None, *, counts: bool = True) -> list[str]:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    block = _anthropic_block(0, {"type": "text", "text": ""}, deltas, stop=finish is not None) if pieces else []
    return [_anthropic_start(counts=counts), *block, *_anthropic_end(finish, counts=counts)]


def _anthropic_call(pieces: Sequence[str], finish: str | None) -> list[str]:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    block = {"type": "tool_use", "id": "c1", "name": "read", "input": {}}
    return [
        _anthropic_start(),
        *_anthropic_block(0, block, deltas, stop=finish is not None),
        *_anthropic_end(finish),
    ]


def _responses_end(finish: str | None, *, counts: bool = True) -> list[str]:
    if finish is None:
        return []
    usage = {
        "input_tokens": PROMPT_TOKENS,
        "output_tokens": OUTPUT_TOKENS,
        "total_tokens": PROMPT_TOKENS + OUTPUT_TOKENS,
    }
    status = "completed" if finish == "completed" else "incomplete"
    response = {
        "id": "r",
        "status": status,
        "output": [],
        "usage": usage if counts else None,
        "incomplete_details": None if status == "completed" else {"reason": finish},
    }
    return [typed({"type": f"response.{status}", "response": response, "sequence_number": 9})]


_RESPONSES_CREATED = typed({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}})


def _responses_text(pieces: Sequence[str], finish: str | None, *, counts: bool = True) -> list[str]:
    deltas = [
        typed(
            {
                "type": "response.output_text.delta",
                "item_id": "i",
                "output_index": 0,
                "content_index": 0,
                "delta": piece,
            }
        )
        for piece in pieces
    ]
    return [_RESPONSES_CREATED, *deltas, *_responses_end(finish, counts=counts)]


def _responses_call(pieces: Sequence[str], finish: str | None) -> list[str]:
    item = {"type": "function_call", "id": "f", "call_id": "c1", "name": "read", "arguments": ""}
    deltas = [
        typed({"type": "response.function_call_arguments.delta", "item_id": "f", "output_index": 0, "delta": piece})
        for piece in pieces
    ]
    added = typed({"type": "response.output_item.added", "output_index": 0, "item": item})
    return [_RESPONSES_CREATED, added, *deltas, *_responses_end(finish)]


def gemini_chunk(*parts: dict[str, Any], finish: str | None = None, usage: dict[str, Any] | None = None) -> str:
    """A chunk of Gemini's."""
    candidate: dict[str, Any] = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish is not None:
        candidate["finishReason"] = finish
    return sse({"candidates": [candidate], **({"usageMetadata": usage} if usage else {})})


def _gemini_text(pieces: Sequence[str], finish: str | None, *, counts: bool = True) -> list[str]:
    usage = {"promptTokenCount": PROMPT_TOKENS, "candidatesTokenCount": OUTPUT_TOKENS} if counts else None
    end = [] if finish is None else [gemini_chunk(finish=finish, usage=usage)]
    return [*(gemini_chunk({"text": piece}) for piece in pieces), *end]


def _gemini_call(pieces: Sequence[str], finish: str | None) -> list[str]:
    """This vendor sends whole calls; what is not JSON is a call that it announces as continued."""
    joined = "".join(pieces)
    try:
        call = {"name": "read", "args": json.loads(joined)}
    except ValueError:
        call = {"name": "read", "willContinue": True}
    end = [] if finish is None else [gemini_chunk(finish=finish)]
    return [gemini_chunk({"functionCall": call}), *end]


def _chat_chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    return sse({"choices": [{"index": 0, "finish_reason": finish, "delta": delta}]})


def _chat_end(finish: str | None, *, counts: bool = True) -> list[str]:
    if finish is None:
        return []
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": OUTPUT_TOKENS}
    return [_chat_chunk({}, finish), *([sse({"choices": [], "usage": usage})] if counts else []), "data: [DONE]\n\n"]


def _chat_text(pieces: Sequence[str], finish: str | None, *, counts: bool = True) -> list[str]:
    return [*(_chat_chunk({"content": piece}) for piece in pieces), *_chat_end(finish, counts=counts)]


def _chat_call(pieces: Sequence[str], finish: str | None) -> list[str]:
    named = {"index": 0, "id": "c1", "function": {"name": "read", "arguments": ""}}
    chunks = [_chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}) for piece in pieces]
    return [_chat_chunk({"tool_calls": [named]}), *chunks, *_chat_end(finish)]


_TEXT = {
    "anthropic": _anthropic_text,
    "openai": _responses_text,
    "gemini": _gemini_text,
    "openai-compatible": _chat_text,
}
_CALL = {
    "anthropic": _anthropic_call,
    "openai": _responses_call,
    "gemini": _gemini_call,
    "openai-compatible": _chat_call,
}
_ERROR = {
    "anthropic": lambda message: [typed({"type": "error", "error": {"type": "api_error", "message": message}})],
    "openai": lambda message: [
        typed({"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 3})
    ],
    "gemini": lambda message: [sse({"error": {"code": 500, "message": message, "status": "INTERNAL"}})],
    "openai-compatible": lambda message: [sse({"error": {"message": message, "code": "server_error"}})],
}
_REFUSAL = {
    "anthropic": lambda message, word: {"type": "error", "error": {"type": word, "message": message}},
    "openai": lambda message, word: {"error": {"message": message, "code": word, "type": None, "param": None}},
    "gemini": lambda message, word: {"error": {"message": message, "status": word, "code": 0}},
    "openai-compatible": lambda message, word: {"error": {"message": message, "code": word}},
}

ANTHROPIC = Wire(
    name="anthropic",
    model="claude-test",
    provider=AnthropicProvider,
    base_path="",
    chat_path="/v1/messages",
    models_path="/v1/models",
    listed={
        "data": [
            {
                "id": "claude-test",
                "type": "model",
                "display_name": "Test",
                "created_at": "2026-01-01T00:00:00Z",
                "lifecycle": "active",
                "max_input_tokens": 200_000,
                "max_tokens": 64_000,
            }
        ],
        "has_more": False,
        "first_id": "claude-test",
        "last_id": "claude-test",
    },
)
OPENAI = Wire(
    name="openai",
    model="gpt-4.1",
    provider=OpenAIProvider,
    base_path="/v1",
    chat_path="/v1/responses",
    models_path="/v1/models",
    listed={"object": "list", "data": [{"id": "gpt-4.1", "object": "model", "created": 1, "owned_by": "openai"}]},
)
GEMINI = Wire(
    name="gemini",
    model="gemini-test",
    provider=GeminiProvider,
    base_path="",
    chat_path="/v1beta/models/gemini-test:streamGenerateContent",
    models_path="/v1beta/models",
    listed={
        "models": [
            {
                "name": "models/gemini-test",
                "inputTokenLimit": 1_048_576,
                "supportedGenerationMethods": ["generateContent"],
                "thinking": True,
            },
            {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]},
        ]
    },
)
COMPATIBLE = Wire(
    name="openai-compatible",
    model="toy",
    provider=OpenAIChatProvider,
    base_path="/v1",
    chat_path="/v1/chat/completions",
    models_path="/v1/models",
    listed={"data": [{"id": "toy", "context_length": 4096}]},
)
CLOUDS = (ANTHROPIC, OPENAI, GEMINI)
WIRES = (*CLOUDS, COMPATIBLE)
