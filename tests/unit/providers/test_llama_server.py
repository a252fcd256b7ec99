"""llama.cpp's server: its chunks, its timings, its refusals."""

import json

import pytest

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    ContextWindowError,
    DeadlineExceededError,
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
from parley_providers.requests import (
    Deadlines,
    FinishReason,
    LLMRequest,
    PartDelta,
    PartEnd,
    PartStart,
    StreamFinish,
    StreamReading,
    StreamStart,
    StreamUsage,
    ToolSpec,
)
from parley_providers.route import asked_for
from parley_providers.usage import Timings, Usage
from support.loopback import serving
from support.streams import seen

USAGE = {
    "choices": [],
    "usage": {"completion_tokens": 4, "prompt_tokens": 32, "prompt_tokens_details": {"cached_tokens": 24}},
    "timings": {"cache_n": 24, "prompt_n": 8, "prompt_ms": 30.5, "predicted_n": 4, "predicted_ms": 53.522},
}


LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}


STARTED = StreamStart(route=asked_for("llama.cpp", "smol"))


def _ask(**more):
    return LLMRequest(messages=(user("hi"),), task_class="explain", model="smol", **more)


def _delta(finish=None, **delta):
    return {"choices": [{"index": 0, "finish_reason": finish, "delta": delta}]}


def _speaking(*chunks, done=True):
    async def handle(exchange):
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for chunk in chunks:
            await exchange.send(chunk if isinstance(chunk, str) else f"data: {json.dumps(chunk)}\n\n")
        if done:
            await exchange.send("data: [DONE]\n\n")
        await exchange.end()

    return handle


def _refusing(status, body):
    async def handle(exchange):
        await exchange.answer(body, status)

    return handle


async def _outcome(handler, request=None):
    async with serving(handler) as server:
        provider = LlamaServerProvider(server.url)
        try:
            return await seen(provider.stream(request or _ask()))
        finally:
            await provider.aclose()


async def test_a_stream_of_text_with_usage_and_timings():
    """Cached tokens and durations are the server's; what it does not tell stays unknown."""
    chunks = (_delta(role="assistant", content=None), _delta(content="I"), ": ping\n\n", _delta(content="'m"))
    events, error = await _outcome(_speaking(*chunks, _delta(finish="length"), USAGE))
    assert error is None
    assert events == [
        STARTED,
        PartStart(index=0, kind="text"),
        PartDelta(index=0, text="I"),
        PartDelta(index=0, text="'m"),
        StreamUsage(
            usage=Usage(prompt_tokens=32, cached_prompt_tokens=24, output_tokens=4),
            timings=Timings(prefill_ns=30_500_000, decode_ns=53_522_000),
        ),
        PartEnd(index=0, part=TextPart(text="I'm")),
        StreamFinish(reason=FinishReason.LENGTH, raw="length"),
    ]


def _progress(**told):
    return {"choices": [], "prompt_progress": told}


async def test_how_far_the_prompt_is_read_is_told():
    """Less what the server remembers of it; what is told in another way is passed over."""
    chunks = (
        _progress(total=100, cache=20, processed=20, time_ms=0),
        _progress(total=100, cache=20, processed=60, time_ms=9),
        _progress(total=100, cache=20, processed=101),
        _progress(total="100"),
        {"choices": [], "prompt_progress": None},
        _progress(total=100, cache=20, processed=100, time_ms=20),
    )
    events, error = await _outcome(_speaking(*chunks, _delta(finish="stop")))
    assert error is None
    assert events[1:4] == [
        StreamReading(read_tokens=0, unread_tokens=80),
        StreamReading(read_tokens=40, unread_tokens=40),
        StreamReading(read_tokens=80, unread_tokens=0),
    ]


async def test_reading_has_the_patience_of_the_first_token():
    """It may take longer than a pause within the answer."""

    async def handle(exchange):
        await exchange.start()
        await exchange.send(f"data: {json.dumps(_progress(total=9, cache=0, processed=1))}\n\n")
        await exchange.gone.wait()

    _, error = await _outcome(handle, _ask(deadlines=Deadlines(cold_first_token_s=0.2, idle_s=0.1)))
    assert "did not begin to answer" in str(error)


async def test_timings_alone_tell_the_tokens():
    """Without `usage` the prompt is what was cached and what was read."""
    events, _ = await _outcome(_speaking(_delta(finish="stop"), {"choices": [], "timings": USAGE["timings"]}))
    assert events[1].usage == Usage(prompt_tokens=32, cached_prompt_tokens=24, output_tokens=4)


async def test_reasoning_and_a_tool_call_in_pieces():
    """The call is whole only at the end; its arguments are strict JSON."""
    chunks = (
        _delta(reasoning_content="hm"),
        _delta(content="Look."),
        _delta(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "read", "arguments": '{"path":'}}]),
        _delta(tool_calls=[{"index": 0, "function": {"arguments": ' "a"}'}}]),
        _delta(finish="stop"),
    )
    events, error = await _outcome(_speaking(*chunks))
    assert error is None
    assert [event.part for event in events if isinstance(event, PartEnd)] == [
        ReasoningPart(text="hm"),
        TextPart(text="Look."),
        ToolCallPart(call_id="c1", name="read", arguments={"path": "a"}),
    ]
    assert events[-1] == StreamFinish(reason=FinishReason.TOOL_CALLS, raw="stop")


async def test_half_a_tool_call_is_never_a_tool_call():
    """Arguments that are cut off are the model's fault, not a shorter call."""
    call = {"index": 0, "id": "c1", "function": {"name": "rm", "arguments": '{"paths": ["/tmp/x'}}
    events, error = await _outcome(_speaking(_delta(tool_calls=[call]), _delta(finish="length")))
    assert isinstance(error, BadRequestError)
    assert not [event for event in events if isinstance(event, PartEnd)]


@pytest.mark.parametrize("done", [True, False])
async def test_an_answer_without_a_finish_reason_is_truncated(done):
    """Whether or not the end mark came."""
    events, error = await _outcome(_speaking(_delta(content="half"), done=done))
    assert isinstance(error, StreamTruncatedError)
    assert not [event for event in events if isinstance(event, StreamFinish)]


async def test_a_broken_connection_is_a_truncated_answer():
    """Dropped inside the chunked body."""

    async def handle(exchange):
        await exchange.start()
        await exchange.send(f"data: {json.dumps(_delta(content='half'))}\n\n")
        exchange.drop()

    _, error = await _outcome(handle)
    assert isinstance(error, StreamTruncatedError)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('data: {"error": {"code": 500, "message": "compute error", "type": "server_error"}}\n\n', ServerError),
        ('error: {"code": 500, "message": "compute error", "type": "server_error"}\n\n', ServerError),
        ('data: {"choices": [{"del', StreamTruncatedError),
        ('data: {"choices": "no"}\n\n', ServerError),
        ("data: 5\n\n", ServerError),
        ("data: " + "[" * 100_000 + "\n\n", ServerError),
    ],
)
async def test_errors_within_the_stream_are_errors(line, error):
    """In band, cut off, or of an unknown shape."""
    assert type((await _outcome(_speaking(_delta(content="a"), line, done=False)))[1]) is error


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [
        (401, {"message": "Invalid API Key", "type": "authentication_error", "code": 401}, AuthenticationError),
        (400, {"message": "bad grammar", "type": "invalid_request_error", "code": 400}, BadRequestError),
        (500, {"message": "image input is not supported - hint: …", "type": "server_error"}, BadRequestError),
        (500, {"message": "compute error", "type": "server_error"}, ServerError),
        (503, {"message": "no slot", "type": "other"}, OverloadedError),
        (302, {}, BadRequestError),
    ],
)
async def test_a_refusal_is_classified_by_what_it_says(status, told, error):
    """The status decides only where the body does not."""
    events, raised = await _outcome(_refusing(status, {"error": told}))
    assert (events, type(raised), raised.provider, raised.model) == ([], error, "llama.cpp", "smol")


async def test_a_prompt_that_is_too_long_tells_both_counts():
    """The server's own counts are in the error and in its message."""
    told = {"type": "exceed_context_size_error", "message": "…", "n_prompt_tokens": 4031, "n_ctx": 2048}
    _, error = await _outcome(_refusing(400, {"error": told}))
    assert isinstance(error, ContextWindowError)
    assert (error.prompt_tokens, error.window_tokens, error.status) == (4031, 2048, 400)
    assert str(error) == "The prompt has 4031 tokens, but smol has room for 2048. Select less code."


async def test_a_server_that_loads_its_model_is_waited_for():
    """503 while loading is not an error before the cold deadline."""
    answers = [_refusing(503, LOADING), _refusing(503, LOADING), _speaking(_delta(content="a"), _delta(finish="stop"))]

    async def handle(exchange):
        await answers.pop(0)(exchange)

    events, error = await _outcome(handle)
    assert (error, events[0], events[-1].reason) == (None, STARTED, FinishReason.STOP)


async def test_loading_has_an_end():
    """After the cold deadline it is an error that says so."""
    deadlines = Deadlines(cold_first_token_s=1.0)
    _, error = await _outcome(_refusing(503, LOADING), _ask(deadlines=deadlines))
    assert isinstance(error, OverloadedError)
    assert "still loading" in str(error)


async def test_loading_that_falls_silent_is_still_loading():
    """The last question before the deadline gets no answer: what was known is what is said."""
    answers = [_refusing(503, LOADING)]

    async def handle(exchange):
        if answers:
            await answers.pop()(exchange)
        else:
            await exchange.gone.wait()

    _, error = await _outcome(handle, _ask(deadlines=Deadlines(cold_first_token_s=1.0)))
    assert isinstance(error, OverloadedError)
    assert "still loading" in str(error)


async def test_silence_after_loading_is_a_deadline_of_its_own():
    """Once it has begun to answer, it is loaded."""
    answers = [_refusing(503, LOADING)]

    async def handle(exchange):
        if answers:
            await answers.pop()(exchange)
        else:
            await exchange.start()
            await exchange.send(f"data: {json.dumps(_delta(content='a'))}\n\n")
            await exchange.gone.wait()

    _, error = await _outcome(handle, _ask(deadlines=Deadlines(idle_s=0.1)))
    assert isinstance(error, DeadlineExceededError)


async def test_nobody_there_says_how_to_start_it():
    """A refused connection is for the person to mend."""
    provider = LlamaServerProvider("http://127.0.0.1:1")
    assert not await provider.is_available()
    _, error = await seen(provider.stream(_ask()))
    assert isinstance(error, ConnectionFailedError)
    assert "Nothing answers at http://127.0.0.1:1" in str(error)
    assert "llama-server -m" in str(error)
    await provider.aclose()


@pytest.mark.parametrize(("reasoning", "sent"), [(None, None), ("off", False), ("low", True)])
async def test_thinking_is_a_variable_of_the_chat_template(reasoning, sent):
    """Left out where the request leaves it to the model."""
    async with serving(_speaking(_delta(finish="stop"))) as server:
        provider = LlamaServerProvider(server.url)
        await provider.complete(_ask(reasoning=reasoning))
        await provider.aclose()
    expected = None if sent is None else {"enable_thinking": sent}
    assert server.bodies[0].get("chat_template_kwargs") == expected


async def test_everything_of_a_request_goes_over_the_wire():
    """Roles, images, tools, tool results, schema and sampling."""
    schema = {"type": "object"}
    request = LLMRequest(
        messages=(
            system("Be brief."),
            Message(role=Role.USER, parts=(TextPart(text="look"), ImagePart(media_type="image/png", data=b"hi"))),
            Message(
                role=Role.ASSISTANT,
                parts=(ReasoningPart(text="hm"), ToolCallPart(call_id="c1", name="read", arguments={"path": "a"})),
            ),
            Message(role=Role.TOOL, parts=(ToolResultPart(call_id="c1", name="read", content="42"),)),
        ),
        task_class="explain",
        model="smol",
        max_output_tokens=7,
        temperature=0.0,
        seed=1,
        stop=("END",),
        json_schema=schema,
        tools=(ToolSpec(name="read", description="Reads.", parameters=schema),),
    )
    async with serving(_speaking(_delta(content="{}"), _delta(finish="stop"))) as server:
        provider = LlamaServerProvider(server.url, api_key="sesame")
        await provider.complete(request)
        await provider.aclose()
    (exchange,) = server.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/chat/completions")
    assert exchange.headers["authorization"] == "Bearer sesame"
    assert exchange.json == {
        "model": "smol",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                ],
            },
            {
                "role": "assistant",
                "content": "",
                "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "42"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "max_tokens": 7,
        "temperature": 0.0,
        "seed": 1,
        "stop": ["END"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        },
        "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": schema}}],
    }
