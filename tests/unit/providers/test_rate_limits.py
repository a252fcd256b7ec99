"""What vendors tell of their limits, as their documents show it, for the chain and for the person."""

from contextlib import aclosing

import httpx2
import pytest

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.adapters.ollama import OllamaProvider
from parley_providers.breaker import BreakerKey, Breakers
from parley_providers.errors import RateLimitedError
from parley_providers.messages import user
from parley_providers.rate_limits import RateLimit, limits_of, seconds_of, wait_s
from parley_providers.requests import LLMRequest
from support.chain_bench import ManualClock
from support.faulty_wires import FAULTY_WIRES
from support.loopback import serving
from support.streams import seen
from support.vendor_wires import ANTHROPIC, COMPATIBLE, GEMINI, OPENAI

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"
OF_ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-11-21T10:00:02Z",
    "anthropic-ratelimit-input-tokens-limit": "40000",
    "anthropic-ratelimit-input-tokens-remaining": "0",
    "anthropic-ratelimit-input-tokens-reset": "2026-11-21T10:00:21Z",
    "Date": DATE,
}
OF_OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0s",
}
OF_OPENROUTER = {
    "X-RateLimit-Limit": "20",
    "X-RateLimit-Remaining": "0",
    "X-RateLimit-Reset": "1795255230000",  # half a minute after DATE
    "Date": DATE,
}
OF_GEMINI = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [
                    {
                        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                        "quotaValue": "15",
                    }
                ],
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"},
        ],
    }
}
TOKENS_OF_ANTHROPIC = RateLimit(of="input tokens", most=40_000, left=0, reset_s=21.0)
CASES = [
    pytest.param(
        ANTHROPIC,
        OF_ANTHROPIC,
        ANTHROPIC.refusal("No.", "rate_limit_error"),
        (RateLimit(of="requests", most=50, left=49, reset_s=2.0), TOKENS_OF_ANTHROPIC),
        21.0,
        "Wait 21 s, or choose another model. (Input tokens: 0 of 40,000 left, more in 21 s.)",
        id="anthropic",
    ),
    pytest.param(
        OPENAI,
        OF_OPENAI,
        OPENAI.refusal("No.", "rate_limit_exceeded"),
        (
            RateLimit(of="requests", most=60, left=59, reset_s=1.0),
            RateLimit(of="tokens", most=150_000, left=0, reset_s=360.0),
        ),
        360.0,
        "Wait 360 s, or choose another model. (Tokens: 0 of 150,000 left, more in 360 s.)",
        id="openai",
    ),
    pytest.param(
        COMPATIBLE,
        OF_OPENROUTER,
        COMPATIBLE.refusal("No.", 429),
        (RateLimit(of="requests", most=20, left=0, reset_s=30.0),),
        30.0,
        "Wait 30 s, or choose another model. (Requests: 0 of 20 left, more in 30 s.)",
        id="openrouter",
    ),
    pytest.param(
        GEMINI,
        {},
        OF_GEMINI,
        (RateLimit(of="generate content free tier requests", most=15, left=0, reset_s=17.5),),
        17.5,
        "Wait 18 s, or choose another model. (Generate content free tier requests: 0 of 15 left, more in 18 s.)",
        id="gemini",
    ),
]


async def _refused(provider, model):
    request = LLMRequest(messages=(user("hi"),), task_class="explain", model=model)
    async with aclosing(provider):
        _, error = await seen(provider.stream(request))
    return error


def _limited(looks, body, headers):
    async def handle(exchange):
        look = looks.get(exchange.path.partition("?")[0])
        await (exchange.answer(body, 429, headers) if look is None else exchange.answer(look))

    return handle


@pytest.mark.parametrize(("wire", "headers", "body", "limits", "seconds", "shown"), CASES)
async def test_a_vendors_limits_are_told_and_waited_for(wire, headers, body, limits, seconds, shown):
    """Without a Retry-After the wait is until the limit that is used up has more; the breaker cools down so long."""
    async with serving(_limited({wire.models_path: wire.listed}, body, headers)) as server:
        error = await _refused(wire.build(server.url), wire.model)
    assert (type(error), error.limits, error.retry_after_s) == (RateLimitedError, limits, seconds)
    assert shown in str(error)
    clock = ManualClock()
    breakers = Breakers(clock=clock)
    key = BreakerKey(provider="p", origin="o", model="m")
    breakers.failed(key, error)
    within, after = min(seconds, 300.0) - 0.5, min(seconds, 300.0) + 0.5
    assert (breakers.admits(key, after_s=within), breakers.admits(key, after_s=after)) == (False, True)


async def test_what_the_server_asks_for_goes_before_the_limits():
    """`retry-after-ms` is the finer one."""
    wire = OPENAI
    for headers, seconds in (({"Retry-After": "3"}, 3.0), ({"Retry-After": "3", "retry-after-ms": "2500"}, 2.5)):
        handler = _limited({wire.models_path: wire.listed}, wire.refusal("No."), {**OF_OPENAI, **headers})
        async with serving(handler) as server:
            error = await _refused(wire.build(server.url), wire.model)
        assert error.retry_after_s == seconds


@pytest.mark.parametrize("adapter", [OllamaProvider, LlamaServerProvider])
async def test_a_gateway_before_a_local_server_is_waited_for_too(adapter):
    """Its headers are OpenAI's."""
    looks = {
        path: look for wire in FAULTY_WIRES if wire.name in ("ollama", "llama.cpp") for path, look in wire.looks.items()
    }
    async with serving(_limited(looks, {"error": "No."}, OF_OPENAI)) as server:
        error = await _refused(adapter(server.url), "toy:latest")
    assert (type(error), error.retry_after_s) == (RateLimitedError, 360.0)
    assert "(HTTP 429): No. Wait 360 s, or choose another model. (Tokens: 0 of 150,000 left" in str(error)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("2m59.56s", 179.56),
        ("1d2h", 93_600.0),
        ("", None),
        ("soon", None),
    ],
)
def test_durations_are_read_as_vendors_write_them(duration, seconds):
    """Groups that are left out are nothing; what is no duration is unknown."""
    assert seconds_of(duration) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("reset", "date", "seconds"),
    [
        ("12", None, 12.0),
        ("1795255230", DATE, 30.0),
        ("2026-11-21T10:00:05Z", None, None),
        ("2026-11-21T09:00:00Z", DATE, 0.0),
        ("nonsense", DATE, None),
        ("1e400", DATE, None),
    ],
)
def test_a_reset_is_measured_from_the_servers_own_clock(reset, date, seconds):
    """A clock of ours that is wrong changes nothing; without the server's, a time is unknown."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset, **({"date": date} if date else {})}
    limits = limits_of(httpx2.Headers(headers))
    assert limits == (RateLimit(of="requests", left=0, reset_s=seconds),)
    assert wait_s(limits) == seconds


def test_no_headers_are_no_limits():
    """Unknown is not zero."""
    assert (limits_of(httpx2.Headers({})), wait_s(())) == ((), None)
