"""The real engine behind the adapters for servers that speak as Anthropic and OpenAI do: it speaks all three wires."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from parley_providers.adapters.anthropic import AnthropicProvider
from parley_providers.adapters.openai_chat import OpenAIChatProvider
from parley_providers.adapters.openai_responses import OpenAIProvider
from parley_providers.errors import ContextWindowError
from parley_providers.keys import Key
from parley_providers.messages import Message, Role, ToolCallPart, ToolResultPart, assistant, user
from parley_providers.requests import (
    FinishReason,
    LLMRequest,
    PartDelta,
    StreamFinish,
    StreamStart,
    StreamUsage,
    ToolSpec,
)
from support.local_models import embedded_provider
from support.streams import seen

pytestmark = pytest.mark.model
every_wire = pytest.mark.parametrize(
    ("adapter", "path"),
    [(AnthropicProvider, ""), (OpenAIProvider, "/v1"), (OpenAIChatProvider, "/v1")],
    ids=["messages", "responses", "chat-completions"],
)


def _ask(model, text="Count from 1 to 20.", tokens=16, **more):
    return LLMRequest(
        messages=(user(text),), task_class="custom", model=model, max_output_tokens=tokens, temperature=0.0, **more
    )


@asynccontextmanager
async def _engine(adapter, path, model, *, window=1024):
    """The adapter, on an engine that has answered once."""
    async with aclosing(embedded_provider(context_tokens=window)) as engine:
        await engine.complete(_ask(model, tokens=1))
        process = engine._engine.process
        key = Key(origin=process.address, source="a test", text=process.api_key)
        async with aclosing(adapter(key, base_url=process.address + path)) as provider:
            yield provider


@every_wire
async def test_an_answer_streams_and_is_counted(adapter, path, tiny_model):
    """Start first, finish last, text between them, and the counts; that it was cut is told but in Responses."""
    told = FinishReason.STOP if adapter is OpenAIProvider else FinishReason.LENGTH
    async with _engine(adapter, path, tiny_model) as provider:
        events, error = await seen(provider.stream(_ask(tiny_model)))
    assert error is None
    assert (type(events[0]), type(events[-1])) == (StreamStart, StreamFinish)
    assert events[-1].reason is told
    assert "".join(event.text for event in events if isinstance(event, PartDelta)).strip()
    usage = [event.usage for event in events if isinstance(event, StreamUsage)][-1]
    assert (usage.output_tokens, usage.prompt_tokens > 0) == (16, True)


@every_wire
async def test_a_prompt_beyond_the_window_is_refused(adapter, path, tiny_model):
    """As what it is: the person can select less, a chain can ask a larger model."""
    async with _engine(adapter, path, tiny_model, window=512) as provider:
        events, error = await seen(provider.stream(_ask(tiny_model, text="one two three " * 400)))
    assert (events, type(error)) == ([], ContextWindowError)


@every_wire
async def test_leaving_an_answer_frees_the_engine(adapter, path, tiny_model):
    """The next answer comes whole, though the first would have been long."""
    async with _engine(adapter, path, tiny_model) as provider, asyncio.timeout(120):
        async with aclosing(provider.stream(_ask(tiny_model, tokens=900))) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    break
        answer = await provider.complete(_ask(tiny_model))
    assert answer.text.strip()


@every_wire
async def test_tools_and_their_results_are_taken(adapter, path, tiny_model):
    """A model this small calls none by itself; what counts is that the engine reads what it is shown of them."""
    read = ToolSpec(name="read", description="Reads a file.", parameters={"type": "object", "properties": {}})
    call = ToolCallPart(call_id="call_1", name="read", arguments={})
    result = ToolResultPart(call_id="call_1", name="read", content="the whole text of the file " * 20)
    talk = (
        user("Read it."),
        Message(role=Role.ASSISTANT, parts=(call,)),
        Message(role=Role.TOOL, parts=(result,)),
        user("What did it say?"),
    )
    async with _engine(adapter, path, tiny_model) as provider:
        events, error = await seen(provider.stream(replace(_ask(tiny_model, tokens=4), messages=talk, tools=(read,))))
    assert error is None
    assert isinstance(events[-1], StreamFinish)
    usage = [event.usage for event in events if isinstance(event, StreamUsage)][-1]
    assert usage.prompt_tokens > 120


@every_wire
async def test_a_model_calls_a_tool(adapter, path, small_model):
    """Which one, and with what, the model decides; that it calls one was begun for it, as small ones hardly do."""
    properties = {"path": {"type": "string"}}
    parameters = {"type": "object", "properties": properties, "required": ["path"]}
    tools = (
        ToolSpec(name="list_folder", description="Lists the files of a folder.", parameters=parameters),
        ToolSpec(name="read_file", description="Reads a file and gives its text.", parameters=parameters),
    )
    talk = (user("Read the file notes.txt."), assistant("<tool_call>\n"))
    async with _engine(adapter, path, small_model) as provider:
        answer = await provider.complete(replace(_ask(small_model, tokens=64), messages=talk, tools=tools))
    calls = [(part.name, part.arguments) for part in answer.parts if isinstance(part, ToolCallPart)]
    assert (calls, answer.finish) == ([("read_file", {"path": "notes.txt"})], FinishReason.TOOL_CALLS)


@every_wire
async def test_an_answer_to_a_schema_is_of_it(adapter, path, small_model):
    """Constrained on the wires on which the engine takes a schema; on the others the adapter sees to it."""
    properties = {"answer": {"enum": ["yes", "no"]}}
    schema = {"type": "object", "properties": properties, "required": ["answer"], "additionalProperties": False}
    async with _engine(adapter, path, small_model) as provider:
        answer = await provider.complete(_ask(small_model, "Is water wet?", 64, json_schema=schema))
    assert json.loads(answer.text)["answer"] in ("yes", "no")
