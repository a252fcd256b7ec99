"""Ollama's adapter against a server of Ollama's shape that a real engine answers, and that shape against recordings."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

import httpx2
import pytest

from parley_providers.adapters.ollama import OllamaProvider, OllamaSettings
from parley_providers.errors import ContextWindowError, ModelNotFoundError
from parley_providers.messages import user
from parley_providers.requests import FinishReason, LLMRequest, PartDelta
from support.ollama_shaped import ollama_shaped
from support.replay import Recording

pytestmark = pytest.mark.model

MODEL = "smollm2:135m"
TOO_LONG = {"messages": [{"role": "user", "content": "hello " * 600}], "options": {"num_ctx": 256}}
SMALL = OllamaSettings(window_tokens=1024, least_window_tokens=1024)


def _ask(text="Count from 1 to 20.", **more):
    settings = {"max_output_tokens": 8, "temperature": 0.0, "seed": 1, **more}
    return LLMRequest(messages=(user(text),), task_class="explain", model=MODEL, **settings)


@pytest.fixture
async def shaped(tiny_model):
    async with ollama_shaped() as server:
        yield server


@pytest.fixture
async def ollama(shaped):
    provider = OllamaProvider(shaped.url, settings=SMALL)
    yield provider
    await provider.aclose()


async def test_an_answer_with_its_counts_and_durations(ollama):
    """The first call loads the model, which its record tells; the second does not."""
    assert await ollama.is_available()
    before = await ollama.facts(MODEL)
    first = await ollama.complete(_ask())
    again = await ollama.complete(_ask())
    after = await ollama.facts(MODEL)
    assert (before.loaded, after.loaded, after.window_tokens) == (False, True, 1024)
    assert (first.text, first.finish) == (again.text, FinishReason.LENGTH)
    assert first.usage.output_tokens == 8
    assert first.usage == again.usage
    assert first.timings.load_ns > again.timings.load_ns
    assert first.timings.residual_ns is not None


async def test_the_model_is_loaded_once_for_requests_of_every_kind(ollama, shaped):
    """Lengths, schemas and seeds vary; what the model is loaded with does not."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    await ollama.complete(_ask())
    loaded = (await ollama.facts(MODEL)).loaded
    answer = await ollama.complete(_ask("A number as JSON.", json_schema=schema, max_output_tokens=64, seed=2))
    assert isinstance(json.loads(answer.text)["n"], int)
    sent = [exchange.json["options"]["num_ctx"] for exchange in shaped.exchanges if exchange.path == "/api/chat"]
    assert (loaded, sent) == (True, [1024, 1024])


async def test_a_prompt_that_is_too_long_is_refused_with_both_counts(ollama):
    """By the engine's own count."""
    with pytest.raises(ContextWindowError) as raised:
        await ollama.complete(_ask("hello world " * 1500))
    assert raised.value.window_tokens == 1024
    assert raised.value.prompt_tokens > 3000


async def test_a_model_that_is_not_there_is_named_with_the_way_to_get_it(ollama):
    """Before anything is sent."""
    with pytest.raises(ModelNotFoundError, match="ollama pull nope"):
        await ollama.facts("nope")


async def test_leaving_a_stream_frees_the_engine(ollama, shaped):
    """The next answer comes although the one that was left had hundreds of tokens to go."""
    async with aclosing(ollama.stream(_ask(max_output_tokens=900))) as events:
        async for event in events:
            if isinstance(event, PartDelta):
                break
    async with asyncio.timeout(60):
        await shaped.exchanges[-1].gone.wait()
        assert (await ollama.complete(_ask())).usage.output_tokens == 8


@pytest.mark.parametrize(
    ("recording", "method", "path", "asked"),
    [
        ("version", "GET", "/api/version", None),
        ("root", "GET", "/", None),
        ("tags", "GET", "/api/tags", None),
        ("ps_loaded", "GET", "/api/ps", None),
        ("chat_stream_warm", "POST", "/api/chat", {"options": {"num_predict": 5}}),
        ("chat_nonstream", "POST", "/api/chat", {"stream": False, "options": {"num_predict": 5}}),
        ("chat_empty_messages_preload", "POST", "/api/chat", {"messages": []}),
        ("unload", "POST", "/api/chat", {"messages": [], "keep_alive": 0}),
        ("chat_no_such_model", "POST", "/api/chat", {"model": "nope"}),
        ("chat_tools_unsupported", "POST", "/api/chat", {"tools": [{}]}),
        ("chat_overflow_history_refused", "POST", "/api/chat", TOO_LONG),
        ("show_missing", "POST", "/api/show", {"model": "nope"}),
        ("bad_path", "GET", "/api/nothing", None),
    ],
)
async def test_the_server_is_of_ollamas_shape(shaped, recording, method, path, asked):
    """Status, content type, the fields of each line, and the types of their values."""
    recorded = Recording.named(recording)
    question = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}
    async with httpx2.AsyncClient(base_url=shaped.url, timeout=60) as client:
        if recording == "ps_loaded":
            await client.post("/api/chat", json={**question, "stream": False, "options": {"num_predict": 1}})
        body = None if asked is None else question | asked
        response = await client.request(method, path, json=body)
    assert response.status_code == recorded.status
    if path != "/" and recording != "bad_path":
        assert response.headers["content-type"] == recorded.response["headers"]["Content-Type"]
    assert _shapes(response.text) == _shapes(recorded.body)


async def test_what_it_shows_of_a_model_is_part_of_what_ollama_shows(shaped):
    """A real one shows the template and every tensor as well."""
    async with httpx2.AsyncClient(base_url=shaped.url) as client:
        shown = (await client.post("/api/show", json={"model": MODEL})).json()
    recorded = json.loads(Recording.named("show_smol").body)
    assert {name: _shape(recorded[name]) for name in shown if name != "model_info"} == {
        name: _shape(value) for name, value in shown.items() if name != "model_info"
    }
    assert shown["model_info"].items() <= recorded["model_info"].items()


def _shapes(body: str) -> list[Any]:
    """The shapes of a body's lines, each once, in order."""
    shapes: list[Any] = []
    for line in body.splitlines():
        shape = _shape(json.loads(line)) if line.startswith("{") else line
        if shape not in shapes:
            shapes.append(shape)
    return shapes


def _shape(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shape(inner) for name, inner in value.items()}
        case list():
            return [_shape(inner) for inner in value[:1]]
        case str() if value.startswith('{"'):
            return ["JSON in a string", _shape(json.loads(value))]
        case _:
            return type(value).__name__
