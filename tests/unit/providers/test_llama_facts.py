"""What llama-server tells of itself and of the models that it serves."""

import pytest

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.errors import (
    ModelNotFoundError,
)
from parley_providers.provider import ModelFacts
from support.loopback import serving

LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}


def _refusing(status, body):
    async def handle(exchange):
        await exchange.answer(body, status)

    return handle


MODELS = {
    "data": [
        {
            "id": "smol",
            "aliases": ["smol", "tiny"],
            "meta": {"n_ctx": 2048, "n_ctx_train": 8192, "n_params": 134515008, "size": 96576768, "ftype": "Q4_1"},
        }
    ]
}


PROPS = {
    "default_generation_settings": {"n_ctx": 2048},
    "total_slots": 1,
    "modalities": {"vision": True},
    "chat_template_caps": {"supports_tools": True},
    "build_info": "b7-abc",
    "is_sleeping": False,
}


def _serving_facts(models=MODELS, props=PROPS):
    async def handle(exchange):
        known = {"/health": {"status": "ok"}, "/v1/models": models, "/props": props}
        await exchange.answer(known[exchange.path], 200 if known[exchange.path] else 404)

    return handle


async def test_facts_come_from_the_server():
    """Window, build, abilities; a name or an alias finds the model."""
    async with serving(_serving_facts()) as server:
        provider = LlamaServerProvider(server.url)
        expected = ModelFacts(
            name="smol",
            provider="llama.cpp",
            window_tokens=2048,
            max_window_tokens=8192,
            abilities=frozenset({"completion", "json_schema", "tools", "vision"}),
            loaded=True,
            size_bytes=96576768,
            server_version="b7-abc",
            parameters="0.13B",
            quantization="Q4_1",
            settings={"n_ctx": 2048, "slots": 1},
            at_once=1,
        )
        assert await provider.is_available()
        assert await provider.models() == (expected,)
        assert await provider.facts("tiny") == expected
        with pytest.raises(ModelNotFoundError, match="it serves smol"):
            await provider.facts("nope")
        await provider.aclose()


async def test_properties_that_are_not_served_are_unknown():
    """`/props` can be switched off; the list of models tells the window then."""
    bare = {"data": [{"id": "smol", "meta": {"n_ctx": 512}}]}
    async with serving(_serving_facts(bare, {})) as server:
        provider = LlamaServerProvider(server.url)
        assert await provider.facts("smol") == ModelFacts(
            name="smol",
            provider="llama.cpp",
            window_tokens=512,
            abilities=frozenset({"completion", "json_schema"}),
            loaded=True,
        )
        await provider.aclose()


async def test_while_it_loads_it_is_available_and_cold():
    """So that the first token is given the time that loading takes."""
    async with serving(_refusing(503, LOADING)) as server:
        provider = LlamaServerProvider(server.url)
        assert await provider.is_available()
        assert await provider.models() == ()
        assert await provider.facts("smol") == ModelFacts(name="smol", provider="llama.cpp", loaded=False)
        await provider.aclose()
