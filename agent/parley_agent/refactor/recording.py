"""Writing a refactoring down while it happens, without ever standing in its way.

What cannot be stored is told once and left out: a lost event may not lose an answer. Where events are stored is decided
elsewhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING

from parley_agent.document import apply_edits
from parley_agent.refactor import events as kept
from parley_agent.refactor import requests as told
from parley_events.errors import EventStoreError
from parley_events.events import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_agent.document import TextEdit
    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_events.store import EventStore

logger = logging.getLogger(__name__)
PATIENCE_S = 2.0


class Recorder:
    """Keeps what happens in one refactoring.

    What follows at once upon something else is stored together with it, in one commit: the wish, the question and its
    route before the model works; its answer with what became of it.

    Args:
        store: Where to; None keeps nothing.
        correlation_id: The refactoring's id.
        given_up: Is called with it when the rest cannot be kept.
    """

    def __init__(
        self,
        store: EventStore | None,
        correlation_id: str,
        given_up: Callable[[str], object] = lambda _correlation_id: None,
    ) -> None:
        self._store = store
        self._id = correlation_id
        self._given_up = given_up
        self._answer: list[str] = []
        self._text = ""
        self._held: list[RefactoringEvent] = []

    async def asked(self, request: RefactorRequest) -> None:
        """A person wishes for something."""
        self._text = request.document.text
        text = await self._blob(request.document.text)
        self._held.append(
            kept.RefactoringAsked(
                uri=request.document.uri,
                language=request.document.language,
                text=text,
                selection_start=request.selection.start,
                selection_end=request.selection.end,
                task=None if request.task is None else request.task.value,
                instruction=request.instruction,
                model=request.model,
            )
        )

    async def happened(self, event: RefactorEvent) -> None:
        """The refactoring said something."""
        match event:
            case told.Streamed(text=text):
                self._answer.append(text)
            case told.Restarted(reason=reason):
                self._answer.clear()
                await self.keep(kept.FellBack(reason=reason))
            case told.Answered():
                await self._answered(event)
            case told.Proposed():
                await self._proposed(event)
            case told.Asked():
                self._held.append(_plain(event))
            case told.Waiting() | told.Reading():
                pass  # it passes, and decides nothing
            case told.Explained(text=text):
                await self.keep(kept.CodeExplained(text=await self._blob(text)))
            case _:
                await self.keep(_plain(event))

    async def rebased(self, rebased: told.Rebased) -> None:
        """The proposal is for another text now."""
        text, proposed = rebased.request.document.text, rebased.proposed
        await self.keep(
            kept.RefactoringRebased(
                text=await self._blob(text),
                edits=tuple(map(_kept_edit, proposed.edits)),
                result=text_hash(apply_edits(text, proposed.edits)),
                proof=proposed.proof,
                evidence=proposed.evidence,
            )
        )

    async def keep(self, event: RefactoringEvent) -> None:
        """Store one event and those that wait before it, or tell that they could not be."""
        if self._store is None:
            return
        events, self._held = [*self._held, event], []
        try:
            async with asyncio.timeout(PATIENCE_S):
                new = [kept.REFACTORING_EVENTS.new(each) for each in events]
                metadata = Metadata(correlation_id=self._id)
                await self._store.append(kept.STREAM, self._id, new, expected_sequence=None, metadata=metadata)
        except (EventStoreError, TimeoutError) as error:
            self._give_up(error)

    async def _answered(self, event: told.Answered) -> None:
        words, self._answer = "".join(self._answer), []
        usage, timings = event.usage, event.timings
        self._held.append(
            kept.ModelAnswered(
                attempt=event.attempt,
                text=await self._blob(words),
                prompt_tokens=usage.prompt_tokens,
                cached_prompt_tokens=usage.cached_prompt_tokens,
                output_tokens=usage.output_tokens,
                prefill_ns=timings.prefill_ns,
                decode_ns=timings.decode_ns,
                total_ns=timings.total_ns,
            )
        )

    async def _proposed(self, event: told.Proposed) -> None:
        files = [kept.KeptFile(path=file.path, text=await self._blob(file.text)) for file in event.new_files]
        result = text_hash(apply_edits(self._text, event.edits))
        proposed = kept.RefactoringProposed(
            task=event.task.value,
            title=event.title,
            edits=tuple(map(_kept_edit, event.edits)),
            new_files=tuple(files),
            result=result,
            proof=event.proof,
            evidence=event.evidence,
            notes=event.notes,
        )
        if event.proof == "unproved" and not event.needs_consent:
            self._held.append(proposed)
            await self.keep(kept.ConsentGiven(result=result, by="settings"))
        else:
            await self.keep(proposed)

    async def _blob(self, text: str) -> str:
        if self._store is None:
            return ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._store.put_blob(text.encode("utf-8", "replace"))
        except (EventStoreError, TimeoutError) as error:
            self._give_up(error)
            return ""

    def _give_up(self, error: Exception) -> None:
        self._store = None
        self._given_up(self._id)
        reason = str(error) or f"the event store took longer than {PATIENCE_S:g} s"
        logger.warning("the rest of refactoring %s is not kept: %s", self._id, reason)


def text_hash(text: str) -> str:
    """The hash by which a text is known: of its UTF-8 bytes."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _plain(event: RefactorEvent) -> RefactoringEvent:
    match event:
        case told.Asked():
            return kept.ModelAsked(
                attempt=event.attempt,
                task=event.task.value,
                form=event.form,
                target=event.target,
                prompt_tokens=event.prompt_tokens,
            )
        case told.Routed(route=route):
            return kept.RouteChosen(provider=route.provider, model=route.model, reason=route.reason, why=route.why)
        case told.Repairing():
            return kept.AnswerRejected(attempt=event.attempt, problem=event.problem)
        case told.RunningTests(command=command):
            return kept.TrialStarted(command=command)
        case told.Refused(code=code, reason=reason):
            return kept.RefactoringRefused(code=code, reason=reason)
        case _:
            raise TypeError(f"{type(event).__name__} is kept elsewhere")


def _kept_edit(edit: TextEdit) -> kept.KeptEdit:
    return kept.KeptEdit(start=edit.span.start, end=edit.span.end, new_text=edit.new_text)
