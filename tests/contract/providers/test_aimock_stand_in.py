"""The adapters against a second stand-in that others wrote, over all vendors' wires, and what it understood of us."""

from __future__ import annotations

import json
from contextlib import aclosing

import httpx2
import pytest

from parley_providers.adapters.anthropic import AnthropicProvider
from parley_providers.adapters.gemini import GeminiProvider
from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.adapters.openai_chat import OpenAIChatProvider
from parley_providers.adapters.openai_responses import OpenAIProvider
from parley_providers.collect import collect
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    ModelNotFoundError,
    OverloadedError,
    RateLimitedError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.keys import Key
from parley_providers.messages import (
    Message,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    system,
    user,
)
from parley_providers.requests import FinishReason, LLMRequest, PartDelta, PartEnd, StreamFinish, StreamStart, ToolSpec
from support.aimock import running
from support.streams import seen

WIRES = {
    "anthropic": (AnthropicProvider, "", "claude-sonnet-4-5"),
    "openai": (OpenAIProvider, "/v1", "gpt-5-mini"),
    "compatible": (OpenAIChatProvider, "/v1", "gpt-5-mini"),
    "gemini": (GeminiProvider, "", "gemini-2.5-flash"),
    "llama_server": (LlamaServerProvider, "", "gpt-5-mini"),
}
# Words of its own, which no vendor's documents have: they stay unknown, and nothing is lost by it.
UNKNOWN = {("gemini", FinishReason.TOOL_CALLS), ("openai", FinishReason.LENGTH)}
every_wire = pytest.mark.parametrize("wire", WIRES)
READ = ToolSpec(
    name="read",
    description="Reads a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
LINES = {
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"type": "integer"}}},
    "required": ["lines"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def url():
    with running() as address:
        yield address


def _provider(wire, url):
    adapter, path, _ = WIRES[wire]
    if adapter is LlamaServerProvider:
        return adapter(url)
    return adapter(Key(origin=url, source="a test", text="sk-stand-in"), base_url=url + path)


def _told(wire, reason):
    return FinishReason.UNKNOWN if (wire, reason) in UNKNOWN else reason


def _ask(wire, said, **more):
    messages = more.pop("messages", (user(said),))
    return LLMRequest(messages=messages, task_class="explain", model=WIRES[wire][2], **more)


async def _asked(wire, url, said, **more):
    async with aclosing(_provider(wire, url)) as provider:
        return await seen(provider.stream(_ask(wire, said, **more)))


async def _whole(wire, url, said, **more):
    async with aclosing(_provider(wire, url)) as provider:
        return await collect(provider.stream(_ask(wire, said, **more)))


@every_wire
async def test_an_answer_streams(wire, url):
    """In the stand-in's pieces, the start first and the finish last, with counts."""
    events, error = await _asked(wire, url, "greet")
    assert error is None
    assert (type(events[0]), type(events[-1])) == (StreamStart, StreamFinish)
    pieces = [event.text for event in events if isinstance(event, PartDelta)]
    assert ("".join(pieces), len(pieces) > 2) == ("Hello there. How are you?", True)
    assert events[-1].reason is FinishReason.STOP


@every_wire
async def test_what_was_thought_comes_apart_from_what_is_said(wire, url):
    """As the stand-in's authors read each vendor's documents."""
    answer = await _whole(wire, url, "ponder", reasoning="low")
    assert answer.text == "So it is."
    assert "".join(part.text for part in answer.parts if isinstance(part, ReasoningPart)) == "Let me see."


@every_wire
async def test_two_tools_are_called_at_once_and_answered(wire, url):
    """The stand-in finds the results of its own calls in the next request."""
    answer = await _whole(wire, url, "read both", tools=(READ,))
    calls = [part for part in answer.parts if isinstance(part, ToolCallPart)]
    assert [(call.name, call.arguments) for call in calls] == [("read", {"path": "a"}), ("read", {"path": "b"})]
    assert answer.finish is _told(wire, FinishReason.TOOL_CALLS)
    results = tuple(ToolResultPart(call_id=call.call_id, name=call.name, content="text") for call in calls)
    talk = (
        user("read both"),
        Message(role=Role.ASSISTANT, parts=answer.parts),
        Message(role=Role.TOOL, parts=results),
    )
    again = await _whole(wire, url, "", messages=talk, tools=(READ,))
    assert again.text == "Both are read."


@every_wire
async def test_an_answer_to_a_schema_is_of_it(wire, url):
    """At once, or after it was told what was wrong."""
    assert json.loads((await _whole(wire, url, "right lines", json_schema=LINES)).text) == {"lines": [1, 2]}
    assert json.loads((await _whole(wire, url, "wrong lines", json_schema=LINES)).text) == {"lines": [3]}


@every_wire
async def test_an_answer_that_was_cut_says_so(wire, url):
    """By the word of each vendor."""
    answer = await _whole(wire, url, "too much")
    assert (answer.text, answer.finish) == ("Half an ans", _told(wire, FinishReason.LENGTH))


@every_wire
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, ModelNotFoundError),
        (429, RateLimitedError),
        (500, ServerError),
        (503, OverloadedError),
        (529, OverloadedError),
    ],
)
async def test_a_refusal_is_the_error_that_it_means(wire, status, kind, url):
    """With the wait that is asked for, and the stand-in's own words."""
    events, error = await _asked(wire, url, f"status {status}")
    assert (events, type(error), error.status) == ([], kind, status)
    assert error.retry_after_s == (3 if status == 429 else None)


@every_wire
@pytest.mark.parametrize("said", ["break off", "drop the line"])
async def test_an_answer_that_breaks_off_is_none(wire, said, url):
    """After some of its pieces: what was said is not whole."""
    events, error = await _asked(wire, url, said)
    assert type(error) is StreamTruncatedError
    assert isinstance(events[0], StreamStart)
    ended = [event.part for event in events if isinstance(event, PartEnd)]
    assert not [part for part in ended if isinstance(part, TextPart)]
    assert not isinstance(events[-1], StreamFinish)


@every_wire
async def test_a_connection_that_is_hung_up_is_a_failed_one(wire, url):
    """Before anything was answered."""
    events, error = await _asked(wire, url, "hang up")
    assert (events, type(error)) == ([], ConnectionFailedError)


@every_wire
async def test_what_is_garbled_is_no_answer(wire, url):
    """A body that is not JSON, with status 200."""
    events, error = await _asked(wire, url, "garble")
    assert type(error) in (ServerError, StreamTruncatedError)
    assert not [event for event in events if isinstance(event, PartEnd | StreamFinish)]


@every_wire
async def test_the_stand_in_understood_what_was_asked(wire, url):
    """Its journal: the roles and texts, as it normalises every wire."""
    talk = (
        system("Be brief."),
        user("greet"),
        Message(role=Role.ASSISTANT, parts=(TextPart(text="Hi."),)),
        user("greet"),
    )
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        await client.post("/__aimock/reset/journal")
        await _whole(wire, url, "", messages=talk, tools=(READ,))
        journal = (await client.get("/__aimock/journal")).json()
    (heard,) = [entry["body"] for entry in journal if entry["body"] and entry["body"].get("messages")]
    said = [(message["role"], _text(message["content"])) for message in heard["messages"]]
    assert said == [("system", "Be brief."), ("user", "greet"), ("assistant", "Hi."), ("user", "greet")]
    assert [tool["function"]["name"] for tool in heard["tools"]] == ["read"]


def _text(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
