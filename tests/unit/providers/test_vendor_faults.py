"""Every bad day of every vendor: the error's type, and what the person reads."""

import asyncio
import json
from contextlib import aclosing

import pytest

from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    ContentFilteredError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.keys import Key
from parley_providers.messages import ToolCallPart, user
from parley_providers.requests import Deadlines, FinishReason, LLMRequest, PartEnd, StreamFinish, StreamStart
from support.loopback import serving
from support.streams import seen
from support.vendor_wires import ANTHROPIC, CLOUDS, COMPATIBLE, GEMINI, KEY, OPENAI, WIRES

every_vendor = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_cloud = pytest.mark.parametrize("wire", CLOUDS, ids=lambda wire: wire.name)


def _ask(wire, **more):
    return LLMRequest(messages=(user("hi"),), task_class="explain", model=wire.model, **more)


def _listing(wire, handler):
    """A server that lists the vendor's models, and answers everything else by `handler`."""

    async def handle(exchange):
        if exchange.path.partition("?")[0] == wire.models_path:
            await exchange.answer(wire.listed)
        else:
            await handler(exchange)

    return handle


def _saying(*events, end="clean"):
    async def handle(exchange):
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for event in events:
            await exchange.send(event)
        if end == "clean":
            await exchange.end()
        elif end == "drop":
            exchange.drop()
        else:
            await exchange.gone.wait()

    return handle


def _refusing(status, body, headers=None):
    async def handle(exchange):
        await exchange.answer(body, status, headers)

    return handle


async def _outcome(wire, handler, request=None):
    async with serving(_listing(wire, handler)) as server, aclosing(wire.build(server.url)) as provider:
        return await seen(provider.stream(request or _ask(wire)))


REFUSALS = [
    (400, BadRequestError, "refused the request: No."),
    (401, AuthenticationError, "refused the key: No. Set a valid one"),
    (402, QuotaExceededError, "is exhausted: No. Add credit"),
    (403, AuthenticationError, "refused the key: No."),
    (404, ModelNotFoundError, "has no model"),
    (408, DeadlineExceededError, "gave up on the request"),
    (413, ContextWindowError, "The prompt is too long"),
    (429, RateLimitedError, "got too many requests: No. Wait a moment"),
    (500, ServerError, "failed: No. Try again."),
    (502, ServerError, "failed: No. Try again."),
    (503, OverloadedError, "is busy: No. Try again in a moment."),
    (504, DeadlineExceededError, "gave up on the request"),
    (529, OverloadedError, "is busy: No."),
]


@every_vendor
@pytest.mark.parametrize(
    ("status", "kind", "shown"), REFUSALS, ids=lambda value: str(value) if isinstance(value, int) else ""
)
async def test_a_status_is_an_error_with_a_way_out(wire, status, kind, shown):
    """Where the vendor has no word of its own for what happened."""
    events, error = await _outcome(wire, _refusing(status, wire.refusal("No.")))
    assert (events, type(error)) == ([], kind)
    assert shown in str(error)
    assert (error.provider, error.model, error.status) == (wire.name, wire.model, status)


WORDS = [
    (ANTHROPIC, 400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextWindowError),
    (ANTHROPIC, 400, "invalid_request_error", "Your credit balance is too low.", QuotaExceededError),
    (ANTHROPIC, 403, "permission_error", "no", AuthenticationError),
    (ANTHROPIC, 529, "overloaded_error", "Overloaded", OverloadedError),
    (ANTHROPIC, 413, "request_too_large", "too large", ContextWindowError),
    (
        OPENAI,
        400,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
        ContextWindowError,
    ),
    (OPENAI, 429, "insufficient_quota", "You exceeded your current quota", QuotaExceededError),
    (OPENAI, 400, "content_policy_violation", "no", ContentFilteredError),
    (OPENAI, 400, "invalid_prompt", "no", ContentFilteredError),
    (GEMINI, 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", AuthenticationError),
    (
        GEMINI,
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        ContextWindowError,
    ),
    (GEMINI, 503, "UNAVAILABLE", "The model is overloaded.", OverloadedError),
    (
        COMPATIBLE,
        400,
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        ContextWindowError,
    ),
]


@pytest.mark.parametrize(("wire", "status", "word", "message", "kind"), WORDS)
async def test_the_vendors_own_word_goes_before_the_status(wire, status, word, message, kind):
    """The same status says a wrong parameter and a prompt that is too long."""
    _, error = await _outcome(wire, _refusing(status, wire.refusal(message, word)))
    assert type(error) is kind


@pytest.mark.parametrize(
    ("wire", "message", "counts"),
    [
        (ANTHROPIC, "prompt is too long: 210000 tokens > 200000 maximum", (210_000, 200_000)),
        (
            GEMINI,
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            (1_200_000, 1_048_576),
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_an_overflow_tells_both_counts(wire, message, counts):
    """So that the caller knows how much to leave out."""
    _, error = await _outcome(wire, _refusing(400, wire.refusal(message, "invalid_request_error")))
    assert (error.prompt_tokens, error.window_tokens) == counts


@every_vendor
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({}, None),
    ],
    ids=["seconds", "date", "none"],
)
async def test_how_long_to_wait_is_kept(wire, headers, seconds):
    """In seconds, or as a date against the server's own clock; the vendor's id of the request is kept too."""
    handler = _refusing(429, wire.refusal("Slow down."), {**headers, "request-id": "req_1"})
    _, error = await _outcome(wire, handler)
    assert (type(error), error.retry_after_s, error.request_id) == (RateLimitedError, seconds, "req_1")


async def test_gemini_says_in_the_body_how_long_to_wait():
    """It sends no Retry-After."""
    body = GEMINI.refusal("Slow down.", "RESOURCE_EXHAUSTED")
    body["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21s"}]
    _, error = await _outcome(GEMINI, _refusing(429, body))
    assert (type(error), error.retry_after_s) == (RateLimitedError, 21.0)


@every_vendor
async def test_nobody_there(wire):
    """A refused connection names the address."""
    async with aclosing(wire.build("http://127.0.0.1:1")) as provider:
        events, error = await seen(provider.stream(_ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)
    assert "http://127.0.0.1:1" in str(error)


@every_vendor
async def test_a_host_that_does_not_exist(wire):
    """A name that resolves to nothing is a connection that failed."""
    async with aclosing(wire.build("http://nowhere.localhost.invalid:9")) as provider:
        events, error = await seen(provider.stream(_ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)


@every_vendor
async def test_a_server_without_tls(wire):
    """A handshake that fails is a connection that failed, and nothing was sent in the clear."""
    heard = []

    async def plain(reader, writer):
        heard.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with aclosing(wire.build(f"https://{host}:{port}")) as provider:
            events, error = await seen(provider.stream(_ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)
    assert not [said for said in heard if KEY.encode() in said]


@every_vendor
async def test_silence_before_the_first_byte(wire):
    """Is a deadline of its own."""

    async def hang(exchange):
        await exchange.gone.wait()

    events, error = await _outcome(
        wire, hang, _ask(wire, deadlines=Deadlines(first_token_s=0.2, cold_first_token_s=0.2))
    )
    assert (events, type(error)) == ([], DeadlineExceededError)


@every_vendor
async def test_silence_within_an_answer(wire):
    """Is another one."""
    _, error = await _outcome(
        wire, _saying(*wire.text(["Hel"]), end="hang"), _ask(wire, deadlines=Deadlines(idle_s=0.2))
    )
    assert type(error) is DeadlineExceededError
    assert "said nothing more for 0.2 s" in str(error)


@every_vendor
@pytest.mark.parametrize("end", ["clean", "drop"])
async def test_an_answer_that_breaks_off(wire, end):
    """Cleanly or not: nothing of it is whole."""
    events, error = await _outcome(wire, _saying(*wire.text(["Hel", "lo"]), end=end))
    assert type(error) is StreamTruncatedError
    assert isinstance(events[0], StreamStart)
    assert not [event for event in events if isinstance(event, StreamFinish | PartEnd)]


@every_vendor
async def test_an_event_that_breaks_off(wire):
    """In the middle of its JSON."""
    whole = wire.text(["Hello"])
    _, error = await _outcome(wire, _saying(*whole[:-1], whole[-1][:-12] + "\n\n"))
    assert type(error) is StreamTruncatedError


@every_vendor
async def test_an_error_within_an_answer(wire):
    """After 200 and some text."""
    events, error = await _outcome(wire, _saying(*wire.text(["Hel"]), *wire.error("It fell over.")))
    assert type(error) is ServerError
    assert "It fell over." in str(error)
    assert not [event for event in events if isinstance(event, StreamFinish)]


@every_vendor
async def test_half_a_tool_call(wire):
    """Is no call, though it looks like a shorter one."""
    handler = _saying(*wire.call('{"cmd": ["rm", "-rf", "/tmp/x'))
    events, error = await _outcome(wire, handler)
    assert type(error) in (StreamTruncatedError, BadRequestError)
    assert not [event for event in events if isinstance(event, PartEnd)]


@every_vendor
@pytest.mark.parametrize("arguments", ['{"cmd": ["rm"', "[1]", '{"n": NaN}'], ids=["cut", "list", "nan"])
async def test_arguments_that_are_no_json_object(wire, arguments):
    """In a call that was closed: the model is at fault, and nothing runs."""
    if wire is GEMINI and arguments != '{"cmd": ["rm"':
        arguments = '{"cmd"'  # its calls come as objects: a list or NaN cannot be written
    events, error = await _outcome(wire, _saying(*wire.call(arguments, finish=wire.tool_stop)))
    assert type(error) is BadRequestError
    assert "'read'" in str(error)
    assert not [event for event in events if isinstance(event, PartEnd | StreamFinish)]


@every_vendor
async def test_a_tool_call_is_whole_at_the_end(wire):
    """From pieces, parsed once."""
    events, error = await _outcome(wire, _saying(*wire.call('{"path":', ' "a"}', finish=wire.tool_stop)))
    assert error is None
    (part,) = [event.part for event in events if isinstance(event, PartEnd)]
    assert (type(part), part.name, part.arguments) == (ToolCallPart, "read", {"path": "a"})
    assert events[-1].reason is FinishReason.TOOL_CALLS


@every_vendor
async def test_a_stop_reason_that_nobody_knows(wire):
    """Is unknown, and kept."""
    events, error = await _outcome(wire, _saying(*wire.text(["Hello"], finish="cosmic_rays")))
    assert error is None
    assert events[-1] == StreamFinish(reason=FinishReason.UNKNOWN, raw="cosmic_rays")


@every_vendor
async def test_an_empty_answer(wire):
    """Is an answer without parts."""
    events, error = await _outcome(wire, _saying(*wire.text([], finish=wire.stop)))
    assert error is None
    assert [type(event) for event in events if not isinstance(event, StreamStart)][-1] is StreamFinish
    assert not [event for event in events if isinstance(event, PartEnd)]


@every_vendor
async def test_ten_megabytes_of_answer(wire):
    """Arrive whole."""
    piece = "x" * 100_000
    events, error = await _outcome(wire, _saying(*wire.text([piece] * 100, finish=wire.stop)))
    assert error is None
    (part,) = [event.part for event in events if isinstance(event, PartEnd)]
    assert len(part.text) == 10_000_000


@every_vendor
async def test_a_web_page_of_a_proxy(wire):
    """With 200 or not, the person reads of a proxy, not a page of HTML."""
    page = "<!doctype html><html><body>Sign in</body></html>"
    for status in (200, 502):
        _, error = await _outcome(wire, _refusing(status, page, {"Content-Type": "text/html"}))
        assert isinstance(error, ServerError)
        assert "proxy" in str(error)
        assert "<html" not in str(error)


@every_vendor
async def test_a_redirect_is_not_followed(wire):
    """The other server hears nothing, and the key stays here."""
    async with serving(_refusing(200, {})) as other:
        _, error = await _outcome(wire, _refusing(307, "", {"Location": f"{other.url}/v1"}))
        assert other.exchanges == []
    assert error is not None
    assert not error.retryable
    assert KEY not in str(error)


@every_vendor
async def test_a_key_for_another_origin_stays_here(wire):
    """Nothing is sent at all."""
    async with serving(_listing(wire, _saying(*wire.text(["Hi"], finish=wire.stop)))) as server:
        key = Key(origin="https://elsewhere.example", source="a test", text=KEY)
        with pytest.raises(AuthenticationError, match=r"belongs to https://elsewhere\.example and is not sent"):
            async with aclosing(wire.build(server.url, key)) as provider:
                await provider.complete(_ask(wire))
        assert server.exchanges == []


@every_vendor
async def test_the_key_is_nowhere_to_be_read(wire):
    """Not in `repr`, nor in the message of a refusal."""
    async with serving(_listing(wire, _refusing(401, wire.refusal("No.")))) as server:
        async with aclosing(wire.build(server.url)) as provider:
            _, error = await seen(provider.stream(_ask(wire)))
            shown = repr(provider) + repr(vars(provider)) + repr(error) + str(error)
        sent = json.dumps(server.exchanges[-1].headers)
    assert KEY not in shown
    assert KEY in sent


@every_cloud
async def test_without_a_key_the_person_reads_how_to_set_one(wire):
    """And it is not available."""
    async with aclosing(wire.provider(None)) as provider:
        assert not await provider.is_available()
        _, error = await seen(provider.stream(_ask(wire)))
    assert type(error) is AuthenticationError
    assert f"{wire.name.upper()}_API_KEY" in str(error)


@every_vendor
async def test_cancelling_closes_the_connection(wire):
    """While the next piece is waited for."""
    came = asyncio.Event()

    async def read(provider):
        async with aclosing(provider.stream(_ask(wire))) as events:
            async for event in events:
                if not isinstance(event, StreamStart):
                    came.set()

    async with serving(_listing(wire, _saying(*wire.text(["Hel"]), end="hang"))) as server:
        async with aclosing(wire.build(server.url)) as provider, asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(provider))
            await came.wait()
            reading.cancel()
        assert reading.cancelled()
        async with asyncio.timeout(5):
            await server.exchanges[-1].gone.wait()
