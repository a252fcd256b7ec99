"""Recording beside the work: what happens in a refactoring is written down in order while the refactoring goes on.

A commit to the disk takes longer than most steps of a refactoring, so only its outcome waits: nobody is told one before
all that led to it is stored. What is written belongs to `recording`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Self

from parley_agent.refactor.requests import Explained, Proposed, Refused, Streamed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.recording import Recorder
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest


class RecordingBehind:
    """Writes with `recorder`, in a task of its own while its context is open; leaving it waits for what is unwritten.

    Args:
        recorder: Writes one event, and takes at most its patience for it.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._group = asyncio.TaskGroup()
        self._unwritten: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._streamed: list[RefactorEvent] = []

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._group.__aenter__()
        self._group.create_task(self._write(), name="parley-recording")
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Wait until everything is written, however the work ended."""
        self._unwritten.put_nowait(None)
        # Without the error: a group would wrap it, and its one task ends by itself.
        await self._group.__aexit__(None, None, None)

    def asked(self, request: RefactorRequest) -> None:
        """A person wishes for something."""
        self._unwritten.put_nowait(partial(self._recorder.asked, request))

    async def happened(self, event: RefactorEvent) -> None:
        """The refactoring said something; an outcome is written when this returns."""
        self._streamed.append(event)
        if isinstance(event, Streamed):
            return  # with what follows: a wake for each token would slow the stream
        for each in self._streamed:
            self._unwritten.put_nowait(partial(self._recorder.happened, each))
        self._streamed.clear()
        if isinstance(event, Proposed | Refused | Explained):
            await self._unwritten.join()

    async def keep(self, event: RefactoringEvent) -> None:
        """Write an event after everything before it; it is written when this returns."""
        self._unwritten.put_nowait(partial(self._recorder.keep, event))
        await self._unwritten.join()

    async def _write(self) -> None:
        while (write := await self._unwritten.get()) is not None:
            await write()
            self._unwritten.task_done()
