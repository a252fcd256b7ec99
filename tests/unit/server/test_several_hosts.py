"""Several compatible hosts side by side: each a provider of its own name, with its own models, breaker and records."""

import json
from contextlib import aclosing, closing

from parley_profiling.stores import CallStore, read_calls
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_providers.route import Route
from parley_server.app import build_chain
from parley_server.settings import FactsSettings, ProviderSettings, Settings
from support.loopback import serving


def _serving(name):
    """A handler of an OpenAI-compatible server with one model, which says its host's name."""

    async def handle(exchange):
        if exchange.path.endswith("/models"):
            await exchange.answer({"object": "list", "data": [{"id": "coder", "object": "model"}]})
            return
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for choice in (
            {"index": 0, "delta": {"role": "assistant", "content": f"I am {name}."}, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": "stop"},
        ):
            chunk = {"id": "1", "object": "chat.completion.chunk", "model": "coder", "choices": [choice]}
            await exchange.send(f"data: {json.dumps(chunk)}\n\n")
        await exchange.send("data: [DONE]\n\n")
        await exchange.end()

    return handle


async def test_hosts_of_one_kind_stand_side_by_side(tmp_path):
    """The same model's name at both leads to the host that was named with it."""
    path = tmp_path / "calls.db"
    async with serving(_serving("left")) as left, serving(_serving("right")) as right:
        settings = Settings(
            ollama={"url": "http://127.0.0.1:9"},
            models_dir=tmp_path,
            providers={
                "left": ProviderSettings(kind="openai-compatible", url=f"{left.url}/v1"),
                "right": ProviderSettings(kind="openai-compatible", url=f"{right.url}/v1"),
            },
        )
        with closing(CallStore(path, clock=SYSTEM_CLOCK)) as store:
            async with aclosing(build_chain(settings, store)) as chain:
                models = [f"{each.provider}/{each.name}" for each in await chain.models()]
                answers = [
                    (await chain.complete(LLMRequest(messages=(user("Who?"),), task_class="ask", model=model))).text
                    for model in ("right/coder", "left/coder")
                ]
    assert (models, answers) == (["left/coder", "right/coder"], ["I am right.", "I am left."])
    assert [(each.provider, each.origin) for each in read_calls(path)] == [("right", right.url), ("left", left.url)]


async def test_facts_of_a_host_on_this_machine_are_the_persons_to_correct(tmp_path):
    """A compatible server tells no window; only the model that is named with its host is corrected."""
    async with serving(_serving("left")) as left, serving(_serving("right")) as right:
        settings = Settings(
            ollama={"url": "http://127.0.0.1:9"},
            models_dir=tmp_path,
            providers={
                "left": ProviderSettings(kind="openai-compatible", url=f"{left.url}/v1"),
                "right": ProviderSettings(kind="openai-compatible", url=f"{right.url}/v1"),
            },
            facts={"right/coder": FactsSettings(window_tokens=4096, abilities=frozenset({"tools"}))},
        )
        with closing(CallStore(tmp_path / "calls.db", clock=SYSTEM_CLOCK)) as store:
            async with aclosing(build_chain(settings, store)) as chain:
                route = Route(provider="right", model="coder", reason="requested", why="")
                known = await chain.facts_of(route)
                listed = {each.provider: (each.window_tokens, each.abilities) for each in await chain.models()}
                answer = await chain.complete(
                    LLMRequest(messages=(user("Who?"),), task_class="ask", model="right/coder")
                )
    assert (known.window_tokens, known.abilities) == (4096, {"tools"})
    assert listed["right"] == (4096, {"tools"})
    assert listed["left"][0] != 4096
    assert answer.text == "I am right."
