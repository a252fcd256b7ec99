"""Keeping what the editor alone knows of a refactoring: that its edit was applied, or not, and that it was undone.

The events themselves belong to the agent; everything before the outcome is kept where the refactoring runs.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.document import apply_edits
from parley_server.lsp.sending import same_lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from parley_agent.document import Document
    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.requests import RefactorRequest
    from parley_server.lsp import wire
    from parley_server.lsp.applying import Wanted
    from parley_server.lsp.documents import Documents

logger = logging.getLogger(__name__)
MOST_WATCHED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request that ended: its outcome, what was asked, and what was to be applied in the end, if anything."""

    finished: wire.Finished
    request: RefactorRequest
    wanted: Wanted | None


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
        self._keeping: set[asyncio.Task[None]] = set()
        self._watching: list[asyncio.Task[None]] = []

    def ended(self, ended: Ended) -> None:
        """A request has its outcome."""
        if ended.finished.outcome in ("refused", "failed", "explained"):
            return  # the refactoring itself has told
        task = self._group.create_task(self._guarded(self._told(ended)), name=f"parley-keep-{ended.finished.id}")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        if ended.finished.outcome == "applied" and ended.wanted is not None:
            self._watch(ended.request.correlation_id, ended.wanted.request.document, task)

    async def close(self) -> None:
        """Stop watching, and wait until every outcome is kept."""
        for each in self._watching:
            each.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)

    def _watch(self, request_id: str, before: Document, kept: asyncio.Task[None]) -> None:
        watching = self._group.create_task(
            self._guarded(self._undone(request_id, before, kept)), name=f"parley-undo-{request_id}"
        )
        self._watching = [each for each in self._watching if not each.done()]
        self._watching.append(watching)
        if len(self._watching) > MOST_WATCHED:
            self._watching.pop(0).cancel()

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception:
            logger.exception("an outcome is not kept")

    async def _undone(self, request_id: str, before: Document, kept: asyncio.Task[None]) -> None:
        from parley_agent.refactor.events import RefactoringUndone

        async with self._documents.watching(before.uri, lambda text: same_lines(text, before.text)) as undone:
            await asyncio.wait([kept])
            await undone.wait()
        await self._keep(request_id, RefactoringUndone())

    async def _told(self, ended: Ended) -> None:
        from parley_agent.refactor.events import RefactoringApplied, RefactoringFailed, RefactoringNotApplied

        finished, request_id = ended.finished, ended.request.correlation_id
        if ended.wanted is not None and ended.wanted.agreed and ended.wanted.proposed.needs_consent:
            await self._keep(request_id, await asyncio.to_thread(_consent, ended.wanted))
        match finished.outcome:
            case "applied":
                await self._keep(request_id, RefactoringApplied(by="editor"))
            case "cancelled":
                await self._keep(request_id, RefactoringFailed(kind="cancelled", reason=finished.message))
            case outcome:
                await self._keep(request_id, RefactoringNotApplied(outcome=outcome, reason=finished.message))


def _consent(wanted: Wanted) -> RefactoringEvent:
    from parley_agent.refactor.events import ConsentGiven
    from parley_agent.refactor.recording import text_hash

    after = apply_edits(wanted.request.document.text, wanted.proposed.edits)
    return ConsentGiven(result=text_hash(after), by="answer")
