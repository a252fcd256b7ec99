"""Ollama's wire: what goes into a body, what is read of an answer, what a refusal means."""

from itertools import count

import pytest

from parley_providers.adapters.ollama.faults import error_of
from parley_providers.adapters.ollama.tokens import fewest_tokens, prompt_tokens, usage_of
from parley_providers.adapters.ollama.wire import AnswerReader, RunnerSettings, body_of, think_of
from parley_providers.errors import (
    BadRequestError,
    ContextWindowError,
    ModelNotFoundError,
    OverloadedError,
    ServerError,
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

RUNNER = RunnerSettings(window_tokens=4096, keep_alive="30m")
THINKER = frozenset({"completion", "thinking"})


def _ask(**more):
    return LLMRequest(messages=(user("hi"),), task_class="explain", model="m", **more)


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


@pytest.mark.parametrize(("body", "said"), [(b"", ""), (b" \n", ""), (b"404 page not found", " (404 page not found)")])
def test_a_server_that_is_not_ollama_is_told_as_such(body, said):
    """With what it said, if it said anything."""
    error = error_of(Refusal(status=404, body=body), provider="ollama at http://127.0.0.1:1", model="")
    assert str(error) == (
        f"The server that was asked as ollama at http://127.0.0.1:1 does not know Ollama's requests{said}: "
        "it seems to be another server. Give it Ollama's own address."
    )
