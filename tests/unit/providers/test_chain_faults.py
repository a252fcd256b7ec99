"""Every fault that a provider can have: what the chain does, what its breaker does, and what the person is told."""

import pytest

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedPiece, says
from parley_providers.breaker import BreakerStatus
from parley_providers.errors import (
    AuthenticationError,
    BadRequestError,
    BreakerOpenError,
    ConnectionFailedError,
    ContentFilteredError,
    ContextWindowError,
    DeadlineExceededError,
    ModelNotFoundError,
    OverloadedError,
    ProviderChainExhaustedError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.requests import StreamFinish, StreamRestarted
from support.chain_bench import REQUEST, Bench, scripted

CLOSED, OPEN, DISABLED = BreakerStatus.CLOSED, BreakerStatus.OPEN, BreakerStatus.DISABLED

# What happened, as adapters map it (their own tests show that): the error, how often this provider is asked, whether
# another is asked then, and where its breaker stands after one request.
FAULTS = [
    ("connection refused", ConnectionFailedError, 3, True, OPEN),
    ("name not resolved", ConnectionFailedError, 3, True, OPEN),
    ("TLS failed", ConnectionFailedError, 3, True, OPEN),
    ("400", BadRequestError, 1, False, CLOSED),
    ("401", AuthenticationError, 1, True, DISABLED),
    ("403", AuthenticationError, 1, True, DISABLED),
    ("404", ModelNotFoundError, 1, True, CLOSED),
    ("408", DeadlineExceededError, 3, True, OPEN),
    ("413", ContextWindowError, 1, True, CLOSED),
    ("429", RateLimitedError, 1, True, OPEN),
    ("quota", QuotaExceededError, 1, True, OPEN),
    ("500", ServerError, 3, True, OPEN),
    ("502", ServerError, 3, True, OPEN),
    ("503", OverloadedError, 3, True, OPEN),
    ("529", OverloadedError, 3, True, OPEN),
    ("hang before the first byte", DeadlineExceededError, 3, True, OPEN),
    ("error in band", ServerError, 3, True, OPEN),
    ("invalid JSON arguments", BadRequestError, 1, False, CLOSED),
    ("context overflow", ContextWindowError, 1, True, CLOSED),
    ("key for another origin", AuthenticationError, 1, True, DISABLED),
    ("refused by the vendor's filter", ContentFilteredError, 1, False, CLOSED),
]
IN_MID_STREAM = [
    ("stall", DeadlineExceededError),
    ("clean early end", StreamTruncatedError),
    ("drop in mid-stream", StreamTruncatedError),
    ("half a tool call", StreamTruncatedError),
    ("error in band", ServerError),
]


class Faulty:
    """Implements what the bench needs of a provider by raising the same error always."""

    def __init__(self, name, error, after=0):
        pieces = tuple(ScriptedPiece(text="half ") for _ in range(after))
        fault = ScriptedFault(kind=error.kind, message="", after_pieces=after)
        self._inner = scripted(name, ScriptedAnswer(pieces=pieces, fault=fault))
        self._error = error

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def stream(self, request):
        try:
            async for event in self._inner.stream(request):
                yield event
        except type(self._error):
            raise self._error from None


@pytest.mark.parametrize(("what", "error", "asked", "others", "status"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_a_fault_before_the_answer(what, error, asked, others, status):
    """Retried, carried to another, or told; and held against the server only where it is the server's."""
    first, second = Faulty("a", error(f"{what} at a")), scripted("b", says("hello"))
    bench = Bench((first, second))
    if others:
        answer = await bench.chain.complete(REQUEST)
        assert (answer.text, answer.route.reason) == ("hello", "fallback")
        assert f"a/script failed: {what} at a" in answer.route.why
    else:
        with pytest.raises(error, match=f"{what} at a"):
            await bench.chain.complete(REQUEST)
        assert second.asked == ()
    assert (len(first.asked), bench.status("a")) == (asked, status)


@pytest.mark.parametrize(("what", "error"), IN_MID_STREAM, ids=[fault[0] for fault in IN_MID_STREAM])
async def test_a_fault_in_the_middle_of_the_answer(what, error):
    """What was shown is declared void each time; the answer is another's, whole, once."""
    first = Faulty("a", error(f"{what} at a"), after=2)
    bench = Bench((first, scripted("b", says("hello"))))
    events = await bench.events()
    assert [event.reason for event in events if isinstance(event, StreamRestarted)] == [f"{what} at a"] * 3
    assert sum(isinstance(event, StreamFinish) for event in events) == 1
    assert bench.status("a") is OPEN


async def test_a_rate_limit_with_a_short_wish_is_waited_for():
    """The same provider answers then: nobody else is bothered."""
    limited = ScriptedAnswer(fault=ScriptedFault(kind="rate_limit", message="429", retry_after_s=2.0), times=1)
    second = scripted("b", says("other"))
    bench = Bench((scripted("a", limited, says("hello")), second))
    assert ((await bench.chain.complete(REQUEST)).text, bench.waits_s, second.asked) == ("hello", [2.25], ())


async def test_a_rate_limit_with_a_wish_is_a_cooldown_as_long_as_the_wish():
    """Until then another is asked at once; after it, the first again."""
    error = RateLimitedError("429 at a", retry_after_s=90.0)
    first = Faulty("a", error)
    bench = Bench((first, scripted("b", says("hello"))))
    await bench.events()
    before = len(first.asked)
    bench.clock.ns += int(60e9)
    await bench.events()
    assert len(first.asked) == before
    bench.clock.ns += int(30e9)
    await bench.events()
    assert len(first.asked) > before


async def test_an_empty_answer_is_an_answer():
    """The model had nothing to say; nobody else is asked to say it."""
    second = scripted("b", says("hello"))
    bench = Bench((scripted("a", ScriptedAnswer()), second))
    assert ((await bench.chain.complete(REQUEST)).text, second.asked, bench.status("a")) == ("", (), CLOSED)


async def test_ten_megabytes_pass_through_as_they_come():
    """In pieces, none of which the chain keeps."""
    piece = ScriptedPiece(text="x" * 10_000)
    bench = Bench((scripted("a", ScriptedAnswer(pieces=(piece,) * 1000)),))
    assert len((await bench.chain.complete(REQUEST)).text) == 10_000_000


async def test_a_wall_clock_that_jumps_neither_opens_nor_closes_a_breaker():
    """Only the monotonic clock counts within a process."""
    bench = Bench((Faulty("a", ServerError("down")),))
    with pytest.raises(ProviderChainExhaustedError):
        await bench.events()
    for jump_days in (-400, 400):
        bench.clock.wall_days = jump_days
        assert bench.status("a") is OPEN
        with pytest.raises(BreakerOpenError, match="is not asked"):
            await bench.events()
