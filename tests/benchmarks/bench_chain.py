"""What the chain adds to a provider: for a request, for an event of its stream, and with many streams at once.

A provider that answers from memory is asked directly and through a chain, in turn, so that a noisy machine disturbs
both alike. The chain measures, guards and prices each call, as in the product.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from contextlib import aclosing
from itertools import count, product
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, at_most, median, quantile
from parley_providers.adapters.scripted import ScriptedAnswer, ScriptedPiece, ScriptedProvider
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.measure import Instruments
from parley_providers.messages import user
from parley_providers.prices import Prices
from parley_providers.requests import LLMRequest
from parley_providers.route import FixedRouter, Route

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.figures import Context
    from parley_providers.provider import Provider
    from parley_providers.records import CallRecord

STREAMS = 200
EVENTS = 1_000


async def figures(context: Context) -> AsyncGenerator[Figure, None]:
    """Overhead for a request at most 0.3 ms and for an event 20 µs; the same with 200 streams as with one."""
    short, long = _Pair(pieces=1), _Pair(pieces=EVENTS)
    added_ms = await _added_ms(short, context.samples(2_000, quick=200), streams=1)
    yield Figure(
        name="chain.request.p50",
        ours=median(added_ms),
        unit="ms",
        goal=at_most(0.3),
        detail={"requests": len(added_ms), "p90": quantile(added_ms, 0.9)},
    )
    rounds = context.samples(30, quick=3)
    one_us = [each * 1000 / EVENTS for each in await _added_ms(long, rounds, streams=1)]
    yield Figure(
        name="chain.event.median",
        ours=median(one_us),
        unit="µs",
        goal=at_most(20),
        detail={"rounds": rounds, "events_a_round": EVENTS, "p90": quantile(one_us, 0.9)},
    )
    context.say(f"{STREAMS} streams at once")
    many_rounds = context.samples(5, quick=1)
    at_once_us, in_turn_us = await _least_added_us(_Pair(pieces=EVENTS // 2), many_rounds)
    yield Figure(
        name="chain.event-of-200-streams.least",
        ours=at_once_us,
        unit="µs",
        goal=at_most(1.5, of="ratio"),
        baseline=in_turn_us,
        baseline_name="the same in turn",
        detail={"rounds": many_rounds, "streams": STREAMS, "events_a_stream": EVENTS // 2},
    )
    yield Figure(
        name="chain.memory-of-200-streams.each",
        ours=await _peak_kib(long.chain, STREAMS) / STREAMS,
        unit="KiB",
        goal=at_most(1.5, of="ratio"),
        baseline=await _peak_kib(long.chain, 1),
        baseline_name="one stream",
        detail={"streams": STREAMS, "events_a_stream": EVENTS},
    )


class _Pair:
    """A provider whose answers have so many pieces, and a chain over it."""

    def __init__(self, pieces: int) -> None:
        answer = ScriptedAnswer(pieces=(ScriptedPiece(text="token "),) * pieces)
        route = Route(provider="scripted", model="script", reason="configured", why="It is configured.")
        ids = count()
        self.direct = ScriptedProvider((answer,))
        self.chain = ProviderChain(
            (ScriptedProvider((answer,)),),
            FixedRouter(route),
            Instruments(clock=SYSTEM_CLOCK, new_id=lambda: str(next(ids)), observer=_Forgetting(), prices=Prices()),
        )


class _Forgetting:
    def observe(self, record: CallRecord) -> None:
        """Keep nothing: writing is the store's, on a thread of its own."""


async def _added_ms(pair: _Pair, rounds: int, *, streams: int) -> list[float]:
    """What the chain takes longer than its provider alone, round by round, each first in every other one."""
    added = []
    await _read(pair.direct, streams)
    await _read(pair.chain, streams)
    for number in range(rounds):
        if number % 2:
            alone, through = await _read(pair.direct, streams), await _read(pair.chain, streams)
        else:
            through, alone = await _read(pair.chain, streams), await _read(pair.direct, streams)
        added.append(through - alone)
    return added


async def _least_added_us(pair: _Pair, rounds: int) -> tuple[float, float]:
    """What the chain adds to an event where all streams run at once, and where the same ones run in turn.

    Each way is measured once a round, and its least disturbed round counts: what other processes do only adds.
    """
    ways: dict[tuple[bool, bool], list[float]] = {way: [] for way in product((False, True), repeat=2)}
    for _ in range(rounds):
        for (through, at_once), taken_ms in ways.items():
            provider = pair.chain if through else pair.direct
            if at_once:
                taken_ms.append(await _read(provider, STREAMS))
            else:
                taken_ms.append(sum([await _read(provider, 1) for _ in range(STREAMS)]))
    events = STREAMS * EVENTS // 2
    at_once_us, in_turn_us = (
        (min(ways[True, at_once]) - min(ways[False, at_once])) * 1000 / events for at_once in (True, False)
    )
    return at_once_us, in_turn_us


async def _read(provider: Provider, streams: int) -> float:
    """Milliseconds of the processor to read so many streams at once to their ends: nothing here waits for anything."""
    began_ns = time.process_time_ns()
    async with asyncio.TaskGroup() as group:
        for _ in range(streams):
            group.create_task(_read_one(provider))
    return (time.process_time_ns() - began_ns) / 1e6


async def _read_one(provider: Provider) -> None:
    request = LLMRequest(messages=(user("Hello"),), task_class="custom", model="script")
    async with aclosing(provider.stream(request)) as events:
        async for _ in events:
            pass


async def _peak_kib(provider: Provider, streams: int) -> float:
    """The most memory that reading so many streams at once takes, above what was taken before."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await _read(provider, streams)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (peak - before) / 1024
