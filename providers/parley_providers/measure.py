"""Measuring calls: passes a provider's stream through unchanged and hands one `CallRecord` to the observer at its end.

What a record means belongs to `parley_providers.records`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parley_providers.errors import ProviderError, SchemaNotHeldError, may_cost
from parley_providers.records import CallRecord
from parley_providers.requests import (
    FinishReason,
    PartDelta,
    PartStart,
    StreamFinish,
    StreamLimits,
    StreamReading,
    StreamRestarted,
    StreamStart,
    StreamUsage,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from parley_providers.clock import Clock
    from parley_providers.prices import Prices
    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.records import CallObserver, Outcome
    from parley_providers.requests import LLMRequest, StreamEvent
    from parley_providers.route import Route
    from parley_providers.usage import Timings, Usage


_OUTCOMES: Mapping[FinishReason, Outcome] = {
    FinishReason.LENGTH: "length",
    FinishReason.CONTENT_FILTER: "content_filter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What measuring needs from outside: clock, ids, names of machine and process, prices, and who takes records."""

    clock: Clock
    new_id: Callable[[], str]
    observer: CallObserver
    hardware: str | None = None
    prices: Prices | None = None
    session_id: str = ""


async def measured(
    provider: Provider, request: LLMRequest, route: Route, facts: ModelFacts | None, instruments: Instruments
) -> AsyncGenerator[StreamEvent, None]:
    """The provider's events for `request`; one record is observed however the stream ends.

    A reader who leaves after the finish has the whole answer: only one who leaves before it cancelled.

    The route that the provider puts into its events is replaced by `route`, which knows the reason.
    """
    clock = instruments.clock
    sent_ns = clock.monotonic_ns()
    record = CallRecord(
        record_id=instruments.new_id(),
        correlation_id=request.correlation_id,
        started_at=clock.now(),
        task_class=request.task_class,
        provider=provider.name,
        origin=provider.origin,
        model=route.model,
        route_reason=route.reason,
        outcome="cancelled",
        hardware=instruments.hardware,
        session_id=instruments.session_id,
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        constrained=request.json_schema is not None,
    )
    if facts is not None:
        record = _with_facts(record, facts)
    seen = _Seen()
    try:
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                seen.take(event, clock.monotonic_ns() - sent_ns)
                yield replace(event, route=route) if isinstance(event, StreamStart | StreamRestarted) else event
        record = replace(record, outcome=seen.outcome or "truncated")
    except ProviderError as error:
        free = seen.first_event_ns is None and not may_cost(error)
        seen.whole = isinstance(error, SchemaNotHeldError)
        record = replace(record, outcome=error.kind, error=str(error), cost_usd=0.0 if free else None)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        record = replace(record, outcome=seen.outcome or "cancelled")
        raise
    except BaseException as error:
        record = replace(record, outcome="server", error=f"{type(error).__name__}: {error}")
        raise
    finally:
        wall_ns = clock.monotonic_ns() - sent_ns
        record = replace(seen.into(record), origin=provider.origin, wall_ns=wall_ns)
        instruments.observer.observe(_priced(record, instruments.prices))


@dataclass(slots=True)
class _Seen:
    """What the events told so far; `whole`: all that was answered was counted."""

    first_event_ns: int | None = None
    first_visible_ns: int | None = None
    usage: Usage | None = None
    timings: Timings | None = None
    outcome: Outcome | None = None
    whole: bool = False
    _text_parts: frozenset[int] = frozenset()

    def take(self, event: StreamEvent, elapsed_ns: int) -> None:
        match event:
            case StreamStart() | StreamLimits() | StreamReading():
                return
            case PartStart(index=index, kind="text"):
                self._text_parts |= {index}
            case PartDelta(index=index, text=text) if text and index in self._text_parts:
                self.first_visible_ns = self.first_visible_ns if self.first_visible_ns is not None else elapsed_ns
            case StreamUsage(usage=usage, timings=timings):
                self.usage, self.timings = usage, timings
            case StreamFinish(reason=reason):
                self.outcome, self.whole = _OUTCOMES.get(reason, "ok"), True
            case _:
                pass
        if self.first_event_ns is None:
            self.first_event_ns = elapsed_ns

    def into(self, record: CallRecord) -> CallRecord:
        usage = self.usage or record.usage
        return replace(
            record,
            usage=usage if self.whole else usage.broken_off(),
            timings=self.timings or record.timings,
            first_event_ns=self.first_event_ns,
            first_visible_ns=self.first_visible_ns,
        )


def _priced(record: CallRecord, prices: Prices | None) -> CallRecord:
    """With what the call cost, unless that is known already."""
    if prices is None or record.cost_usd is not None:
        return record
    cost_usd = prices.cost_usd(provider=record.provider, origin=record.origin, model=record.model, usage=record.usage)
    return replace(record, cost_usd=cost_usd)


def _with_facts(record: CallRecord, facts: ModelFacts) -> CallRecord:
    return replace(
        record,
        model_digest=facts.digest,
        server_version=facts.server_version,
        window_tokens=facts.window_tokens,
        size_bytes=facts.size_bytes,
        vram_bytes=facts.vram_bytes,
        cold=None if facts.loaded is None else not facts.loaded,
        settings=facts.settings,
    )
