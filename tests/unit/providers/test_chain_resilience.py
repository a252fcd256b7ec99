"""What the chain does when a provider fails: retry, ask another, tell, or give up with every reason."""

import asyncio
import threading
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedPiece, ScriptedProvider, says
from parley_providers.breaker import BreakerKey, Breakers, BreakerStatus, StoredBreaker
from parley_providers.chain import ProviderChain
from parley_providers.errors import (
    BadRequestError,
    ConnectDeadlineExceededError,
    ContentFilteredError,
    DeadlineExceededError,
    NoModelError,
    ProviderChainExhaustedError,
    ProviderError,
    SchemaNotHeldError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.messages import user
from parley_providers.requests import (
    Deadlines,
    LLMRequest,
    PartDelta,
    StreamFinish,
    StreamRestarted,
    StreamStart,
    StreamUsage,
)
from parley_providers.route import Route
from parley_providers.spending import Limits, worst_case
from parley_providers.usage import Usage
from support.chain_bench import API, PRICES, REQUEST, Bench, ManualClock, fails, scripted
from support.streams import seen

WORST_USD = PRICES.cost_usd(provider="paid", origin=API, model="script", usage=worst_case(REQUEST))


class Silent(ScriptedProvider):
    """Says nothing for ever, or fails before it says anything."""

    def __init__(self, error=None):
        super().__init__((), name="paid", origin=API)
        self.error = error
        self.asked_now = asyncio.Event()

    async def stream(self, request):
        self.asked_now.set()
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()
        yield


@dataclass
class Remembered:
    """A store in which the breaker of `a` is still open."""

    clock: ManualClock

    def load(self):
        until = self.clock.now() + timedelta(minutes=1)
        open_still = {"status": BreakerStatus.OPEN, "failures": 3, "openings": 1, "reason": "It was down."}
        return (StoredBreaker(key=BreakerKey(provider="a", origin="", model="script"), until=until, **open_still),)

    def save(self, breaker):
        """Nothing is kept."""


@dataclass
class HealthyFirst:
    """Routes to whomever the breakers let through, and then to the others."""

    breakers: Breakers

    async def routes(self, request):
        def sick(name):
            return not self.breakers.admits(BreakerKey(provider=name, origin="", model="script"))

        names = sorted(("a", "b"), key=sick)
        return tuple(Route(provider=name, model="script", reason="configured", why="So.") for name in names)


class BookForTwo:
    """A ledger in which everything fits, once two want to enter something."""

    def __init__(self):
        self.both = threading.Barrier(2, timeout=30)

    def set_aside(self, claim):
        self.both.wait()

    def release(self, reservation_id):
        """Nothing is kept."""


async def test_a_passing_fault_is_retried_at_the_same_provider_in_silence():
    """Nothing was streamed yet, so the reader sees one start only, and each attempt is a record."""
    bench = Bench((scripted("a", fails("server", times=1), says("hello")),))
    events = await bench.events()
    assert [type(event) for event in events if isinstance(event, StreamStart | StreamRestarted)] == [StreamStart]
    assert bench.waits_s == [0.25]
    assert [record.outcome for record in bench.kept.records] == ["server", "ok"]


async def test_the_next_provider_answers_when_the_first_keeps_failing():
    """After three attempts; the route says that it is a fallback and why."""
    bench = Bench((scripted("a", fails("server")), scripted("b", says("hello"))))
    answer = await bench.chain.complete(REQUEST)
    assert (answer.text, answer.route.provider, answer.route.reason) == ("hello", "b", "fallback")
    assert answer.route.why == "a/script failed: server it was. It is configured."
    assert [record.provider for record in bench.kept.records] == ["a", "a", "a", "b"]
    assert bench.kept.records[-1].route_reason == "fallback"


@pytest.mark.parametrize("kind", ["auth", "quota", "not_found", "context_window"])
async def test_what_waiting_cannot_mend_goes_to_another_at_once(kind):
    """No retry at the provider that said no."""
    bench = Bench((scripted("a", fails(kind)), scripted("b", says("hello"))))
    assert (await bench.chain.complete(REQUEST)).route.provider == "b"
    assert bench.waits_s == []


@pytest.mark.parametrize(
    ("kind", "error"), [("bad_request", BadRequestError), ("content_filter", ContentFilteredError)]
)
async def test_the_requests_own_fault_is_not_carried_to_another(kind, error):
    """Nobody else is asked."""
    second = scripted("b", says("hello"))
    with pytest.raises(error, match="it was"):
        await Bench((scripted("a", fails(kind)), second)).events()
    assert second.asked == ()


async def test_a_restart_after_visible_text_is_announced():
    """What was shown is void, and the reader is told, with the reason."""
    bench = Bench((scripted("a", fails("truncated", after_pieces=2)), scripted("b", says("hello"))))
    events = await bench.events()
    restarts = [event for event in events if isinstance(event, StreamRestarted)]
    assert [restart.reason for restart in restarts] == ["truncated it was"] * 3
    assert restarts[-1].route.provider == "b"
    last = events.index(restarts[-1])
    assert "".join(event.text for event in events[last:] if isinstance(event, PartDelta)) == "hello"
    assert isinstance(events[-1], StreamFinish)


async def test_the_persons_own_deadlines_go_before_a_requests():
    """They know their machine."""
    stalled = ScriptedAnswer(pieces=(ScriptedPiece(text="hm"),), ending="stalled")
    bench = Bench((scripted("a", stalled),), failures_to_open=1)
    bench.resilience.deadlines = Deadlines(idle_s=0.05)
    with pytest.raises(DeadlineExceededError, match="longer than the request allows"):
        await bench.events(replace(REQUEST, deadlines=Deadlines(idle_s=600)))


async def test_a_retry_after_is_waited_for_and_an_absurd_one_is_not():
    """60 s is the most that a person waits for a server's wish."""
    bench = Bench((scripted("a", fails("server", times=1, retry_after_s=5.0), says("hello")),))
    await bench.events()
    assert bench.waits_s == [5.25]
    impatient = Bench((scripted("a", fails("server", retry_after_s=3600.0)), scripted("b", says("hello"))))
    assert (await impatient.chain.complete(REQUEST)).route.provider == "b"
    assert impatient.waits_s == []


async def test_when_everyone_failed_every_reason_is_told():
    """The error lists each attempt in order, in words."""
    bench = Bench((scripted("a", fails("auth")), scripted("b", fails("not_found"))))
    with pytest.raises(ProviderChainExhaustedError) as caught:
        await bench.events()
    assert [attempt.route.provider for attempt in caught.value.attempts] == ["a", "b"]
    assert str(caught.value) == (
        "No model could answer; 2 attempts failed:\n  a/script: auth it was\n  b/script: not_found it was"
    )


async def test_what_failed_in_the_same_way_again_is_told_once():
    """With how often."""
    with pytest.raises(ProviderChainExhaustedError) as caught:
        await Bench((scripted("a", fails("server")),)).events()
    assert str(caught.value) == "No model could answer; 3 attempts failed:\n  a/script: server it was (3 times)"


async def test_two_requests_that_wait_for_the_book_send_one_probe():
    """Both might have been let through when they came; setting money aside takes a while."""
    stalled = ScriptedAnswer(pieces=(ScriptedPiece(text="hm"),), ending="stalled")
    bench = Bench((scripted("paid", fails("server", times=3), stalled, origin=API),), limits=Limits(day_usd=9e9))
    with pytest.raises(ProviderChainExhaustedError):
        await bench.events()
    bench.clock.ns += int(15e9)
    bench.spending.ledger = BookForTwo()
    async with asyncio.TaskGroup() as group:
        asked = {group.create_task(seen(bench.chain.stream(REQUEST))) for _ in range(2)}
        (refused,), (probe,) = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        probe.cancel()
    _, told = refused.result()
    assert str(told).startswith("paid/script is not asked while one request tries whether it is back")


async def test_a_single_failed_attempt_keeps_its_own_type():
    """So that a caller can shorten a prompt that was too long."""
    with pytest.raises(ProviderError, match="context_window it was") as caught:
        await Bench((scripted("a", fails("context_window")),)).events()
    assert caught.value.kind == "context_window"


async def test_an_open_breaker_is_passed_over_and_told():
    """The provider is not asked at all, and the message tells its last failure."""
    first = scripted("a", fails("server"))
    bench = Bench((first, scripted("b", fails("auth"))))
    with pytest.raises(ProviderChainExhaustedError):
        await bench.events()
    assert bench.status("a") is BreakerStatus.OPEN
    asked = len(first.asked)
    with pytest.raises(
        ProviderChainExhaustedError, match=r"a/script is not asked for another 15 s, since it failed: server it was"
    ):
        await bench.events()
    assert len(first.asked) == asked


async def test_routes_are_told_as_they_will_be_taken_when_a_breaker_was_open_before_the_start():
    """What a process before this one learnt counts when it is asked who would serve, too."""
    bench = Bench((scripted("a", says("one")), scripted("b", says("two"))))
    bench.breakers.store = Remembered(bench.clock)
    chain = ProviderChain(bench.providers, HealthyFirst(bench.breakers), bench.instruments, bench.resilience)
    told = [route.provider for route in await chain.routes(REQUEST)]
    assert (told, (await chain.complete(REQUEST)).route.provider) == (["b", "a"], "b")


async def test_closing_the_stream_leaves_the_breaker_as_it_was():
    """Cancelling is neither a success nor a failure, and the half-open probe's place is free again."""
    bench = Bench((scripted("a", says("one\ntwo\n")),), failures_to_open=1)
    bench.breakers.failed(BreakerKey(provider="a", origin="", model="script"), ServerError("down"))
    bench.clock.ns += int(1e12)
    stream = bench.chain.stream(REQUEST)
    await anext(stream)
    assert not bench.breakers.admits(BreakerKey(provider="a", origin="", model="script"))
    await stream.aclose()
    assert bench.breakers.admits(BreakerKey(provider="a", origin="", model="script"))
    assert bench.kept.records[-1].outcome == "cancelled"


async def test_a_request_bound_to_this_machine_never_falls_back_off_it():
    """Nor is it sent when every route leads away."""
    away = scripted("b", says("hello"), origin="https://api.example.com")
    bound = LLMRequest(messages=(user("secret"),), task_class="explain", loopback_only=True)
    with pytest.raises(ProviderError, match="auth it was"):
        await Bench((scripted("a", fails("auth")), away)).events(bound)
    with pytest.raises(NoModelError, match="Nothing was sent"):
        await Bench((away,)).events(bound)
    assert away.asked == ()


async def test_what_could_pass_the_budget_is_not_sent_and_another_is_asked():
    """The worst case of 1,024 tokens out costs a dollar there."""
    paid = scripted("paid", says("dear"), origin=API)
    bench = Bench((paid, scripted("free", says("cheap"))), limits=Limits(session_usd=0.5))
    answer = await bench.chain.complete(REQUEST)
    assert (answer.text, paid.asked) == ("cheap", ())
    assert "nothing was sent" in answer.route.why


async def test_a_call_costs_what_it_used_and_a_failed_start_costs_nothing():
    """The reservation is settled, and the record has the cost."""
    used = Usage(prompt_tokens=10, output_tokens=20)
    answer = ScriptedAnswer(pieces=(ScriptedPiece(text="dear"),), usage=used)
    paid = scripted("paid", fails("server", times=1), answer, origin=API)
    bench = Bench((paid,), limits=Limits(session_usd=5.0))
    await bench.events()
    assert bench.spending.session_usd == pytest.approx(0.03)
    assert [record.cost_usd for record in bench.kept.records] == [0.0, pytest.approx(0.03)]


@pytest.mark.parametrize(
    ("error", "costs"),
    [
        (ServerError("500"), 0.0),
        (ConnectDeadlineExceededError("nobody came to the door"), 0.0),
        (DeadlineExceededError("no first token"), WORST_USD),
    ],
)
async def test_a_call_that_may_have_been_begun_counts_as_its_worst_case(error, costs):
    """Who refuses takes no money; whether one that was only late does, nobody can tell."""
    bench = Bench((Silent(error),), limits=Limits(session_usd=500.0), failures_to_open=1)
    with pytest.raises(type(error)):
        await bench.events()
    assert bench.spending.session_usd == pytest.approx(costs)


async def test_a_call_that_is_given_up_before_its_first_token_counts_as_its_worst_case():
    """It was sent, and was being answered for all that is known."""
    provider = Silent()
    bench = Bench((provider,), limits=Limits(session_usd=500.0))
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(bench.events())
        await provider.asked_now.wait()
        asked.cancel()
    assert bench.spending.session_usd == pytest.approx(WORST_USD)


class BreakingOff(ScriptedProvider):
    """Counts its prompt and one token of its answer when it begins, as some vendors do, and never ends it."""

    def __init__(self, error):
        super().__init__((), name="paid", origin=API)
        self.error = error

    async def stream(self, request):
        yield StreamStart(route=Route(provider="paid", model="script", reason="configured", why="So."))
        yield StreamUsage(usage=Usage(prompt_tokens=1, output_tokens=1))
        raise self.error


@pytest.mark.parametrize(
    ("error", "costs"), [(StreamTruncatedError("half"), WORST_USD), (SchemaNotHeldError("twice"), 0.002)]
)
async def test_an_answer_without_an_end_counts_as_its_worst_case(error, costs):
    """What was counted when it began says nothing of how much came; one that ended and was refused is counted."""
    bench = Bench((BreakingOff(error),), limits=Limits(session_usd=500.0), failures_to_open=1)
    with pytest.raises(type(error)):
        await bench.events()
    assert bench.spending.session_usd == pytest.approx(costs)


async def test_retries_stop_when_the_budget_is_spent():
    """A provider that is down is asked about once a request, not three times."""
    bench = Bench((scripted("a", fails("server")), scripted("b", says("hello"))), failures_to_open=10_000)
    for _ in range(100):
        await bench.events()
    assert len(bench.kept.records) == 100 + 100 + len(bench.waits_s)
    assert len(bench.waits_s) <= 20


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    faults=st.lists(st.sampled_from([None, None, "server", "rate_limit", "truncated", "auth"]), min_size=1, max_size=40)
)
def test_every_request_ends_exactly_once(faults):
    """With an answer or an error, never with two, however the first provider fares."""

    async def run() -> None:
        answers = [says("one", times=1) if kind is None else fails(kind, times=1) for kind in faults]
        bench = Bench((scripted("a", *answers, says("one")), scripted("b", says("two"))))
        for _ in faults:
            events = await bench.events()
            assert sum(isinstance(event, StreamFinish) for event in events) == 1
        assert sum(record.outcome == "ok" for record in bench.kept.records) == len(faults)

    asyncio.run(run())
