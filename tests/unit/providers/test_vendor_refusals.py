"""What vendors refuse with: the error's type, and what the person reads; and what never leaves with a request."""

import json
from contextlib import aclosing

import pytest

from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
)
from parley_providers.keys import Key
from support.loopback import serving
from support.streams import seen
from support.vendor_plays import ask, listing, outcome, refusing, saying
from support.vendor_wires import ANTHROPIC, CLOUDS, COMPATIBLE, GEMINI, KEY, OPENAI, WIRES

every_vendor = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_cloud = pytest.mark.parametrize("wire", CLOUDS, ids=lambda wire: wire.name)


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
    events, error = await outcome(wire, refusing(status, wire.refusal("No.")))
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
    _, error = await outcome(wire, refusing(status, wire.refusal(message, word)))
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
    _, error = await outcome(wire, refusing(400, wire.refusal(message, "invalid_request_error")))
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
    handler = refusing(429, wire.refusal("Slow down."), {**headers, "request-id": "req_1"})
    _, error = await outcome(wire, handler)
    assert (type(error), error.retry_after_s, error.request_id) == (RateLimitedError, seconds, "req_1")


async def test_gemini_says_in_the_body_how_long_to_wait():
    """It sends no Retry-After."""
    body = GEMINI.refusal("Slow down.", "RESOURCE_EXHAUSTED")
    body["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21s"}]
    _, error = await outcome(GEMINI, refusing(429, body))
    assert (type(error), error.retry_after_s) == (RateLimitedError, 21.0)


@every_vendor
async def test_a_web_page_of_a_proxy(wire):
    """With 200 or not, the person reads of a proxy, not a page of HTML."""
    page = "<!doctype html><html><body>Sign in</body></html>"
    for status in (200, 502):
        _, error = await outcome(wire, refusing(status, page, {"Content-Type": "text/html"}))
        assert isinstance(error, ServerError)
        assert "proxy" in str(error)
        assert "<html" not in str(error)


@every_vendor
async def test_a_redirect_is_not_followed(wire):
    """The other server hears nothing, and the key stays here."""
    async with serving(refusing(200, {})) as other:
        _, error = await outcome(wire, refusing(307, "", {"Location": f"{other.url}/v1"}))
        assert other.exchanges == []
    assert error is not None
    assert not error.retryable
    assert KEY not in str(error)


@every_vendor
async def test_a_key_for_another_origin_stays_here(wire):
    """Nothing is sent at all."""
    async with serving(listing(wire, saying(*wire.text(["Hi"], finish=wire.stop)))) as server:
        key = Key(origin="https://elsewhere.example", source="a test", text=KEY)
        with pytest.raises(AuthenticationError, match=r"belongs to https://elsewhere\.example and is not sent"):
            async with aclosing(wire.build(server.url, key)) as provider:
                await provider.complete(ask(wire))
        assert server.exchanges == []


@every_vendor
async def test_the_key_is_nowhere_to_be_read(wire):
    """Not in `repr`, nor in the message of a refusal."""
    async with serving(listing(wire, refusing(401, wire.refusal("No.")))) as server:
        async with aclosing(wire.build(server.url)) as provider:
            _, error = await seen(provider.stream(ask(wire)))
            shown = repr(provider) + repr(vars(provider)) + repr(error) + str(error)
        sent = json.dumps(server.exchanges[-1].headers)
    assert KEY not in shown
    assert KEY in sent


@every_cloud
async def test_without_a_key_the_person_reads_how_to_set_one(wire):
    """And it is not available."""
    async with aclosing(wire.provider(None)) as provider:
        assert not await provider.is_available()
        _, error = await seen(provider.stream(ask(wire)))
    assert type(error) is AuthenticationError
    assert f"{wire.name.upper()}_API_KEY" in str(error)
