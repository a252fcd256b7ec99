"""Reads texts ahead in a thread, when they are opened and when typing pauses, so that code actions find them read.

What reading one means belongs to the services. Texts that are overtaken by the next change are left out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.document import Document
    from parley_server.lsp.documents import Documents

logger = logging.getLogger(__name__)
# A key that is held down repeats every 33 ms: reading meanwhile would be in vain, and in the way of what is typed.
PAUSE_S = 0.035


class Preparing:
    """Reads one text at a time: the one that was opened or changed last.

    Args:
        group: The parent of its task.
        documents: The open texts.
        read: Reads one, elsewhere.
    """

    def __init__(
        self, group: asyncio.TaskGroup, documents: Documents, read: Callable[[Document], Awaitable[None]]
    ) -> None:
        self._group = group
        self._documents = documents
        self._read = read
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
                await self._read(document.snapshot())
            except Exception:
                # Reading ahead is a favour: what it trips over is told to whoever asks.
                logger.exception("%s could not be read ahead", document.uri)
