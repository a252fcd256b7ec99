"""Chat Completions as a real Ollama speaks it, played to the adapter of llama-server, which speaks the same."""

import pytest

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.errors import ModelNotFoundError
from parley_providers.messages import TextPart, ToolCallPart, user
from parley_providers.requests import FinishReason, LLMRequest, PartDelta, PartEnd, StreamFinish, StreamUsage
from parley_providers.usage import Timings, Usage
from support.replay import Recording, replaying
from support.streams import seen


async def _played(name):
    recording = Recording.named(name)
    request = LLMRequest(messages=(user("hi"),), task_class="explain", model="m")
    async with replaying(recording) as server:
        provider = LlamaServerProvider(server.url)
        outcome = await seen(provider.stream(request))
        await provider.aclose()
    return outcome


async def test_a_stream_of_another_server_is_read_as_well():
    """Counts without timings: what is not told stays unknown."""
    events, error = await _played("v1_chat_stream")
    assert error is None
    assert len([event for event in events if isinstance(event, PartDelta)]) == 9
    assert [event for event in events if isinstance(event, PartEnd | StreamUsage | StreamFinish)] == [
        StreamUsage(usage=Usage(prompt_tokens=32, output_tokens=10), timings=Timings()),
        PartEnd(index=0, part=TextPart(text="Hello! How can I assist you today?")),
        StreamFinish(reason=FinishReason.STOP, raw="stop"),
    ]


async def test_a_tool_call_comes_whole():
    """Text, then one call."""
    events, error = await _played("shape_v1_tool_call")
    assert error is None
    assert [event.part for event in events if isinstance(event, PartEnd)] == [
        TextPart(text="I will look."),
        ToolCallPart(call_id="abc123", name="read_file", arguments={"path": "src/app.py"}),
    ]
    assert events[-1] == StreamFinish(reason=FinishReason.TOOL_CALLS, raw="tool_calls")


@pytest.mark.parametrize(("name", "kind"), [("v1_chat_missing", ModelNotFoundError)])
async def test_a_refusal_is_typed(name, kind):
    """By its status and its words."""
    events, error = await _played(name)
    assert (events, type(error), error.status) == ([], kind, 404)
    assert "model 'nope' not found" in str(error)
