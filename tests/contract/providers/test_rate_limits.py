"""What every provider tells of its server's rate limits when it answers, and what the chain does before they refuse."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import pytest
from llmock.ratelimit import LimitSettings
from llmock.testing import LLMockServer

from parley_providers.adapters.anthropic import AnthropicProvider
from parley_providers.adapters.openai_chat import OpenAIChatProvider
from parley_providers.adapters.openai_responses import OpenAIProvider
from parley_providers.adapters.scripted import says
from parley_providers.keys import Key
from parley_providers.messages import user
from parley_providers.rate_limits import RateLimit
from parley_providers.requests import LLMRequest, StreamLimits, StreamStart
from support.chain_bench import Bench, scripted
from support.provider_stages import MODEL, SERVED, Play
from support.streams import seen

every_served_provider = pytest.mark.parametrize("stage", SERVED, ids=lambda stage: stage.__name__)
ASK = LLMRequest(messages=(user("hi"),), task_class="explain", model=MODEL)
OF_ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "12",
    "anthropic-ratelimit-requests-reset": "2026-11-21T10:00:30Z",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "0",
    "anthropic-ratelimit-output-tokens-reset": "nonsense",
    "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
}
OF_OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0s",
}
DIALECTS = [
    pytest.param(
        OF_ANTHROPIC,
        (
            RateLimit(of="requests", most=50, left=12, reset_s=30.0),
            RateLimit(of="output tokens", most=8000, left=0, reset_s=None),
        ),
        id="of-anthropic",
    ),
    pytest.param(
        OF_OPENAI,
        (
            RateLimit(of="requests", most=60, left=59, reset_s=1.0),
            RateLimit(of="tokens", most=None, left=0, reset_s=360.0),
        ),
        id="of-openai",
    ),
]
# Gemini's answers have no such headers. One of two requests lists the models of a compatible server.
STAND_INS = [
    pytest.param(AnthropicProvider, "anthropic", 1, id="anthropic"),
    pytest.param(OpenAIProvider, "openai", 1, id="openai"),
    pytest.param(OpenAIChatProvider, "openai", 2, id="compatible"),
]


@every_served_provider
@pytest.mark.parametrize(("headers", "limits"), DIALECTS)
async def test_an_answer_tells_the_limits_of_its_server(stage, headers, limits, tmp_path):
    """Right after the start, and with a whole answer; a gateway may put them before any server."""
    async with stage(Play(headers=headers), tmp_path) as staged:
        events, error = await seen(staged.provider.stream(ASK))
        whole = await staged.provider.complete(ASK)
    assert error is None
    assert [type(event) for event in events[:2]] == [StreamStart, StreamLimits]
    assert (events[1].limits, whole.limits) == (limits, limits)


@every_served_provider
async def test_the_limits_that_came_with_a_second_answer_are_told(stage, tmp_path):
    """A first answer that was not of its schema used some, too."""
    right = Play(pieces=('{"a": 1}',), headers={"x-ratelimit-remaining-requests": "3"})
    wrong = Play(pieces=("no",), headers={"x-ratelimit-remaining-requests": "4"}, then=right)
    schema = {"type": "object", "required": ["a"]}
    asked = LLMRequest(messages=(user("hi"),), task_class="explain", model=MODEL, json_schema=schema)
    async with stage(wrong, tmp_path) as staged:
        whole = await staged.provider.complete(asked)
    assert whole.limits == (RateLimit(of="requests", left=3),)


@every_served_provider
async def test_a_server_without_limits_tells_none(stage, tmp_path):
    """Unknown is not zero: no event, and nothing beside the answer."""
    async with stage(Play(), tmp_path) as staged:
        events, _ = await seen(staged.provider.stream(ASK))
        whole = await staged.provider.complete(ASK)
    assert [event for event in events if isinstance(event, StreamLimits)] == []
    assert whole.limits == ()


@pytest.mark.parametrize(("adapter", "wire", "most"), STAND_INS)
async def test_a_chain_asks_another_before_a_vendor_would_refuse(adapter, wire, most):
    """A stand-in that others wrote counts requests: the last one is answered, and the next one goes elsewhere."""
    with LLMockServer() as server:
        key = Key(origin=server.url, source="a test", text="k")
        async with aclosing(adapter(key, base_url=server.base_url(wire))) as vendor:
            await vendor.models()  # asked before requests are counted
            server.state.limiter.configure(LimitSettings(rpm=most))
            bench = Bench((vendor, scripted("other", says("from another"))))
            answers = [await bench.chain.complete(replace(ASK, model=None)) for _ in range(2)]
            bench.clock.ns += int(61e9)
            server.state.limiter.reset()
            answers.append(await bench.chain.complete(replace(ASK, model=None)))
    assert [each.route.provider for each in answers] == [vendor.name, "other", vendor.name]
    left_out = f"{vendor.name}/script is left out for now, since it has no room: requests: 0 of {most} left, more in"
    assert answers[1].route.why.startswith(left_out)
    assert [record.outcome for record in bench.kept.records] == ["ok", "ok", "ok"]
