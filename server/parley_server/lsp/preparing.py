"""Reads texts ahead in a thread, when they are opened and when typing pauses, so that code actions find them read.

What reading one means belongs to the services. It goes step by step, each asked for from here: the loop has its turn
after each, code actions need not wait for the last, and what is overtaken by the next change is left.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from parley_agent.document import Document
    from parley_server.lsp.documents import Documents, OpenDocument

logger = logging.getLogger(__name__)
# A key that is held down repeats every 33 ms: reading meanwhile would be in vain, and in the way of what is typed.
PAUSE_S = 0.035
_END = object()


class Preparing:
    """Reads one text at a time: the one that was opened or changed last.

    Args:
        group: The parent of its task.
        documents: The open texts.
        read: Begins to read one; a step at each item.
        aside: Does a step elsewhere, one at a time.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        documents: Documents,
        read: Callable[[Document], Generator[None, None, None]],
        aside: Callable[[Callable[[], object]], Awaitable[object]],
    ) -> None:
        self._group = group
        self._documents = documents
        self._read = read
        self._aside = aside
        self._wanted: str | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def opened(self, uri: str) -> None:
        """The text of `uri` is there: it is read at once."""
        self._wanted = uri
        if not self._closed and (self._task is None or self._task.done()):
            self._task = self._group.create_task(self._run(), name="parley-preparing")

    def changed(self, uri: str) -> None:
        """The text of `uri` is another: it is read when nothing has changed for `PAUSE_S` seconds."""
        self._wanted = None
        self._end_pause()
        if not self._closed:
            self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self.opened, uri)

    def close(self) -> None:
        """Read nothing more."""
        self._closed = True
        self._end_pause()
        if self._task is not None:
            self._task.cancel()

    def _end_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()

    async def _run(self) -> None:
        while self._wanted is not None:
            document = self._documents.get(self._wanted)
            self._wanted = None
            if document is None:
                continue
            try:
                await self._read_on(document)
            except Exception:
                # Reading ahead is a favour: what it trips over is told to whoever asks.
                logger.exception("%s could not be read ahead", document.uri)

    async def _read_on(self, document: OpenDocument) -> None:
        snapshot = document.snapshot()
        steps = self._read(snapshot)
        while await self._aside(partial(next, steps, _END)) is not _END:
            opened = self._documents.get(snapshot.uri)
            if opened is None or opened.text is not snapshot.text:
                # What was read so far is freed where it was read: that takes a while, too.
                await self._aside(steps.close)
                return
