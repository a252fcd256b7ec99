"""Cancelling: how soon the engine's connection is closed, and how soon the engine is free for the next request.

The real engine and the product's own provider; between them a relay that sees when the connection is closed.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, at_most, median, quantile
from parley_providers.messages import user
from parley_providers.requests import LLMRequest, PartDelta
from support.local_models import SMALL, TINY, embedded_provider, obtain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.figures import Context
    from parley_providers.engine.embedded import EmbeddedProvider

DEFAULT_MODEL = "qwen2.5-coder-1.5b"
ENGINES_OWN_BATCH = 2048
PROMPT_WORDS = 430
PREFILL_BEFORE_CANCEL_S = 1.0


async def figures(context: Context) -> AsyncGenerator[Figure, None]:
    """Connection closed within 200 ms (p99) while tokens stream and during prefill; engine free within 3 s."""
    tries = context.samples(100, quick=10)
    obtain(TINY)
    async with _relayed(TINY) as (provider, relay):
        for phase in ("decode", "prefill"):
            context.say(f"{tries} cancels during {phase}")
            closed_ms = [await _cancelled(provider, relay, attempt, phase) for attempt in range(tries)]
            yield Figure(
                name=f"cancel.closed-in-{phase}.p99",
                ours=quantile(closed_ms, 0.99),
                unit="ms",
                goal=at_most(200),
                detail={"tries": tries, "p50": median(closed_ms), "max": max(closed_ms), "model": TINY},
            )
    for model in (SMALL,) if context.quick else (SMALL, DEFAULT_MODEL):
        obtain(model)
        context.say(f"freeing {model} after a cancelled prefill")
        free_s = await _freed(model, tries=context.samples(5, quick=1))
        baseline = None if context.quick or model != SMALL else max(await _freed(model, 1, ENGINES_OWN_BATCH))
        yield Figure(
            name=f"cancel.free-after-prefill.{model}.median",
            ours=median(free_s),
            unit="s",
            goal=at_most(3),
            baseline=baseline,
            baseline_name="" if baseline is None else f"batches of {ENGINES_OWN_BATCH}",
            detail={"tries": len(free_s), "max": max(free_s)},
        )


class Relay:
    """Passes bytes between the provider and the engine, and knows when the provider's side was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self.closed_at = math.nan

    def rearm(self) -> None:
        """Forget the last connection."""
        self.asked.clear()
        self.closed.clear()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        from_engine, to_engine = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(_pump(from_engine, writer))
                while data := await reader.read(65_536):
                    to_engine.write(data)
                    self.asked.set()
                self.closed_at = perf_counter()
                self.closed.set()
                answering.cancel()
        finally:
            to_engine.close()
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _relayed(model: str) -> AsyncGenerator[tuple[EmbeddedProvider, Relay], None]:
    provider = embedded_provider(context_tokens=8192)
    try:
        await provider.complete(_request(model, "Hi", tokens=1))
        process = provider._engine.process
        if process is None:
            raise RuntimeError("the engine did not start")
        relay = Relay(int(process.address.rpartition(":")[2]))
        server = await asyncio.start_server(relay.pass_on, "127.0.0.1", 0)
        async with server:
            process.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            provider._connected = None
            yield provider, relay
    finally:
        await provider.aclose()


async def _cancelled(provider: EmbeddedProvider, relay: Relay, attempt: int, phase: str) -> float:
    """Milliseconds from `task.cancel()` to the connection's end as the engine's side sees it."""
    relay.rearm()
    streaming = asyncio.Event()
    text = "Count to a thousand." if phase == "decode" else _long_prompt(attempt)

    async def ask() -> None:
        async with aclosing(provider.stream(_request(TINY, text, tokens=1_000))) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    streaming.set()

    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ask())
        await (streaming if phase == "decode" else relay.asked).wait()
        began = perf_counter()
        asking.cancel()
    if phase == "prefill" and streaming.is_set():
        raise RuntimeError("the prompt was read before the request was cancelled")
    async with asyncio.timeout(30):
        await relay.closed.wait()
    return (relay.closed_at - began) * 1000


async def _freed(model: str, tries: int, batch_tokens: int | None = None) -> list[float]:
    """Seconds from cancelling a prefill to the first text of another request's answer."""
    provider = embedded_provider(context_tokens=8192)
    if batch_tokens is not None:
        models = tuple(replace(each, batch_tokens=batch_tokens) for each in provider._catalog.models)
        provider._catalog = replace(provider._catalog, models=models)
    try:
        await provider.complete(_request(model, "Hi", tokens=1))
        return [await _free_once(provider, model, attempt) for attempt in range(tries)]
    finally:
        await provider.aclose()


async def _free_once(provider: EmbeddedProvider, model: str, attempt: int) -> float:
    try:
        async with asyncio.timeout(PREFILL_BEFORE_CANCEL_S):
            await provider.complete(_request(model, _long_prompt(attempt), tokens=1))
    except TimeoutError:
        began = perf_counter()
    else:
        raise RuntimeError("the prompt was read before it could be cancelled")
    async with aclosing(provider.stream(_request(model, "Hi", tokens=1))) as events:
        async for event in events:
            if isinstance(event, PartDelta):
                return perf_counter() - began
    raise RuntimeError("the engine gave no text after a cancel")


def _request(model: str, text: str, *, tokens: int) -> LLMRequest:
    return LLMRequest(
        messages=(user(text),), task_class="custom", model=model, max_output_tokens=tokens, temperature=0.0
    )


def _long_prompt(attempt: int) -> str:
    """About 3,000 tokens that no earlier prompt began with, so that nothing is cached."""
    return f"{attempt}. " + " ".join(f"value_{attempt}{index}" for index in range(PROMPT_WORDS))
