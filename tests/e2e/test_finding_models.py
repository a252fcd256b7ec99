"""What answers on a machine nobody configured: the product's own chain beside a running Ollama, with real models."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parley_profiling.stores import CallStore, read_calls
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_server.app import build_chain
from parley_server.settings import OllamaSettings, Settings
from support.local_models import TINY
from support.ollama_shaped import ollama_shaped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from parley_providers.chain import ProviderChain


pytestmark = pytest.mark.model

NOBODY = "http://127.0.0.1:9"
ASKED = LLMRequest(messages=(user("Hi"),), task_class="custom", max_output_tokens=2, temperature=0.0)


@asynccontextmanager
async def chain_beside(ollama_url: str, calls: Path) -> AsyncGenerator[ProviderChain, None]:
    """The product's chain with its default settings; call records go to `calls`."""
    with closing(CallStore(calls, clock=SYSTEM_CLOCK)) as store:
        chain = build_chain(Settings(ollama=OllamaSettings(url=ollama_url)), store)
        try:
            yield chain
        finally:
            await chain.aclose()


async def test_a_running_ollama_is_found_and_answers(tiny_model: str, tmp_path: Path) -> None:
    """Nobody named it; its model is preferred to a downloaded one, and the record says how it came to that."""
    calls = tmp_path / "calls.db"
    async with ollama_shaped({"smollm2:135m": TINY}) as ollama, chain_beside(ollama.url, calls) as chain:
        response = await chain.complete(ASKED)
    assert (response.route.provider, response.route.model, response.route.reason) == ("ollama", "smollm2:135m", "found")
    recorded = [(each.provider, each.route_reason, each.outcome) for each in read_calls(calls)]
    assert recorded == [("ollama", "found", "length")]


async def test_without_ollama_a_downloaded_model_answers(tiny_model: str, tmp_path: Path) -> None:
    """Nothing listens there; what the store has is used, without a word about Ollama."""
    async with chain_beside(NOBODY, tmp_path / "calls.db") as chain:
        response = await chain.complete(replace(ASKED, model=tiny_model))
        route = await chain.route(ASKED)
    assert (response.route.provider, response.route.reason) == ("embedded", "requested")
    assert (route.provider, route.reason) == ("embedded", "embedded")
