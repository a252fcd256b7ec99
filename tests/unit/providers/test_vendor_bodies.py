"""What goes out to vendors: valid by the schemas that they publish, and with nothing lost on the way back."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from parley_providers.errors import ContentFilteredError
from parley_providers.messages import (
    ImagePart,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    system,
    user,
)
from parley_providers.requests import FinishReason, LLMRequest, ToolSpec
from parley_providers.usage import Usage
from support.loopback import serving
from support.streams import seen
from support.vendor_schemas import spelled, validator
from support.vendor_wires import ANTHROPIC, COMPATIBLE, GEMINI, OPENAI, WIRES, gemini_chunk, sse, typed

every_vendor = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)

PNG = bytes.fromhex("89504e470d0a1a0a")
IMAGE = ImagePart(media_type="image/png", data=PNG)
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
READ = ToolSpec(name="read", description="Reads a file.", parameters=SCHEMA)
TALK = (
    system("Be brief."),
    user("Read both."),
    Message(
        role=Role.ASSISTANT,
        parts=(
            TextPart(text="I read."),
            ToolCallPart(call_id="c1", name="read", arguments={"path": "a"}),
            ToolCallPart(call_id="c2", name="read", arguments={"path": "b"}),
        ),
    ),
    Message(
        role=Role.TOOL,
        parts=(
            ToolResultPart(call_id="c1", name="read", content="A"),
            ToolResultPart(call_id="c2", name="read", content="no such file", is_error=True),
        ),
    ),
)
REQUESTS = {
    "plain": {"messages": (user("hi"),)},
    "settings": {"messages": (system("s"), user("hi")), "temperature": 0.2, "max_output_tokens": 99, "reasoning": None},
    "stop": {"messages": (user("hi"),), "stop": ("END",), "seed": 7},
    "schema": {"messages": (user("hi"),), "json_schema": SCHEMA},
    "tools": {"messages": TALK, "tools": (READ,)},
    "image": {
        "messages": (
            Message(role=Role.USER, parts=(TextPart(text="See"), ImagePart(media_type="image/png", data=PNG))),
        )
    },
    "talk": {"messages": (user("a"), assistant("b"), user("c"))},
    "thinking": {"messages": (user("hi"),), "reasoning": "high"},
    "unthinking": {"messages": (user("hi"),), "reasoning": "off"},
}


def _ask(wire, **more):
    return LLMRequest(task_class="explain", model=wire.model, **more)


def _served(wire, events, listed=None):
    async def handle(exchange):
        if exchange.path.partition("?")[0] == wire.models_path:
            await exchange.answer(listed or wire.listed)
            return
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for event in events:
            await exchange.send(event)
        await exchange.end()

    return handle


async def _asked(wire, request, events=None, listed=None):
    """The body that went out, and the response that came of it."""
    said = wire.text(["Hi"], finish=wire.stop) if events is None else events
    async with serving(_served(wire, said, listed)) as server, aclosing(wire.build(server.url)) as provider:
        response = await provider.complete(request)
        return server.exchanges[-1].json, response


@every_vendor
@pytest.mark.parametrize("what", REQUESTS)
async def test_every_body_is_valid_by_the_vendors_schema(wire, what):
    """As published; the vendor's own word is what counts."""
    said = wire.text(['{"path": "a"}'], finish=wire.stop)
    body, _ = await _asked(wire, _ask(wire, **REQUESTS[what]), said)
    assert _problems(wire, body) == []


def _problems(wire, body):
    errors = validator(wire.name).iter_errors(spelled(wire.name, body))
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in errors]


def _has(*, supported=True):
    return {"supported": supported}


def _able_claude(**thinking):
    effort = {"supported": True, **{level: _has() for level in ("low", "medium", "high", "max", "xhigh")}}
    able = {
        "image_input": _has(),
        "structured_outputs": _has(),
        "effort": effort,
        "thinking": {"supported": True, "types": {name: _has(supported=value) for name, value in thinking.items()}},
    }
    return {**ANTHROPIC.listed, "data": [{**ANTHROPIC.listed["data"][0], "capabilities": able}]}


@pytest.mark.parametrize(
    ("listed", "thinking", "temperature"),
    [
        (_able_claude(adaptive=True, enabled=False), {"type": "adaptive", "display": "summarized"}, None),
        (_able_claude(adaptive=False, enabled=True), {"type": "enabled", "budget_tokens": 16_384}, None),
        (None, None, 0.2),
    ],
    ids=["adaptive", "budget", "unknown"],
)
async def test_anthropic_is_asked_to_think_as_the_model_can(listed, thinking, temperature):
    """What a model can is told by the vendor's list; one that thinks takes no temperature."""
    request = _ask(ANTHROPIC, messages=(user("hi"),), reasoning="high", temperature=0.2)
    body, _ = await _asked(ANTHROPIC, request, listed=listed)
    assert (body.get("thinking"), body.get("temperature")) == (thinking, temperature)
    assert _problems(ANTHROPIC, body) == []


async def test_a_model_that_cannot_be_held_to_a_schema_is_asked_in_words():
    """The vendor's list tells which ones cannot: a field that it refuses is not sent to them."""
    able = _able_claude(adaptive=True)
    able["data"][0]["capabilities"]["structured_outputs"] = _has(supported=False)
    request = _ask(ANTHROPIC, messages=(user("Where?"),), json_schema=SCHEMA)
    said = ANTHROPIC.text(["It is ", '{"path": "a"}'], finish="end_turn")
    body, response = await _asked(ANTHROPIC, request, said, able)
    assert response.text == '{"path": "a"}'
    assert "output_config" not in body
    (turn,) = body["messages"]
    assert turn["content"][1]["text"].startswith("\n\nAnswer with one JSON value of this JSON Schema")


async def test_anthropic_caches_what_stays_the_same():
    """The system prompt with the tools before it, and the end of a conversation."""
    body, _ = await _asked(ANTHROPIC, _ask(ANTHROPIC, messages=TALK, tools=(READ,)))
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    assert body["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]


async def test_anthropic_thinking_is_replayed_untouched():
    """The signature and the redacted block go back as they came, in their order; parallel calls stay two."""
    start, *_, delta, stop = ANTHROPIC.text([], finish="tool_use")

    def block(index, what, *deltas):
        yield typed({"type": "content_block_start", "index": index, "content_block": what})
        for each in deltas:
            yield typed({"type": "content_block_delta", "index": index, "delta": each})
        yield typed({"type": "content_block_stop", "index": index})

    events = [
        start,
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "c2ln"},
        ),
        *block(1, {"type": "redacted_thinking", "data": "ZW5j"}),
        *block(
            2,
            {"type": "tool_use", "id": "c1", "name": "read", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"path": "a"}'},
        ),
        *block(
            3,
            {"type": "tool_use", "id": "c2", "name": "read", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"path": "b"}'},
        ),
        delta,
        stop,
    ]
    _, response = await _asked(ANTHROPIC, _ask(ANTHROPIC, messages=(user("hi"),)), events)
    assert response.finish is FinishReason.TOOL_CALLS
    again = (user("hi"), Message(role=Role.ASSISTANT, parts=response.parts), *TALK[3:])
    body, _ = await _asked(ANTHROPIC, _ask(ANTHROPIC, messages=again, tools=(READ,)))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZW5j"},
        {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a"}},
        {"type": "tool_use", "id": "c2", "name": "read", "input": {"path": "b"}},
    ]
    assert _problems(ANTHROPIC, body) == []


async def test_anthropic_counts_the_cached_prompt_as_prompt():
    """Its own input tokens leave out what was cached."""
    start, *rest = ANTHROPIC.text(["Hi"], finish="end_turn")
    counted = start.replace(
        '"input_tokens": 70', '"input_tokens": 70, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 3'
    )
    _, response = await _asked(ANTHROPIC, _ask(ANTHROPIC, messages=(user("hi"),)), [counted, *rest])
    counts = {"prompt_tokens": 163, "cached_prompt_tokens": 90, "written_prompt_tokens": 3, "output_tokens": 2}
    assert response.usage == Usage(**counts)


@pytest.mark.parametrize(
    ("wire", "word", "reason"),
    [
        (ANTHROPIC, "stop_sequence", FinishReason.STOP),
        (ANTHROPIC, "max_tokens", FinishReason.LENGTH),
        (ANTHROPIC, "model_context_window_exceeded", FinishReason.LENGTH),
        (ANTHROPIC, "refusal", FinishReason.CONTENT_FILTER),
        (ANTHROPIC, "pause_turn", FinishReason.UNKNOWN),
        (OPENAI, "max_output_tokens", FinishReason.LENGTH),
        (OPENAI, "content_filter", FinishReason.CONTENT_FILTER),
        (GEMINI, "MAX_TOKENS", FinishReason.LENGTH),
        (GEMINI, "SAFETY", FinishReason.CONTENT_FILTER),
        (GEMINI, "OTHER", FinishReason.UNKNOWN),
        (COMPATIBLE, "length", FinishReason.LENGTH),
        (COMPATIBLE, "content_filter", FinishReason.CONTENT_FILTER),
    ],
    ids=lambda value: getattr(value, "name", value) if not isinstance(value, FinishReason) else "",
)
async def test_a_stop_reason_is_mapped_and_kept(wire, word, reason):
    """The vendor's own word stays beside ours."""
    _, response = await _asked(wire, _ask(wire, messages=(user("hi"),)), wire.text(["Hi"], finish=word))
    assert (response.finish, response.raw_finish) == (reason, word)


def _done(item):
    return typed({"type": "response.output_item.done", "output_index": 0, "item": item, "sequence_number": 2})


async def test_openai_reasoning_is_replayed_untouched():
    """The encrypted content of the finished item; its summary is what a person sees."""
    thinker = replace(OPENAI, model="gpt-5-mini")
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "ZW5j",
    }
    piece = {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0}
    created, *rest = thinker.text(["Hi"], finish="completed")
    events = [created, typed({**piece, "delta": "Hm.", "sequence_number": 1}), _done(item), *rest]
    sent, response = await _asked(thinker, _ask(thinker, messages=(user("hi"),), reasoning="low"), events)
    assert (sent["store"], sent["include"]) == (False, ["reasoning.encrypted_content"])
    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    thought, said = response.parts
    assert (thought.text, said.text) == ("Hm.", "Hi")
    body, _ = await _asked(
        thinker, _ask(thinker, messages=(user("hi"), Message(role=Role.ASSISTANT, parts=response.parts)))
    )
    assert body["input"][1:] == [
        item,
        {"type": "message", "role": "assistant", "content": "Hi"},
    ]


async def test_an_openai_refusal_is_told_as_one():
    """The words are shown, and the reason is the filter."""
    created, *_, end = OPENAI.text([], finish="completed")
    piece = {
        "type": "response.refusal.delta",
        "item_id": "i",
        "output_index": 0,
        "content_index": 0,
        "delta": "I will not.",
    }
    _, response = await _asked(OPENAI, _ask(OPENAI, messages=(user("hi"),)), [created, typed(piece), end])
    assert (response.text, response.finish, response.raw_finish) == (
        "I will not.",
        FinishReason.CONTENT_FILTER,
        "refusal",
    )


async def test_a_gemini_thought_signature_is_replayed_untouched():
    """On the part that it came with; parallel calls without ids are told apart."""
    signed = {"thoughtSignature": "c2lnbmF0dXJl"}
    events = [
        gemini_chunk({"text": "Hm.", "thought": True}),
        gemini_chunk(
            {"functionCall": {"name": "read", "args": {"path": "a"}}, **signed},
            {"functionCall": {"name": "read", "args": {"path": "b"}}},
            finish="STOP",
        ),
    ]
    _, response = await _asked(GEMINI, _ask(GEMINI, messages=(user("hi"),)), events)
    assert [getattr(part, "call_id", None) for part in response.parts] == [None, "call_1", "call_2"]
    again = (user("hi"), Message(role=Role.ASSISTANT, parts=response.parts), TALK[3])
    body, _ = await _asked(GEMINI, _ask(GEMINI, messages=again, tools=(READ,)))
    first, second = body["contents"][1]["parts"]
    assert first["thoughtSignature"] == "c2lnbmF0dXJl"
    assert "thoughtSignature" not in second
    assert _problems(GEMINI, body) == []


async def test_gemini_counts_thoughts_as_output():
    """It counts them apart."""
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 2, "thoughtsTokenCount": 5, "cachedContentTokenCount": 4}
    events = [gemini_chunk({"text": "Hi"}, finish="STOP", usage=usage)]
    _, response = await _asked(GEMINI, _ask(GEMINI, messages=(user("hi"),)), events)
    assert response.usage == Usage(prompt_tokens=9, cached_prompt_tokens=4, output_tokens=7, reasoning_tokens=5)


async def test_a_prompt_that_gemini_blocks_is_filtered():
    """It answers 200 with a reason and nothing else."""
    blocked = [sse({"promptFeedback": {"blockReason": "SAFETY"}})]
    async with serving(_served(GEMINI, blocked)) as server, aclosing(GEMINI.build(server.url)) as provider:
        _, error = await seen(provider.stream(_ask(GEMINI, messages=(user("hi"),))))
    assert type(error) is ContentFilteredError
    assert "refused the prompt (SAFETY)" in str(error)


@every_vendor
async def test_reasoning_of_another_vendor_stays_at_home(wire):
    """A signature means nothing elsewhere, and would be refused."""
    foreign = ReasoningPart(text="Hm.", provider_meta={"vendor": "another", "signature": "s", "item": {"type": "x"}})
    talk = (user("hi"), Message(role=Role.ASSISTANT, parts=(foreign, TextPart(text="Hi"))), user("more"))
    body, _ = await _asked(wire, _ask(wire, messages=talk))
    if wire is not COMPATIBLE:
        assert "Hm." not in str(body)
    assert _problems(wire, body) == []
