"""Recording beside the work: what happens in a refactoring is written down in order while the refactoring goes on.

A commit to the disk takes longer than most steps of a refactoring, so only its outcome waits: nobody is told one before
all that led to it is stored, unless the store is not even open by then. What is written belongs to `recording`.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Self

from parley_agent.refactor.requests import Explained, Proposed, Refused, Streamed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.recording import Recorder
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest


logger = logging.getLogger(__name__)
OPENING_S = 2.0


class RecordingBehind:
    """Writes in a task of its own while its context is open; leaving it waits for what is unwritten.

    Args:
        opened: The recorder, once its store is open; it writes one event, and takes at most its patience for it.
        opening_s: How long, in seconds, an outcome waits for that; then nothing of the refactoring is kept.
    """

    def __init__(self, opened: Callable[[], Awaitable[Recorder]], *, opening_s: float = OPENING_S) -> None:
        self._opened = opened
        self._opening_s = opening_s
        self._group = asyncio.TaskGroup()
        self._is_open = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._unwritten: asyncio.Queue[Callable[[Recorder], Awaitable[None]] | None] = asyncio.Queue()
        self._streamed: list[RefactorEvent] = []

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._group.__aenter__()
        self._writing = self._group.create_task(self._write(), name="parley-recording")
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Wait until everything is written, however the work ended."""
        try:
            await self._written()
        finally:
            self._unwritten.put_nowait(None)
            if self._writing is not None and not self._is_open.is_set():
                self._writing.cancel()
            # Without the error: a group would wrap it, and its one task ends by itself.
            await self._group.__aexit__(None, None, None)

    def asked(self, request: RefactorRequest) -> None:
        """A person wishes for something."""
        self._unwritten.put_nowait(lambda recorder: recorder.asked(request))

    async def happened(self, event: RefactorEvent) -> None:
        """The refactoring said something; an outcome is written when this returns."""
        self._streamed.append(event)
        if isinstance(event, Streamed):
            return  # with what follows: a wake for each token would slow the stream
        for each in self._streamed:
            self._unwritten.put_nowait(partial(_happened, each))
        self._streamed.clear()
        if isinstance(event, Proposed | Refused | Explained):
            await self._written()

    async def keep(self, event: RefactoringEvent) -> None:
        """Write an event after everything before it; it is written when this returns."""
        self._unwritten.put_nowait(lambda recorder: recorder.keep(event))
        await self._written()

    async def _written(self) -> None:
        """Wait until all is written, or give all of it up if the store is not open in time."""
        if self._writing is None or self._writing.done():
            return
        try:
            async with asyncio.timeout(self._opening_s):
                await self._is_open.wait()
        except TimeoutError:
            logger.warning("this refactoring is not kept: the event store was not open after %g s", self._opening_s)
            self._writing.cancel()
            await asyncio.wait([self._writing])
        else:
            await self._unwritten.join()

    async def _write(self) -> None:
        recorder = await self._opened()
        self._is_open.set()
        while (write := await self._unwritten.get()) is not None:
            await write(recorder)
            self._unwritten.task_done()


async def _happened(event: RefactorEvent, recorder: Recorder) -> None:
    await recorder.happened(event)
