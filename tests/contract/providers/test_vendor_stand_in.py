"""The vendors' adapters against a stand-in that others wrote, and its verdict on them as clients."""

from contextlib import aclosing

import pytest
from llmock.scenarios import Fail, Reply, StreamFault, ToolCall
from llmock.testing import LLMockServer

from parley_providers.adapters.anthropic import AnthropicProvider
from parley_providers.adapters.gemini import GeminiProvider
from parley_providers.adapters.openai_chat import OpenAIChatProvider
from parley_providers.adapters.openai_responses import OpenAIProvider
from parley_providers.errors import OverloadedError, RateLimitedError, ServerError, StreamTruncatedError
from parley_providers.keys import Key
from parley_providers.messages import ToolCallPart, user
from parley_providers.requests import FinishReason, LLMRequest, ToolSpec
from support.streams import seen

WIRES = [
    pytest.param(AnthropicProvider, "anthropic", "claude-sonnet-4-5", id="anthropic"),
    pytest.param(OpenAIProvider, "openai", "gpt-4.1", id="openai"),
    pytest.param(OpenAIChatProvider, "openai", "gpt-4.1", id="compatible"),
    pytest.param(GeminiProvider, "gemini", "gemini-2.0-flash", id="gemini"),
]
every_wire = pytest.mark.parametrize(("adapter", "wire", "model"), WIRES)
READ = ToolSpec(name="read", description="Reads.", parameters={"type": "object", "properties": {}})


async def _asked(adapter, wire, model, behaviour, **more):
    with LLMockServer() as server:
        server.state.scenarios.add(behaviour)
        url = server.base_url(wire)
        key = Key(origin=server.url, source="a test", text="k")
        request = LLMRequest(messages=(user("hi"),), task_class="explain", model=model, **more)
        async with aclosing(adapter(key, base_url=url)) as provider:
            # What the stand-in lists is its own affair: the models are looked at before the scenario counts.
            return await seen(provider.stream(request))


@every_wire
async def test_it_answers_and_calls_tools(adapter, wire, model):
    """As the stand-in's authors read the vendor's documents."""
    call = Reply(tool_calls=(ToolCall(name="read", arguments={"path": "a"}),), times=None)
    events, error = await _asked(adapter, wire, model, call, tools=(READ,))
    assert error is None
    calls = [event.part for event in events if isinstance(getattr(event, "part", None), ToolCallPart)]
    assert [(part.name, part.arguments) for part in calls] == [("read", {"path": "a"})]
    assert events[-1].reason is FinishReason.TOOL_CALLS


@every_wire
@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (Fail(429, retry_after=3, times=None), RateLimitedError),
        (Fail(500, times=None), ServerError),
        (Fail(503, retry_after=1, times=None), OverloadedError),
        (StreamFault("disconnect", after_chunks=1), StreamTruncatedError),
        (StreamFault("truncate", after_chunks=1), StreamTruncatedError),
        (StreamFault("malformed", after_chunks=1), StreamTruncatedError),
    ],
    ids=["429", "500", "503", "disconnect", "truncate", "malformed"],
)
async def test_its_faults_are_ours(adapter, wire, model, behaviour, kind):
    """Each is the one error that it means; the wait that is asked for is kept."""
    _, error = await _asked(adapter, wire, model, behaviour)
    assert type(error) is kind
    if isinstance(behaviour, Fail):
        assert error.retry_after_s == behaviour.retry_after
