"""A thread with an event loop of its own, where models are asked and answers are checked.

The protocol's loop stays free whatever the work costs: parsing, imports and HTTP happen over there. What the work is
belongs to its callers.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

T = TypeVar("T")
logger = logging.getLogger(__name__)
# Shorter than all of a server's end may take: after work that does not end there is still what was opened to be closed.
_LONGEST_END_S = 3.0


class Worker:
    """Runs coroutines on its own thread's loop; started by the first one, ended by `close`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: Thread | None = None
        self._ready: asyncio.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = asyncio.Queue()
        self._starting = asyncio.Lock()

    async def call(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """What `work()` returns over there; cancelling this cancels that."""
        loop = await self._running()
        future = asyncio.run_coroutine_threadsafe(work(), loop)
        return await asyncio.wrap_future(future)

    async def iterate(self, work: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """The items of `work()` as they come from over there; closing this cancels that and waits for its end."""
        stream = _Stream(work, here=asyncio.get_running_loop(), there=await self._running())
        stream.start()
        try:
            async for item in stream.items():
                yield item
        finally:
            await stream.stop()

    async def close(self, last: Callable[[], Coroutine[object, object, None]] | None = None) -> None:
        """Cancel everything, do `last` over there, and end the thread."""
        if self._thread is None:
            return
        loop = await self._running()
        if last is not None:
            await self.call(last)
        if self._stop is not None:
            loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join)
        self._loop = self._stop = self._thread = None

    async def _running(self) -> asyncio.AbstractEventLoop:
        async with self._starting:
            if self._thread is None:
                here, ready = asyncio.get_running_loop(), self._ready
                self._thread = Thread(target=lambda: asyncio.run(_live(here, ready)), name="parley-worker", daemon=True)
                self._thread.start()
            if self._loop is None:  # whoever started the thread may have given up before it was ready
                self._loop, self._stop = await self._ready.get()
            return self._loop


async def _live(
    here: asyncio.AbstractEventLoop, ready: asyncio.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    """Lives until it is told to stop; `asyncio.run` then cancels and awaits whatever is left."""
    stop = asyncio.Event()
    here.call_soon_threadsafe(ready.put_nowait, (asyncio.get_running_loop(), stop))
    await stop.wait()


class _Stream(Generic[T]):
    """A generator that runs over there, and whose items arrive here."""

    def __init__(
        self,
        work: Callable[[], AsyncGenerator[T, None]],
        *,
        here: asyncio.AbstractEventLoop,
        there: asyncio.AbstractEventLoop,
    ) -> None:
        self._work = work
        self._here = here
        self._there = there
        self._arrived: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        self._there.call_soon_threadsafe(self._start)

    async def items(self) -> AsyncGenerator[T, None]:
        while (item := await self._arrived.get()) is not None:
            yield item[0]
        if self._error is not None:
            raise self._error

    async def stop(self) -> None:
        if self._ended.is_set():
            return
        self._there.call_soon_threadsafe(self._cancel)
        try:
            async with asyncio.timeout(_LONGEST_END_S):
                await self._ended.wait()
        except TimeoutError:
            logger.warning("cancelled work did not end within %s s; going on without it", _LONGEST_END_S)

    def _start(self) -> None:
        self._task = self._there.create_task(self._run())
        self._task.add_done_callback(self._done)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        async with aclosing(self._work()) as items:
            async for item in items:
                self._here.call_soon_threadsafe(self._arrived.put_nowait, (item,))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._error = None if task.cancelled() else task.exception()
        self._here.call_soon_threadsafe(self._arrived.put_nowait, None)
        self._here.call_soon_threadsafe(self._ended.set)
