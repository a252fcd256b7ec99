"""Keeping what the editor alone knows of a refactoring: that its edit was applied, or not, and that it was undone.

The events themselves belong to the agent; everything before the outcome is kept where the refactoring runs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from parley_server.lsp.applying import same_lines

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from parley_agent.document import Document
    from parley_agent.refactor.events import RefactoringEvent
    from parley_server.lsp import wire
    from parley_server.lsp.documents import Documents

logger = logging.getLogger(__name__)
MOST_WATCHED = 16


class OutcomeKeeper:
    """Tells of outcomes, and watches for undoing.

    Args:
        group: The parent of its tasks.
        documents: The open texts.
        keep: Keeps an event of the refactoring of that id.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        documents: Documents,
        keep: Callable[[str, RefactoringEvent], Awaitable[None]],
    ) -> None:
        self._group = group
        self._documents = documents
        self._keep = keep
        self._running: list[asyncio.Task[None]] = []
        self._closing = False

    def ended(self, finished: wire.Finished, before: Document) -> None:
        """A request about `before` has this outcome."""
        if self._closing:
            return
        task = self._group.create_task(self._guarded(finished, before), name=f"parley-keep-{finished.id}")
        self._running = [each for each in self._running if not each.done()]
        self._running.append(task)
        if len(self._running) > MOST_WATCHED:
            self._running.pop(0).cancel()

    def close(self) -> None:
        """Stop watching."""
        self._closing = True
        for each in self._running:
            each.cancel()

    async def _guarded(self, finished: wire.Finished, before: Document) -> None:
        try:
            await self._kept(finished, before)
        except Exception:
            logger.exception("the outcome of %s is not kept", finished.id)

    async def _kept(self, finished: wire.Finished, before: Document) -> None:
        from parley_agent.refactor.events import (
            RefactoringApplied,
            RefactoringFailed,
            RefactoringNotApplied,
            RefactoringUndone,
        )

        match finished.outcome:
            case "applied":
                async with self._documents.watching(before.uri, lambda text: same_lines(text, before.text)) as undone:
                    await self._keep(finished.id, RefactoringApplied(by="editor"))
                    await undone.wait()
                await self._keep(finished.id, RefactoringUndone())
            case "cancelled":
                await self._keep(finished.id, RefactoringFailed(kind="cancelled", reason=finished.message))
            case "refused" | "failed" | "explained":
                return  # the refactoring itself has told
            case outcome:
                await self._keep(finished.id, RefactoringNotApplied(outcome=outcome, reason=finished.message))
