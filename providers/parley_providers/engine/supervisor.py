"""The one engine of a Parley process: started by the first request, shared, switched, restarted, and put to sleep.

Talking to the engine belongs to `embedded`; the child itself to `process`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.engine.memory import available_bytes, check_memory
from parley_providers.engine.process import COMMAND, ENDED_S, start_engine

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from parley_providers.clock import Clock
    from parley_providers.engine.process import EngineProcess
    from parley_providers.engine.spec import EngineSpec

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an engine takes from outside: free memory, the clock, and the child's command line."""

    available_bytes: Callable[[], int] = available_bytes
    clock: Clock = SYSTEM_CLOCK
    command: Sequence[str] = COMMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An engine that serves now. `load_ns` is how long starting it took, for the request that paid for it."""

    process: EngineProcess
    load_ns: int | None


class Engine:
    """At most one child at a time. All methods belong to one event loop.

    Args:
        idle_s: Seconds without a request after which the child ends; None means never.
        surroundings: Replaced in tests.
    """

    def __init__(self, *, idle_s: float | None, surroundings: Surroundings | None = None) -> None:
        self._idle_s = idle_s
        self._surroundings = surroundings or Surroundings()
        self._lock = asyncio.Lock()
        self._process: EngineProcess | None = None
        self._sleep_timer: asyncio.TimerHandle | None = None

    @property
    def process(self) -> EngineProcess | None:
        """The child that serves now, if one does."""
        return self._process if self._process is not None and self._process.alive else None

    def serves(self, spec: EngineSpec) -> bool:
        """Whether a request with this spec finds its model loaded."""
        return self.process is not None and self.process.spec == spec

    def set_idle(self, idle_s: float | None) -> None:
        """End the child after `idle_s` seconds without a request, an idle one counted from now; None: never."""
        if idle_s == self._idle_s:
            return
        self._idle_s = idle_s
        if self._process is not None and not self._process.users:
            self._await_sleep(self._process)

    @asynccontextmanager
    async def serving(self, spec: EngineSpec, *, within_s: float) -> AsyncGenerator[Serving, None]:
        """An engine that serves `spec` while the block runs; started within `within_s` seconds if there is none.

        A child that serves another spec is ended first, once its answers under way are finished.

        Raises:
            NotEnoughMemoryError: the model does not fit now.
            EngineLoadError: the child cannot load the model.
            EngineCrashedError: the child was killed while it loaded.
            DeadlineExceededError: it took too long.
        """
        async with self._lock:
            load_ns = None
            if not self.serves(spec):
                load_ns = await self._start(spec, within_s)
            process = self._process
            if process is None:
                raise RuntimeError("an engine was started and is gone")
            self._take(process)
        try:
            yield Serving(process=process, load_ns=load_ns)
        finally:
            self._give_back(process)

    async def aclose(self) -> None:
        """End the child, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        self._stay_awake()
        if process is not None:
            process.end()
            await process.ended(ENDED_S)

    async def _start(self, spec: EngineSpec, within_s: float) -> int:
        if self._process is not None:
            if self._process.alive:
                await self._process.unused.wait()
            await self.aclose()
        check_memory(spec, self._surroundings.available_bytes())
        clock = self._surroundings.clock
        began_ns = clock.monotonic_ns()
        self._process = await start_engine(spec, within_s=within_s, command=self._surroundings.command)
        load_ns = clock.monotonic_ns() - began_ns
        _LOG.info("the embedded engine serves %s after %.1f s", spec.name, load_ns / 1e9)
        return load_ns

    def _take(self, process: EngineProcess) -> None:
        self._stay_awake()
        process.users += 1
        process.unused.clear()

    def _give_back(self, process: EngineProcess) -> None:
        process.users -= 1
        if process.users:
            return
        process.unused.set()
        if process is self._process:
            self._await_sleep(process)

    def _await_sleep(self, process: EngineProcess) -> None:
        self._stay_awake()
        if self._idle_s is not None:
            self._sleep_timer = asyncio.get_running_loop().call_later(self._idle_s, self._sleep, process)

    def _stay_awake(self) -> None:
        if self._sleep_timer is not None:
            self._sleep_timer.cancel()
            self._sleep_timer = None

    def _sleep(self, process: EngineProcess) -> None:
        if process is self._process and not process.users:
            _LOG.info("the embedded engine sleeps: no request for %g s", self._idle_s)
            self._process = None
            process.end()
