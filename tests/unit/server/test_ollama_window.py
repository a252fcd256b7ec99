"""The window that the person wants of Ollama, as every Ollama is asked for it."""

from contextlib import aclosing, closing

import pytest

from parley_profiling.stores import CallStore
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_server.app import build_chain
from parley_server.settings import OllamaSettings, ProviderSettings, Settings
from support.faulty_wires import FAULTY_WIRES, answering
from support.loopback import serving

(WIRE,) = (each for each in FAULTY_WIRES if each.name == "ollama")


@pytest.mark.parametrize("name", ["ollama", "box"])
@pytest.mark.parametrize(("wanted", "asked"), [(16384, 16384), (None, 4096)])
async def test_the_window_that_is_set_is_asked_for(tmp_path, name, wanted, asked):
    """Of the one that is found by itself as of one that is named; where nothing is set, what is loaded is kept."""
    async with serving(answering(WIRE)) as server:
        settings = Settings(
            ollama=OllamaSettings(url=server.url if name == "ollama" else "http://127.0.0.1:9", context=wanted),
            providers={"box": ProviderSettings(kind="ollama", url=server.url)} if name == "box" else {},
            models_dir=tmp_path,
        )
        with closing(CallStore(tmp_path / "calls.db", clock=SYSTEM_CLOCK)) as store:
            async with aclosing(build_chain(settings, store)) as chain:
                asking = LLMRequest(messages=(user("Hi"),), task_class="ask", model=f"{name}/{WIRE.model}")
                answer = await chain.complete(asking)
        sent = [each.json["options"]["num_ctx"] for each in server.exchanges if each.path == "/api/chat"]
    assert (answer.text, sent) == ("Hello", [asked])
