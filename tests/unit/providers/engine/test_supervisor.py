from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from parley_providers.engine.process import COMMAND, EngineProcess, start_engine
from parley_providers.engine.supervisor import Engine, Surroundings
from parley_providers.errors import DeadlineExceededError, EngineLoadError, NotEnoughMemoryError
from support.toy_engine import FAILING, OBEDIENT, SERVES, SILENT, child, toy_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

PLENTY = 10**12


@asynccontextmanager
async def engine_of(
    command: Sequence[str] = OBEDIENT, *, idle_s: float | None = None, available: int = PLENTY
) -> AsyncGenerator[Engine, None]:
    """An engine that starts `command`, ended afterwards."""
    engine = Engine(idle_s=idle_s, surroundings=Surroundings(available_bytes=lambda: available, command=tuple(command)))
    try:
        yield engine
    finally:
        await engine.aclose()


async def pid_serving(engine: Engine, name: str = "toy") -> int:
    """The process that serves one request."""
    async with engine.serving(toy_spec(name), within_s=60) as serving:
        return serving.process.pid


async def test_nothing_runs_before_the_first_request() -> None:
    """Engines start when they are needed."""
    async with engine_of() as engine:
        assert engine.process is None


async def test_the_second_request_uses_the_engine_of_the_first() -> None:
    """One engine, and only the first request pays for loading."""
    async with (
        engine_of() as engine,
        engine.serving(toy_spec(), within_s=60) as first,
        engine.serving(toy_spec(), within_s=60) as second,
    ):
        assert first.process is second.process
        assert (first.load_ns is not None, second.load_ns) == (True, None)


async def test_two_requests_at_once_start_one_engine() -> None:
    """Whoever comes while it starts waits for it."""
    async with engine_of() as engine:
        async with asyncio.TaskGroup() as group:
            pids = [group.create_task(pid_serving(engine)) for _ in range(3)]
        assert len({task.result() for task in pids}) == 1


async def test_another_model_ends_the_engine_after_its_answers() -> None:
    """Switching waits for the answer under way, then there is one engine again."""
    async with engine_of() as engine:
        order: list[str] = []

        async def other() -> int:
            pid = await pid_serving(engine, "other")
            order.append("other served")
            return pid

        async with asyncio.TaskGroup() as group, engine.serving(toy_spec(), within_s=60) as first:
            switched = group.create_task(other())
            await asyncio.sleep(0)
            order.append("first done")
        assert order == ["first done", "other served"]
        assert await first.process.ended(within_s=0)
        assert engine.process is not None
        assert engine.process.pid == switched.result()


async def test_a_killed_engine_is_started_again_by_the_next_request() -> None:
    """After kill -9 the next request gets a new process."""
    async with engine_of() as engine:
        async with engine.serving(toy_spec(), within_s=60) as first:
            os.kill(first.process.pid, signal.SIGKILL)
            assert await first.process.ended(within_s=60)
        assert await pid_serving(engine) != first.process.pid


async def test_a_killed_engine_tells_how_it_died() -> None:
    """The person reads the signal, and that nothing was changed."""
    async with engine_of() as engine, engine.serving(toy_spec(), within_s=60) as serving:
        os.kill(serving.process.pid, signal.SIGKILL)
        await serving.process.ended(within_s=60)
    assert str(serving.process.crash("answering")) == (
        "The embedded engine died while answering (SIGKILL, perhaps for want of memory). Nothing was changed; the next "
        "request starts it again."
    )


async def test_an_engine_that_cannot_load_tells_its_last_words() -> None:
    """What the engine wrote to its standard error reaches the person, without terminal escapes."""
    async with engine_of(FAILING) as engine:
        with pytest.raises(EngineLoadError, match=r"cannot load toy from .* Its last words: no such\[31m file\."):
            await pid_serving(engine)


async def test_an_engine_that_never_serves_is_given_up_and_ended() -> None:
    """The deadline for loading ends the child."""
    async with engine_of(SILENT) as engine:
        with pytest.raises(DeadlineExceededError, match=r"Loading toy took longer than 0\.05 s"):
            async with engine.serving(toy_spec(), within_s=0.05):
                pytest.fail("it never serves")
    assert [each for each in psutil.Process().children() if each.is_running() and each.cmdline() == list(SILENT)] == []


async def test_cancelling_while_it_loads_ends_the_child_and_the_next_request_starts_anew() -> None:
    """A cancelled start leaves neither a process nor a locked engine."""
    async with engine_of(SILENT) as engine:
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(pid_serving(engine))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            starting.cancel()
        assert starting.cancelled()
        assert engine.process is None


async def test_what_does_not_fit_is_not_started() -> None:
    """Free memory is looked at before the process."""
    async with engine_of(available=1) as engine:
        with pytest.raises(NotEnoughMemoryError):
            await pid_serving(engine)
        assert engine.process is None


async def test_an_engine_that_never_slept_sleeps_once_it_may() -> None:
    """A changed idle time counts for an engine that is idle already; it starts again with the next request."""
    async with engine_of(idle_s=None) as engine:
        async with engine.serving(toy_spec(), within_s=60) as first:
            pass
        engine.set_idle(0.01)
        assert await first.process.ended(60)
        assert await pid_serving(engine) != first.process.pid


async def test_an_engine_that_works_is_not_put_to_sleep_by_a_change() -> None:
    """The idle time begins when its last request ends."""
    async with engine_of(idle_s=None) as engine:
        async with engine.serving(toy_spec(), within_s=60) as first:
            engine.set_idle(0)
            assert engine.process is first.process
        assert await first.process.ended(60)


async def test_an_idle_engine_sleeps_and_the_next_request_wakes_it() -> None:
    """After its idle time the process is gone; a request gets a new one and pays for it."""
    async with engine_of(idle_s=0.01) as engine:
        async with engine.serving(toy_spec(), within_s=60) as first:
            pass
        assert await first.process.ended(within_s=60)
        assert engine.process is None
        async with engine.serving(toy_spec(), within_s=60) as second:
            assert second.process.pid != first.process.pid
            assert second.load_ns is not None


async def test_a_busy_engine_does_not_sleep() -> None:
    """Idle time counts from the end of the last answer."""
    async with engine_of(idle_s=0) as engine, engine.serving(toy_spec(), within_s=60) as first:
        async with engine.serving(toy_spec(), within_s=60):
            pass
        assert not await first.process.ended(within_s=0.05)


async def test_closing_ends_the_child() -> None:
    """After `aclose` no process is left."""
    async with engine_of() as engine:
        pid = await pid_serving(engine)
    assert not psutil.pid_exists(pid)


async def test_the_key_is_not_among_the_arguments() -> None:
    """Whoever lists processes does not see it."""
    async with engine_of() as engine, engine.serving(toy_spec(), within_s=60) as serving:
        arguments = psutil.Process(serving.process.pid).cmdline()
        assert serving.process.api_key not in " ".join(arguments)


async def test_secrets_of_the_environment_stay_with_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine needs nobody's keys."""
    monkeypatch.setenv("SOME_API_KEY", "sk-1")
    async with engine_of() as engine, engine.serving(toy_spec(), within_s=60) as serving:
        assert "SOME_API_KEY" not in psutil.Process(serving.process.pid).environ()


def test_nothing_is_imported_from_the_folder_it_runs_in() -> None:
    """A file called like a module of ours, in whatever folder, is not run."""
    assert COMMAND[:3] == (sys.executable, "-P", "-m")


async def started(program: str) -> EngineProcess:
    return await start_engine(toy_spec(), within_s=60, command=child(program))


async def test_only_the_end_of_what_the_engine_wrote_is_kept() -> None:
    """An engine that writes for ever does not fill our memory."""
    noisy = await started(f"{SERVES}sys.stderr.write('x' * 100_000 + '\\n'); sys.stderr.write('last\\n')")
    await noisy.ended(within_s=60)
    assert str(noisy.crash("answering")).endswith(f"Its last words: {'x' * 400}; last.")


async def test_an_engine_that_nobody_came_to_hear_leaves_no_pipe_open() -> None:
    """Given up while every thread was busy with other work, before one could listen to it."""
    before, busy, loop = set(threading.enumerate()), threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        working = loop.run_in_executor(None, busy.wait)
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(started("import sys; sys.stdin.read()"))
            await asyncio.sleep(0)
            starting.cancel()
        del starting
        busy.set()
        await working
        for thread in set(threading.enumerate()) - before:
            if thread.name == "parley-engine-stderr":
                await asyncio.to_thread(thread.join)
        gc.collect()
    assert [str(each.message) for each in told] == []


async def test_what_an_engine_said_first_is_heard_though_it_is_gone_by_then() -> None:
    """No thread was free to listen before; how it died is told by whatever is asked of it next."""
    before, busy, loop = set(threading.enumerate()), threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    working = loop.run_in_executor(None, busy.wait)
    async with asyncio.TaskGroup() as group:
        starting = group.create_task(started(SERVES))
        await asyncio.sleep(0)
        for thread in set(threading.enumerate()) - before:
            if thread.name == "parley-engine-stderr":
                thread.join()
        busy.set()
    await working
    assert (starting.result().address, starting.result().alive) == ("http://127.0.0.1:9", False)
