"""Ollama's adapter: windows, versions, installed models, and prompts that an old server cuts."""

import json

import pytest

from parley_providers.adapters.ollama import OllamaProvider, OllamaSettings
from parley_providers.adapters.ollama.looks import (
    LoadedModel,
    ShownModel,
    entry_of,
    full_name,
    shown_of,
    window_for,
)
from parley_providers.errors import (
    ContextWindowError,
    ModelNotFoundError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.messages import (
    user,
)
from parley_providers.requests import LLMRequest, StreamFinish
from parley_providers.usage import Usage
from support.loopback import serving
from support.streams import seen


def _ask(**more):
    return LLMRequest(messages=(user("hi"),), task_class="explain", model="m", **more)


def _loaded(window_tokens, **more):
    return LoadedModel(**{"digest": "d", "size_bytes": 2, "vram_bytes": 0, **more}, window_tokens=window_tokens)


class Server:
    """An Ollama whose state a test sets: what is installed, what is loaded, how it answers."""

    def __init__(self, *lines, loaded=None, installed=("m:latest",), version="0.33.0", shown=None):
        self.lines = lines
        self.loaded = loaded or {}
        self.installed = installed
        self.version = version
        self.shown = {"capabilities": ["completion"]} if shown is None else shown
        self.digest = "d1"

    async def handle(self, exchange):
        match exchange.path:
            case "/api/version":
                await exchange.answer({"version": self.version})
            case "/api/tags":
                tags = [{"name": name, "digest": self.digest} for name in self.installed]
                await exchange.answer({"models": tags})
            case "/api/ps":
                running = [{"name": name, "digest": self.digest, **told} for name, told in self.loaded.items()]
                await exchange.answer({"models": running})
            case "/api/show":
                await exchange.answer(self.shown)
            case _:
                await exchange.start()
                for line in self.lines:
                    await exchange.send(line if isinstance(line, str) else json.dumps(line) + "\n")
                await exchange.end()


DONE = {"message": {"content": ""}, "done": True, "done_reason": "stop"}


async def _with(server, use, **settings):
    """What `use` makes of a provider for that server, and every exchange."""
    async with serving(server.handle) as serving_:
        provider = OllamaProvider(serving_.url, **settings)
        try:
            return await use(provider), serving_.exchanges
        finally:
            await provider.aclose()


@pytest.mark.parametrize(
    ("loaded", "most", "window"),
    [
        (None, 32768, 8192),
        (None, 2048, 2048),
        (None, None, 8192),
        (_loaded(16384), 32768, 16384),
        (_loaded(4096), 32768, 4096),
        (_loaded(1024), 32768, 8192),
        (_loaded(1024), 1024, 1024),
        (_loaded(None), 32768, 8192),
    ],
)
def test_the_window_is_the_loaded_one_unless_it_is_too_small(loaded, most, window):
    """What another client loaded is kept, so that the two do not load the model anew in turn."""
    assert window_for(loaded, ShownModel(max_window_tokens=most), OllamaSettings()) == window


@pytest.mark.parametrize(
    ("loaded", "most", "window"),
    [(None, 32768, 16384), (None, 2048, 2048), (_loaded(4096), 32768, 16384), (_loaded(32768), 32768, 32768)],
)
def test_a_window_that_the_person_wants_is_asked_for(loaded, most, window):
    """Whatever another client loaded, unless that is larger; never more than the model was made for."""
    assert window_for(loaded, ShownModel(max_window_tokens=most), OllamaSettings.with_window(16384)) == window


@pytest.mark.parametrize(("shrunk_tokens", "told"), [(8192, 8192), (1024, 16384)])
async def test_a_window_that_the_person_wants_is_told_before_it_is_loaded(shrunk_tokens, told):
    """A smaller one of another client is loaded anew; one that stays smaller is all that the server has room for."""
    server = Server(DONE, loaded={"m:latest": {"context_length": 4096}})

    async def use(provider):
        before = await provider.facts("m")
        await provider.complete(_ask())
        server.loaded = {"m:latest": {"context_length": shrunk_tokens}}
        return before, await provider.facts("m")

    (before, after), exchanges = await _with(server, use, settings=OllamaSettings.with_window(16384))
    sent = [each.json["options"]["num_ctx"] for each in exchanges if each.path == "/api/chat"]
    assert (before.window_tokens, sent, after.window_tokens) == (16384, [16384], told)


async def test_the_window_is_chosen_once():
    """Another window that is loaded later changes nothing: each change would load the model anew."""
    server = Server(DONE, loaded={"m:latest": {"context_length": 16384}})

    async def use(provider):
        await provider.complete(_ask())
        server.loaded = {"m:latest": {"context_length": 32768}}
        await provider.complete(_ask(max_output_tokens=9, temperature=1.0))
        server.loaded = {}
        await provider.complete(_ask(reasoning="off"))

    _, exchanges = await _with(server, use)
    sent = [exchange.json for exchange in exchanges if exchange.path == "/api/chat"]
    assert [body["options"]["num_ctx"] for body in sent] == [16384] * 3
    assert [(body["truncate"], body["shift"], body["keep_alive"]) for body in sent] == [(False, False, "30m")] * 3


@pytest.mark.parametrize(("loaded_tokens", "told"), [(4096, 4096), (16384, 8192), (1024, 8192), (None, 8192)])
async def test_the_window_that_is_told_is_what_fits_now(loaded_tokens, told):
    """After an out-of-memory load a server has less than was asked; less than is useful is a stranger's choice."""
    server = Server(DONE)

    async def use(provider):
        await provider.complete(_ask())
        server.loaded = {"m:latest": {} if loaded_tokens is None else {"context_length": loaded_tokens}}
        return await provider.facts("m")

    facts, _ = await _with(server, use)
    assert (facts.window_tokens, facts.settings["num_ctx"]) == (told, 8192)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("m", "m:latest"),
        ("m:7b", "m:7b"),
        ("host:5000/m", "host:5000/m:latest"),
        ("host:5000/a/m:x", "host:5000/a/m:x"),
    ],
)
def test_a_name_without_a_tag_is_the_latest(name, full):
    """A port is no tag."""
    assert full_name(name) == full


def test_an_entry_is_found_by_either_name():
    """Older servers tell `name` only."""
    listed = {"models": [{"name": "a:latest"}, {"model": "b:1", "name": "x"}]}
    assert entry_of(listed, "a") == {"name": "a:latest"}
    assert entry_of(listed, "b:1") == {"model": "b:1", "name": "x"}
    assert entry_of(listed, "c") is None
    assert entry_of({"models": None}, "a") is None


def test_what_an_old_server_does_not_show_is_unknown():
    """No details, no capabilities, no context length."""
    assert shown_of({}) == ShownModel()


@pytest.mark.parametrize(
    ("size", "vram", "whole"), [(2, 2, True), (2, 1, False), (2, 0, False), (None, 2, False), (2, None, False)]
)
def test_a_model_is_on_a_gpu_when_all_of_it_is_known_to_be(size, vram, whole):
    """A part of it on the processor makes the whole slow."""
    assert _loaded(1, size_bytes=size, vram_bytes=vram).on_gpu is whole


async def test_a_model_is_shown_again_when_its_digest_changed():
    """And the version of the server is asked once a minute at most."""
    server = Server()

    async def use(provider):
        await provider.facts("m")
        await provider.facts("m")
        server.digest = "d2"
        return await provider.facts("m")

    facts, exchanges = await _with(server, use)
    paths = [exchange.path for exchange in exchanges]
    assert (facts.digest, paths.count("/api/show"), paths.count("/api/version")) == ("d2", 2, 1)


async def test_only_models_that_can_chat_are_listed():
    """An embedding model is none of ours; one whose abilities are not told may be."""

    async def use(provider):
        return [facts.name for facts in await provider.models()]

    assert (await _with(Server(shown={"capabilities": ["embedding"]}), use))[0] == []
    assert (await _with(Server(shown={}), use))[0] == ["m:latest"]


async def test_a_model_that_is_not_installed_is_named_with_those_that_are():
    """And with the command that gets it."""

    async def use(provider):
        with pytest.raises(ModelNotFoundError, match=r"\(it has: m:latest\)\. Get it with `ollama pull x`"):
            await provider.facts("x")
        with pytest.raises(ModelNotFoundError):
            await provider.complete(LLMRequest(messages=(), task_class="explain"))

    await _with(Server(), use)


async def test_a_prompt_that_an_old_server_cut_is_noticed_at_the_end():
    """Its count cannot be; the answer is not finished."""
    words = LLMRequest(messages=(user("word " * 100),), task_class="explain", model="m")

    async def use(provider):
        return await seen(provider.stream(words))

    (events, error), _ = await _with(Server({**DONE, "prompt_eval_count": 12}, version="0.5.0"), use)
    assert type(error) is ContextWindowError
    assert (error.prompt_tokens, error.window_tokens) == (12, 8192)
    assert not [event for event in events if isinstance(event, StreamFinish)]
    (_, error), _ = await _with(Server({**DONE, "prompt_eval_count": 12}, version="0.30.0"), use)
    assert error is None


async def test_counts_of_two_passes_are_unknown():
    """With a schema and thinking, only the last pass is measured."""

    async def use(provider):
        return await provider.complete(_ask(json_schema={}, reasoning="high"))

    done = {**DONE, "message": {"content": "{}"}, "eval_count": 5}
    (answer, exchanges) = await _with(Server(done, shown={"capabilities": ["thinking", "completion"]}), use)
    assert (exchanges[-1].json["think"], answer.usage) == (True, Usage())
    (answer, _) = await _with(Server(done), use)
    assert answer.usage == Usage(output_tokens=5)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"message": {"content": "ha', StreamTruncatedError),
        ("[1]\n", ServerError),
        ('{"message": ' + "[" * 100_000 + "\n", ServerError),
        ("5\n", ServerError),
        ('{"message": "no"}\n', ServerError),
        ('{"message": {"tool_calls": [{}]}}\n', ServerError),
    ],
)
async def test_a_line_that_is_none_of_ollamas_is_an_error(line, kind):
    """Cut off, or of another shape."""

    async def use(provider):
        return await seen(provider.stream(_ask()))

    (events, error), _ = await _with(Server(line), use)
    assert type(error) is kind
    assert not [event for event in events if isinstance(event, StreamFinish)]
