"""The real engine with a real model: llama.cpp's server in a child process, asked through the product's provider."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.collect import collect
from parley_providers.engine.memory import available_bytes
from parley_providers.engine.supervisor import Surroundings
from parley_providers.errors import ContextWindowError, EngineCrashedError, EngineLoadError, NotEnoughMemoryError
from parley_providers.measure import Instruments
from parley_providers.messages import user
from parley_providers.models.catalog import Catalog, load_catalog
from parley_providers.models.store import ModelStore
from parley_providers.requests import LLMRequest, PartDelta, StreamFinish, StreamReading, StreamStart
from parley_providers.routing import Choices, LocalRouter
from support import local_models
from support.local_models import embedded_provider

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.engine.embedded import EmbeddedProvider
    from parley_providers.records import CallRecord


pytestmark = pytest.mark.model

HOST = Path(local_models.__file__).with_name("parley_host.py")


@pytest.fixture
async def embedded() -> AsyncGenerator[EmbeddedProvider, None]:
    provider = embedded_provider()
    yield provider
    await provider.aclose()


def request_for(model: str, text: str = "Count from 1 to 20.", tokens: int = 16) -> LLMRequest:
    return LLMRequest(
        messages=(user(text),), task_class="custom", model=model, max_output_tokens=tokens, temperature=0.0
    )


class Records:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[CallRecord] = []

    def observe(self, record: CallRecord) -> None:
        self.seen.append(record)


def chain_of(provider: EmbeddedProvider, records: Records) -> ProviderChain:
    router = LocalRouter(
        servers=(), embedded=provider, choices=Choices(), available_bytes=available_bytes, advice="none"
    )
    counter = iter(range(100))
    return ProviderChain(
        (provider,), router, Instruments(clock=SYSTEM_CLOCK, new_id=lambda: str(next(counter)), observer=records)
    )


async def test_an_answer_streams_from_a_process_of_our_own(embedded: EmbeddedProvider, tiny_model: str) -> None:
    """Start first, finish last, text between them, with the server's counts and times."""
    async with aclosing(embedded.stream(request_for(tiny_model))) as stream:
        events = [event async for event in stream]
    assert (type(events[0]), type(events[-1])) == (StreamStart, StreamFinish)
    assert "".join(event.text for event in events if isinstance(event, PartDelta)).strip()


async def test_how_far_a_prompt_is_read_is_told_before_the_answer(embedded: EmbeddedProvider, tiny_model: str) -> None:
    """Rising to all of it, in several steps where it is long."""
    text = " ".join(f"word{number}" for number in range(100))
    async with aclosing(embedded.stream(request_for(tiny_model, text, tokens=1))) as stream:
        events = [event async for event in stream]
    reading = [event for event in events if isinstance(event, StreamReading)]
    assert events[1 : 1 + len(reading)] == reading
    assert [each.read_tokens for each in reading] == sorted({each.read_tokens for each in reading})
    assert len(reading) > 2
    assert reading[-1].unread_tokens == 0


async def test_the_record_of_a_cold_call_holds_its_load_and_that_of_a_warm_one_does_not(
    embedded: EmbeddedProvider, tiny_model: str
) -> None:
    """Only the request that started the engine is cold, and only it reports a load time; both carry the digest."""
    records = Records()
    chain = chain_of(embedded, records)
    for _ in range(2):
        await chain.complete(request_for(tiny_model, tokens=4))
    model = load_catalog().get(tiny_model)
    assert [
        (each.outcome, each.cold, each.timings.load_ns is not None, each.model_digest) for each in records.seen
    ] == [
        ("length", True, True, model.sha256),
        ("length", False, False, model.sha256),
    ]
    cold, warm = records.seen
    assert (cold.window_tokens, cold.usage.cached_prompt_tokens) == (4096, 0)
    assert warm.usage.cached_prompt_tokens
    assert cold.usage.prompt_tokens == warm.usage.prompt_tokens
    assert cold.settings == {"n_ctx": 4096, "n_batch": model.batch_tokens, "threads": cold.settings["threads"]}


async def test_a_prompt_beyond_the_window_is_refused_with_both_counts(tiny_model: str) -> None:
    """Nothing is cut in silence."""
    provider = embedded_provider(context_tokens=512)
    try:
        with pytest.raises(ContextWindowError) as raised:
            await provider.complete(request_for(tiny_model, "word " * 2_000))
    finally:
        await provider.aclose()
    assert raised.value.window_tokens == 512
    assert (raised.value.prompt_tokens or 0) > 2_000


async def test_an_answer_under_a_schema_is_json_of_that_schema(embedded: EmbeddedProvider, tiny_model: str) -> None:
    """Even the smallest model keeps to it."""
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 8}},
        "required": ["name"],
        "additionalProperties": False,
    }
    asked = replace(request_for(tiny_model, "Name a colour.", tokens=64), json_schema=schema)
    response = await embedded.complete(asked)
    assert list(json.loads(response.text)) == ["name"]


async def test_an_engine_killed_in_mid_answer_is_told_and_the_next_request_restarts_it(
    embedded: EmbeddedProvider, tiny_model: str
) -> None:
    """Kill -9 while tokens stream: an error in words, then an answer from a new process."""
    stream = embedded.stream(request_for(tiny_model, "Write a long story.", tokens=2_000))
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, PartDelta):
                break
        first = embedded._engine.process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        with pytest.raises(EngineCrashedError, match=r"died while answering \(SIGKILL.* the next request starts it"):
            await collect(events)
    response = await embedded.complete(request_for(tiny_model, tokens=4))
    second = embedded._engine.process
    assert response.text
    assert second is not None
    assert second.pid != first.pid


async def test_a_chain_answers_although_the_engine_was_killed(embedded: EmbeddedProvider, tiny_model: str) -> None:
    """Between two requests the engine dies; the person notices nothing but the time."""
    records = Records()
    chain = chain_of(embedded, records)
    await chain.complete(request_for(tiny_model, tokens=4))
    engine = embedded._engine.process
    assert engine is not None
    os.kill(engine.pid, signal.SIGKILL)
    await engine.ended(within_s=60)
    await chain.complete(request_for(tiny_model, tokens=4))
    assert [(each.outcome, each.cold) for each in records.seen] == [("length", True), ("length", True)]


async def test_cancelling_closes_the_connection_and_the_engine_answers_again(
    embedded: EmbeddedProvider, tiny_model: str
) -> None:
    """A cancelled answer of thousands of tokens does not hold up the next request."""
    began = asyncio.Event()

    async def endless() -> None:
        asked = request_for(tiny_model, "Write a long story.", tokens=3_000)
        async with aclosing(embedded.stream(asked)) as events:
            async for event in events:
                if isinstance(event, PartDelta):
                    began.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(endless())
        await began.wait()
        task.cancel()
    engine = embedded._engine.process
    assert task.cancelled()
    assert engine is not None
    assert engine.users == 0
    assert (await embedded.complete(request_for(tiny_model, tokens=4))).text


async def test_an_idle_engine_gives_its_memory_back_and_wakes(tiny_model: str) -> None:
    """After the idle time the process is gone, and the next request is answered by another."""
    provider = embedded_provider(idle_s=0.01)
    try:
        await provider.complete(request_for(tiny_model, tokens=1))
        facts = [await provider.facts(tiny_model)]
        for child in psutil.Process().children():
            await asyncio.to_thread(psutil.wait_procs, [child], 60)
        facts.append(await provider.facts(tiny_model))
        answer = await provider.complete(request_for(tiny_model, tokens=4))
    finally:
        await provider.aclose()
    assert facts[-1].loaded is False
    assert answer.text


async def test_a_model_that_does_not_fit_is_not_started(tiny_model: str) -> None:
    """The message has both figures; no process was made."""
    provider = embedded_provider(surroundings=Surroundings(available_bytes=lambda: 100_000_000))
    with pytest.raises(NotEnoughMemoryError, match=r"smollm2-135m needs about 0\.\d GB of memory .* 0\.1 GB are free"):
        await provider.complete(request_for(tiny_model))
    assert provider._engine.process is None


async def test_a_damaged_model_is_told_with_the_way_out(tmp_path: Path, tiny_model: str) -> None:
    """Bytes that are no model end in one error, which is not tried again."""
    weights = b"GGUF, but not really"
    model = replace(load_catalog().get(tiny_model), size_bytes=len(weights))
    store = ModelStore(root=tmp_path)
    store.partial(model).write_bytes(weights)
    store.accept(model, store.partial(model))
    provider = embedded_provider()
    provider._catalog, provider._store = Catalog(default=model.name, models=(model,)), store
    try:
        with pytest.raises(EngineLoadError, match=r"cannot load smollm2-135m .* parley models rm smollm2-135m"):
            await provider.complete(request_for(model.name))
    finally:
        await provider.aclose()


async def test_only_the_key_opens_the_engine(embedded: EmbeddedProvider, tiny_model: str) -> None:
    """Another process of this machine that finds the port is refused."""
    await embedded.complete(request_for(tiny_model, tokens=1))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(embedded.origin.rpartition(":")[2]))
    body = b'{"messages":[{"role":"user","content":"Hi"}]}'
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    status = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert status.startswith(b"HTTP/1.1 401")


@asynccontextmanager
async def host(model: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, psutil.Process], None]:
    """A Parley process of its own, and its engine."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HOST), model, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process, psutil.Process(int(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await process.stdout.read()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
async def test_the_engine_goes_with_its_parent(tiny_model: str, by: signal.Signals) -> None:
    """However Parley is killed, no engine is left."""
    async with host(tiny_model) as (parley, engine):
        parley.send_signal(by)
        await parley.wait()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, [engine], 60)
    assert (gone, alive) == ([engine], [])


async def test_two_parleys_have_an_engine_each_and_share_the_weights(tiny_model: str) -> None:
    """Two processes use one model file at a time, on loopback ports of their own; ending one leaves the other."""
    async with host(tiny_model) as (first, its_engine), host(tiny_model) as (second, other_engine):
        listening = [engine.net_connections(kind="tcp")[0].laddr for engine in (its_engine, other_engine)]
        first.kill()
        await first.wait()
        await asyncio.to_thread(psutil.wait_procs, [its_engine], 60)
        still = (second.returncode, other_engine.is_running())
    assert len({address.port for address in listening}) == 2
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert still == (None, True)
