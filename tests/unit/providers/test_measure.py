"""Measuring calls: one record for each, however it ends."""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedFault, ScriptedPiece, ScriptedProvider
from parley_providers.errors import RateLimitedError, SchemaNotHeldError, StreamTruncatedError
from parley_providers.measure import Instruments, measured
from parley_providers.messages import user
from parley_providers.provider import ModelFacts
from parley_providers.records import CallRecord
from parley_providers.requests import (
    FinishReason,
    LLMRequest,
    PartDelta,
    StreamFinish,
    StreamReading,
    StreamStart,
    StreamUsage,
)
from parley_providers.route import Route
from parley_providers.usage import Timings, Usage
from support.streams import seen

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ROUTE = Route(provider="scripted", model="m", reason="configured", why="It is the configured model.")
REQUEST = LLMRequest(
    messages=(user("hi"),),
    task_class="explain",
    max_output_tokens=9,
    temperature=0.5,
    json_schema={},
    correlation_id="c",
)
FACTS = ModelFacts(
    name="m",
    provider="scripted",
    digest="d",
    window_tokens=10,
    loaded=False,
    size_bytes=3,
    vram_bytes=2,
    server_version="v",
    settings={"n": 1},
)


@dataclass
class TickingClock:
    """Each look at it takes a nanosecond."""

    ns: int = 0

    def monotonic_ns(self):
        self.ns += 1
        return self.ns

    def now(self):
        return NOW


@dataclass
class Kept:
    records: list[CallRecord] = field(default_factory=list)

    def observe(self, record):
        self.records.append(record)


def _measured(answer, *, facts=FACTS, request=REQUEST):
    kept = Kept()
    instruments = Instruments(clock=TickingClock(), new_id=lambda: "id", observer=kept, hardware="hw")
    provider = ScriptedProvider([answer], origin="http://there")
    return measured(provider, request, ROUTE, facts, instruments), kept


def _pieces(*texts, kind="text"):
    return tuple(ScriptedPiece(text=text, kind=kind) for text in texts)


async def test_a_whole_call_is_a_record_of_every_phase():
    """The server's counts and durations as they are, ours beside them, the facts of the model."""
    answer = ScriptedAnswer(
        pieces=(*_pieces("hm", kind="reasoning"), *_pieces("a")),
        usage=Usage(prompt_tokens=4),
        timings=Timings(decode_ns=8),
    )
    stream, kept = _measured(answer)
    events, error = await seen(stream)
    assert (error, events[0]) == (None, StreamStart(route=ROUTE))
    assert kept.records == [
        CallRecord(
            record_id="id",
            correlation_id="c",
            started_at=NOW,
            task_class="explain",
            provider="scripted",
            origin="http://there",
            model="m",
            route_reason="configured",
            outcome="ok",
            model_digest="d",
            server_version="v",
            hardware="hw",
            window_tokens=10,
            size_bytes=3,
            vram_bytes=2,
            cold=True,
            max_output_tokens=9,
            temperature=0.5,
            constrained=True,
            settings={"n": 1},
            usage=Usage(prompt_tokens=4),
            timings=Timings(decode_ns=8),
            first_event_ns=2,
            first_visible_ns=6,
            wall_ns=10,
        )
    ]


async def test_what_is_not_known_stays_unknown():
    """No facts, nothing reported, nothing streamed."""
    stream, kept = _measured(ScriptedAnswer(fault=ScriptedFault(kind="server", message="No.")), facts=None)
    await seen(stream)
    (record,) = kept.records
    assert (record.model_digest, record.cold, record.first_event_ns, record.first_visible_ns) == (None,) * 4
    assert (record.usage, record.timings) == (Usage(), Timings())


@pytest.mark.parametrize("loaded", [True, False, None])
async def test_a_model_that_may_be_loaded_or_not_is_neither_cold_nor_warm(loaded):
    """Unknown is not warm."""
    stream, kept = _measured(ScriptedAnswer(), facts=replace(FACTS, loaded=loaded))
    await seen(stream)
    assert kept.records[0].cold is {True: False, False: True, None: None}[loaded]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (FinishReason.STOP, "ok"),
        (FinishReason.LENGTH, "length"),
        (FinishReason.CONTENT_FILTER, "content_filter"),
        (FinishReason.UNKNOWN, "ok"),
    ],
)
async def test_how_an_answer_finished_is_its_outcome(reason, outcome):
    """A length stop and a filter are not plain successes."""
    stream, kept = _measured(ScriptedAnswer(finish=reason))
    await seen(stream)
    assert kept.records[0].outcome == outcome


async def test_an_error_is_the_outcome_with_its_words():
    """The record says what the person was told."""
    stream, kept = _measured(ScriptedAnswer(fault=ScriptedFault(kind="rate_limit", message="Slower.")))
    _, error = await seen(stream)
    assert isinstance(error, RateLimitedError)
    assert (kept.records[0].outcome, kept.records[0].error) == ("rate_limit", "Slower.")


@pytest.mark.parametrize(("last", "outcome"), [(PartDelta, "cancelled"), (StreamFinish, "ok")])
async def test_leaving_before_the_finish_is_cancelling_and_after_it_is_not(last, outcome):
    """A reader who stops at the finish has the whole answer."""
    stream, kept = _measured(ScriptedAnswer(pieces=_pieces("a", "b")))
    async with aclosing(stream):
        async for event in stream:
            if isinstance(event, last):
                break
    assert kept.records[0].outcome == outcome


async def test_a_cancelled_task_leaves_a_record():
    """Cancelled while it waits for the next piece."""
    stream, kept = _measured(ScriptedAnswer(pieces=_pieces("a"), ending="stalled"))
    came = asyncio.Event()

    async def read():
        async with aclosing(stream):
            async for event in stream:
                if isinstance(event, PartDelta):
                    came.set()

    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(read())
        await came.wait()
        reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    assert kept.records[0].outcome == "cancelled"


@dataclass
class Odd(ScriptedProvider):
    """Ends as no provider should."""

    error: Exception | None = None
    name = "odd"
    origin = ""

    async def stream(self, request):
        yield StreamStart(route=ROUTE)
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "outcome", "words"), [(None, "truncated", None), (ValueError("x"), "server", "ValueError: x")]
)
async def test_a_provider_that_breaks_its_promise_is_recorded_too(error, outcome, words):
    """An end without a finish, or an error that is not ours."""
    kept = Kept()
    instruments = Instruments(clock=TickingClock(), new_id=lambda: "id", observer=kept)
    with suppress(ValueError):
        await seen(measured(Odd(error=error), REQUEST, ROUTE, None, instruments))
    assert (kept.records[0].outcome, kept.records[0].error) == (outcome, words)


class EndlesslyReading(ScriptedProvider):
    """Reads, and then is gone."""

    async def stream(self, request):
        yield StreamStart(route=ROUTE)
        yield StreamReading(read_tokens=1, unread_tokens=9)
        raise StreamTruncatedError("It broke off.")


async def test_reading_is_no_answer():
    """The time to the first event is that to the first of the answer."""
    kept = Kept()
    instruments = Instruments(clock=TickingClock(), new_id=lambda: "id", observer=kept)
    await seen(measured(EndlesslyReading(()), REQUEST, ROUTE, None, instruments))
    assert kept.records[0].first_event_ns is None


class BreakingOff(ScriptedProvider):
    """Counts the prompt and, ahead of them, a first token of its answer, as some vendors do; then it breaks off."""

    def __init__(self, error):
        super().__init__((), origin="http://there")
        self.error = error

    async def stream(self, request):
        yield StreamStart(route=ROUTE)
        yield StreamUsage(usage=Usage(prompt_tokens=70, output_tokens=1))
        raise self.error


@pytest.mark.parametrize(
    ("error", "output_tokens"), [(StreamTruncatedError("It broke off."), None), (SchemaNotHeldError("No."), 1)]
)
async def test_how_much_was_said_of_an_answer_without_an_end_is_unknown(error, output_tokens):
    """So is its cost, whatever was counted when it began; answers that ended and were of no use were counted."""
    kept = Kept()
    instruments = Instruments(clock=TickingClock(), new_id=lambda: "id", observer=kept, hardware="hw")
    await seen(measured(BreakingOff(error), REQUEST, ROUTE, FACTS, instruments))
    assert kept.records[0].usage == Usage(prompt_tokens=70, output_tokens=output_tokens)
