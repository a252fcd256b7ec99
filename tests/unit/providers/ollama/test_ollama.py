"""Ollama's adapter: windows, versions, thinking, words of refusal, and servers older or odder than the recorded one."""

import json
from itertools import count

import pytest

from parley_providers.adapters.ollama import OllamaProvider, OllamaSettings
from parley_providers.adapters.ollama.faults import error_of
from parley_providers.adapters.ollama.looks import (
    LoadedModel,
    ShownModel,
    entry_of,
    full_name,
    shown_of,
    window_for,
)
from parley_providers.adapters.ollama.tokens import fewest_tokens, prompt_tokens, usage_of
from parley_providers.adapters.ollama.wire import AnswerReader, RunnerSettings, body_of, think_of
from parley_providers.errors import (
    BadRequestError,
    ContextWindowError,
    ModelNotFoundError,
    OverloadedError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.messages import (
    ImagePart,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    system,
    user,
)
from parley_providers.refusals import Refusal
from parley_providers.requests import FinishReason, LLMRequest, PartEnd, StreamFinish, StreamUsage, ToolSpec
from parley_providers.usage import Timings, Usage
from support.loopback import serving
from support.streams import seen

RUNNER = RunnerSettings(window_tokens=4096, keep_alive="30m")
THINKER = frozenset({"completion", "thinking"})


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


async def test_the_window_is_chosen_once():
    """Another window that is loaded later changes nothing: each change would load the model anew."""
    server = Server(DONE, loaded={"m:latest": {"context_length": 16384}})

    async def use(provider):
        await provider.complete(_ask())
        server.loaded = {"m:latest": {"context_length": 32768}}
        await provider.complete(_ask(max_output_tokens=9, temperature=1.0))
        server.loaded = {}
        await provider.complete(_ask(json_schema={}))

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


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("0.1.30", False),
        ("0.3.13", False),
        ("0.3.14", True),
        ("0.29.1", True),
        ("0.30.0", False),
        ("0.30.0-rc3", False),
        ("0.30.1", True),
        ("0.33.0-rc2", True),
        ("1.0.0", True),
        ("dev", False),
        ("0.0.0", False),
        (None, False),
    ],
)
def test_whether_the_prompts_tokens_are_known_depends_on_the_version(version, known):
    """Two of them left the cached ones out."""
    assert prompt_tokens({"prompt_eval_count": 5}, version) == (5 if known else None)


def test_a_server_that_tells_cached_tokens_tells_the_whole():
    """Whatever it calls itself."""
    done = {"prompt_eval_count": 9, "prompt_eval_cached_count": 4, "eval_count": 2, "load_duration": 1}
    assert usage_of(done, "dev") == StreamUsage(
        usage=Usage(prompt_tokens=9, cached_prompt_tokens=4, output_tokens=2), timings=Timings(load_ns=1)
    )


def test_no_tokenizer_makes_fewer_tokens_than_half_the_words():
    """Over all messages."""
    assert fewest_tokens([system("Be brief now please."), user("one two three")]) == 3


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


@pytest.mark.parametrize(
    ("asked", "abilities", "family", "think"),
    [
        ({}, frozenset({"completion"}), "qwen2", None),
        ({"reasoning": "high"}, frozenset({"completion"}), "qwen2", None),
        ({}, THINKER, "qwen3", None),
        ({"reasoning": "off"}, THINKER, "qwen3", False),
        ({"reasoning": "low"}, THINKER, "qwen3", True),
        ({"reasoning": "low"}, THINKER, "gptoss", "low"),
        ({"json_schema": {}}, THINKER, "qwen3", False),
        ({"json_schema": {}, "reasoning": "high"}, THINKER, "qwen3", True),
    ],
)
def test_thinking_is_asked_only_of_models_that_can(asked, abilities, family, think):
    """A model without the ability refuses the field itself."""
    assert think_of(_ask(**asked), abilities, family) == think


async def test_counts_of_two_passes_are_unknown():
    """With a schema and thinking, only the last pass is measured."""

    async def use(provider):
        return await provider.complete(_ask(json_schema={}, reasoning="high"))

    done = {**DONE, "eval_count": 5}
    (answer, exchanges) = await _with(Server(done, shown={"capabilities": ["thinking", "completion"]}), use)
    assert (exchanges[-1].json["think"], answer.usage) == (True, Usage())
    (answer, _) = await _with(Server(done), use)
    assert answer.usage == Usage(output_tokens=5)


def test_everything_of_a_request_goes_over_the_wire():
    """Roles, images as base64, tool calls with ids, results, a schema as it is, and sampling."""
    schema = {"type": "object", "additionalProperties": False}
    request = LLMRequest(
        messages=(
            system("Be brief."),
            Message(role=Role.USER, parts=(TextPart(text="look"), ImagePart(media_type="image/png", data=b"/etc"))),
            Message(
                role=Role.ASSISTANT,
                parts=(ReasoningPart(text="hm"), ToolCallPart(call_id="c1", name="read", arguments={"path": "a"})),
            ),
            Message(
                role=Role.TOOL,
                parts=(
                    ToolResultPart(call_id="c1", name="read", content="42"),
                    ToolResultPart(call_id="c2", name="read", content="43"),
                ),
            ),
        ),
        task_class="explain",
        max_output_tokens=7,
        temperature=0.0,
        seed=1,
        stop=("END",),
        json_schema=schema,
        tools=(ToolSpec(name="read", description="Reads.", parameters=schema),),
    )
    assert body_of(request, "m", RUNNER, None) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "look", "images": ["L2V0Yw=="]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [{"id": "c1", "function": {"name": "read", "arguments": {"path": "a"}}}],
            },
            {"role": "tool", "tool_name": "read", "tool_call_id": "c1", "content": "42"},
            {"role": "tool", "tool_name": "read", "tool_call_id": "c2", "content": "43"},
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": "30m",
        "options": {"num_ctx": 4096, "num_predict": 7, "temperature": 0.0, "seed": 1, "stop": ["END"]},
        "format": schema,
        "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": schema}}],
    }


def test_what_is_not_asked_is_left_to_the_server():
    """No sampling, no thinking, its own keep-alive."""
    body = body_of(_ask(), "m", RunnerSettings(window_tokens=1, keep_alive=None), think=None)
    assert body["options"] == {"num_ctx": 1, "num_predict": 1024}
    assert not {"keep_alive", "think", "format", "tools"} & set(body)


def _reader():
    ids = count(1)
    return AnswerReader(version="0.33.0", two_passes=False, new_id=lambda: f"new{next(ids)}")


def test_a_tool_call_without_an_id_gets_one_and_may_come_before_the_end():
    """Older servers send it in a line of its own, without `done`."""
    reader = _reader()
    call = {"function": {"name": "read", "arguments": {"path": "a"}}}
    bare = {"function": {"name": "list"}}
    events = reader.take({"message": {"content": "", "tool_calls": [call, bare]}, "done": False})
    events += reader.take({"message": {"content": ""}, "done": True})
    events += reader.end()
    assert [event.part for event in events if isinstance(event, PartEnd)] == [
        ToolCallPart(call_id="new1", name="read", arguments={"path": "a"}),
        ToolCallPart(call_id="new2", name="list", arguments={}),
    ]
    assert events[-1] == StreamFinish(reason=FinishReason.TOOL_CALLS, raw="")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("load", FinishReason.UNKNOWN),
        ("unload", FinishReason.UNKNOWN),
        ("new_word", FinishReason.UNKNOWN),
    ],
)
def test_why_it_stopped_is_kept_as_it_was_said(raw, reason):
    """A word that is not known is not guessed."""
    reader = _reader()
    reader.take({"done": True, "done_reason": raw})
    assert reader.end() == [StreamFinish(reason=reason, raw=raw)]


def test_a_reader_that_was_not_told_the_end_has_none():
    """Nothing is made up."""
    assert (_reader().finished, _reader().end()) == (False, [])


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, '{"error": "model requires more system memory (9 GiB) than is available (4 GiB)"}', OverloadedError),
        (500, '{"error": "llama runner process has terminated: signal: killed"}', ServerError),
        (500, "<html>", ServerError),
        (500, '{"error": null}', ServerError),
        (404, "404 page not found", BadRequestError),
        (404, '{"error": "model \'x\' not found, try pulling it first"}', ModelNotFoundError),
        (400, '{"error": "m does not support tools"}', BadRequestError),
        (499, "", ServerError),
        (200, '{"error": "{\\"error\\":{\\"type\\":\\"exceed_context_size_error\\"}}"}', ContextWindowError),
        (200, '{"error": "invalid format: x"}', BadRequestError),
    ],
)
def test_a_refusal_is_classified_by_its_words_first(status, body, kind):
    """The status decides only where they say nothing."""
    error = error_of(Refusal(status=status, body=body.encode()), provider="ollama", model="m")
    assert (type(error), error.model) == (kind, "m")
    assert error.status == (None if status == 200 else status)


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
