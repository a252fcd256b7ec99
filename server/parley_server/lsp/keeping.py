"""Keeping what the editor alone knows of a refactoring: that a yes is waited for, that it was applied, or undone.

The events themselves belong to the agent; everything before the outcome is kept where the refactoring runs.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from parley_server.lsp.sending import same_lines

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from parley_agent.document import Document
    from parley_agent.refactor.events import ConsentAsked, RefactoringEvent
    from parley_agent.refactor.requests import RefactorRequest
    from parley_server.consent_events import Because
    from parley_server.lsp import wire
    from parley_server.lsp.applying import Wanted
    from parley_server.lsp.documents import Documents
    from parley_server.lsp.wire import Outcome

T = TypeVar("T")
Question: TypeAlias = "asyncio.Task[ConsentAsked | None]"
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
        self._keeping: set[asyncio.Task[object]] = set()
        self._asked: dict[str, Question] = {}
        self._watching: list[asyncio.Task[None]] = []

    def asked(self, wanted: Wanted) -> None:
        """The person is asked for their yes; a question that was asked before is taken back."""
        request_id = wanted.request.correlation_id
        self._asked[request_id] = self._begin(request_id, partial(self._question, wanted, self._asked.get(request_id)))

    def ended(self, ended: Ended) -> None:
        """A request has its outcome."""
        request_id = ended.request.correlation_id
        asked = self._asked.pop(request_id, None)
        if asked is None and ended.finished.outcome in _TOLD:
            return
        task = self._begin(request_id, partial(self._told, ended, asked))
        if ended.finished.outcome == "applied" and ended.wanted is not None:
            self._watch(request_id, ended.wanted.request.document, task)

    async def close(self) -> None:
        """Stop watching, and wait until every outcome is kept, and what was undone until now."""
        for each in self._watching:
            each.cancel()
        if self._watching:
            await asyncio.wait(self._watching)
        if self._keeping:
            await asyncio.wait(self._keeping)

    def _begin(self, request_id: str, work: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T | None]:
        task = self._group.create_task(self._guarded(work), name=f"parley-keep-{request_id}")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        return task

    def _watch(self, request_id: str, before: Document, kept: asyncio.Task[object]) -> None:
        watching = self._group.create_task(
            self._guarded(partial(self._undone, request_id, before, kept)), name=f"parley-undo-{request_id}"
        )
        self._watching = [each for each in self._watching if not each.done()]
        self._watching.append(watching)
        if len(self._watching) > MOST_WATCHED:
            self._watching.pop(0).cancel()

    async def _guarded(self, work: Callable[[], Coroutine[None, None, T]]) -> T | None:
        try:
            return await work()
        except Exception:
            logger.exception("an outcome is not kept")
            return None

    async def _undone(self, request_id: str, before: Document, kept: asyncio.Task[object]) -> None:
        from parley_agent.refactor.events import RefactoringUndone

        async def keep() -> None:
            await asyncio.wait([kept])
            await self._keep(request_id, RefactoringUndone())

        async with self._documents.watching(before.uri, lambda text: same_lines(text, before.text)) as undone:
            try:
                await undone.wait()
            finally:
                if undone.is_set():  # also where the editor is closed right behind
                    self._begin(request_id, keep)

    async def _question(self, wanted: Wanted, before: Question | None) -> ConsentAsked:
        from parley_server import consent_events

        request_id = wanted.request.correlation_id
        if before is not None and (taken_back := await before) is not None:
            await self._keep(request_id, consent_events.answered(taken_back, "withdrawn"))
        question = await asyncio.to_thread(consent_events.asked, wanted.request.document, wanted.proposed)
        await self._keep(request_id, question)
        return question

    async def _told(self, ended: Ended, asked: Question | None) -> None:
        from parley_agent.refactor.events import RefactoringApplied, RefactoringFailed, RefactoringNotApplied

        finished, request_id = ended.finished, ended.request.correlation_id
        consent = await _consent(ended, None if asked is None else await asked)
        if consent is not None:
            await self._keep(request_id, consent)
        match finished.outcome:
            case "applied":
                await self._keep(request_id, RefactoringApplied(by="editor"))
            case "cancelled":
                await self._keep(request_id, RefactoringFailed(kind="cancelled", reason=finished.message))
            case outcome if outcome not in _TOLD:
                await self._keep(request_id, RefactoringNotApplied(outcome=outcome, reason=finished.message))


async def _consent(ended: Ended, question: ConsentAsked | None) -> RefactoringEvent | None:
    """What the person said to the question, or without one, by applying what was kept."""
    from parley_server import consent_events

    wanted = ended.wanted
    agreed = wanted is not None and wanted.agreed
    if question is not None:
        because = _BECAUSE.get(ended.finished.outcome, "withdrawn")
        return consent_events.answered(question, None if agreed else because)
    if wanted is None or not agreed or not wanted.proposed.needs_consent:
        return None
    return await asyncio.to_thread(consent_events.given, wanted.request.document, wanted.proposed)


# The refactoring itself has told of these.
_TOLD: tuple[Outcome, ...] = ("refused", "failed", "explained")
_BECAUSE: dict[Outcome, Because] = {"declined": "declined", "diff": "unanswered", "unconfirmed": "unanswered"}
