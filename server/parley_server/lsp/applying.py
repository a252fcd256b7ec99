"""Puts a proposal into the editor's document, or leaves the document as it is: never anything between.

A proposal is sent only while the document is exactly what it was made for. One that moved meanwhile is rebased; one
that was neither proved nor tested waits for the person's yes. What a proposal is, and how it is rebased, belongs to
the agent; sending and seeing it land to `sending`, asking to `consent`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from parley_agent.refactor.requests import Refused
from parley_server.lsp import to_lsp
from parley_server.lsp.consent import Answer, Asking, consent_of
from parley_server.lsp.documents import DocumentError
from parley_server.lsp.sending import Editor, Landing, Patience, Sender, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.document import Document
    from parley_agent.refactor.requests import Proposed, Rebased, RefactorRequest
    from parley_server.lsp.client import ClientFacts
    from parley_server.lsp.documents import Documents
    from parley_server.lsp.wire import Outcome

MOST_TRIES = 4


class Person(Editor, Asking, Protocol):
    """The editor, and the person in front of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A proposal that is to be applied, made for the text of `request.document`.

    `confirm`: the person wants to be asked by the editor. `agreed`: the person has said yes to it already.
    """

    request: RefactorRequest
    proposed: Proposed
    confirm: bool = False
    agreed: bool = False
    rebased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How applying ended; `message` is for the person.

    `wanted` is the proposal as it was at the end. `keeps`: the person may want it later.
    """

    outcome: Outcome
    message: str
    wanted: Wanted
    created: tuple[str, ...] = ()
    keeps: bool = False


class _Stop(Exception):  # noqa: N818 - no error: an outcome found early
    """The proposal is not sent; carries the outcome."""

    def __init__(self, applied: Applied) -> None:
        super().__init__(applied.message)
        self.applied = applied


class Applier:
    """Applies proposals.

    Args:
        documents: The texts as the editor has them.
        editor: The way to the editor.
        to_uri: The URI of a path.
        rebase: What becomes of a proposal for the text as it is now.
        on_asked: Told when the person is asked for the yes that a proposal needs.
        patience: How long to wait.
    """

    def __init__(
        self,
        *,
        documents: Documents,
        editor: Person,
        to_uri: Callable[[str], str],
        rebase: Callable[[RefactorRequest, Proposed, Document], Awaitable[Rebased | Refused]],
        on_asked: Callable[[Wanted], None],
        patience: Patience | None = None,
    ) -> None:
        self._documents = documents
        self._editor = editor
        self._rebase = rebase
        self._on_asked = on_asked
        self._patience = patience or Patience()
        self._sender = Sender(documents=documents, editor=editor, to_uri=to_uri, patience=self._patience)

    async def apply(self, wanted: Wanted, client: ClientFacts, stage: Stage) -> Applied:
        """Apply what is wanted, asking the person where that is needed."""
        try:
            return await self._applied(wanted, client, stage)
        except _Stop as stop:
            return stop.applied

    async def _applied(self, wanted: Wanted, client: ClientFacts, stage: Stage) -> Applied:
        for _ in range(MOST_TRIES):
            await asyncio.to_thread(_refuse_obstacles, wanted, client)
            if _asks_first(wanted, client):
                wanted = await self._agreed(wanted, stage)
            wanted, now = await self._current(wanted)
            # From here to the request nothing is awaited: no change can come between the check and the edit.
            planned = _planned(wanted, now, client)
            if planned.confirm and _needs_yes(wanted):
                self._on_asked(wanted)
            landing = await self._sender.send(planned, client, stage)
            if not landing.moved:
                return _ended(landing, wanted)
            if landing.agreed:
                wanted = replace(wanted, agreed=True, confirm=False)
        return Applied(outcome="stale", message=_MOVES_ON, wanted=wanted, keeps=True)

    async def _agreed(self, wanted: Wanted, stage: Stage) -> Wanted:
        """The same with the person's yes."""
        stage.asks()
        self._on_asked(wanted)
        request = wanted.request
        answer = await consent_of(
            self._editor,
            request.correlation_id,
            request.document,
            wanted.proposed,
            within_s=self._patience.person_s,
        )
        match answer:
            case Answer.YES:
                return replace(wanted, agreed=True)
            case Answer.NO:
                raise _Stop(Applied(outcome="declined", message=_DISCARDED, wanted=wanted))
            case Answer.NONE:
                message = f"{wanted.proposed.evidence} {_UNANSWERED}"
                raise _Stop(Applied(outcome="diff", message=message, wanted=wanted, keeps=True))

    async def _current(self, wanted: Wanted) -> tuple[Wanted, Document]:
        """What is wanted, for the text as it is at this moment, and that text."""
        for _ in range(MOST_TRIES):
            try:
                now = await self._documents.read(wanted.request.document.uri)
            except DocumentError as error:
                message = f"The edit was not applied: {error}"
                raise _Stop(Applied(outcome="stale", message=message, wanted=wanted, keeps=True)) from error
            if now.text == wanted.request.document.text:
                return wanted, now
            told = await self._rebase(wanted.request, wanted.proposed, now)
            if isinstance(told, Refused):
                message = _STALE.format(reason=told.reason)
                raise _Stop(Applied(outcome="stale", message=message, wanted=wanted, keeps=True))
            wanted = replace(wanted, request=told.request, proposed=told.proposed, rebased=True)
        raise _Stop(Applied(outcome="stale", message=_MOVES_ON, wanted=wanted, keeps=True))


def _asks_first(wanted: Wanted, client: ClientFacts) -> bool:
    return _needs_yes(wanted) and not client.asks_with_edits


def _needs_yes(wanted: Wanted) -> bool:
    return wanted.proposed.needs_consent and not wanted.agreed


def _planned(wanted: Wanted, now: Document, client: ClientFacts) -> to_lsp.PlannedEdit:
    proposed = wanted.proposed
    return to_lsp.PlannedEdit(
        document=replace(wanted.request.document, uri=now.uri),
        version=now.version,
        edits=proposed.edits,
        new_files=proposed.new_files,
        label=f"Parley: {proposed.title}",
        description=proposed.evidence,
        confirm=client.asks_with_edits and (wanted.confirm or _needs_yes(wanted)),
    )


def _ended(landing: Landing, wanted: Wanted) -> Applied:
    message = landing.message
    if landing.outcome == "applied" and wanted.rebased:
        message = f"{message} {_REBASED}"
    return Applied(
        outcome=landing.outcome,
        message=message,
        wanted=replace(wanted, agreed=wanted.agreed or landing.agreed or landing.outcome == "applied"),
        created=landing.created,
        keeps=landing.outcome == "declined",
    )


def _refuse_obstacles(wanted: Wanted, client: ClientFacts) -> None:
    """Stop what cannot be sent to this client at all."""
    files = wanted.proposed.new_files
    if not client.applies_edits:
        raise _Stop(Applied(outcome="diff", message=_NO_EDITS, wanted=wanted))
    if files and not client.creates_files:
        raise _Stop(Applied(outcome="refused", message=_NO_CREATE.format(path=files[0].path), wanted=wanted))
    existing = [file.path for file in files if Path(file.path).exists()]
    if existing:
        message = f"{existing[0]} exists by now; it was not overwritten."
        raise _Stop(Applied(outcome="stale", message=message, wanted=wanted))


_NO_EDITS = "This editor takes no edits from a server; here is what would change."
_STALE = (
    "The document changed while the model worked, so the edit was not applied: {reason} Ask again for the text as it "
    "is now; the change is kept among the code actions."
)
_MOVES_ON = (
    "The document changes faster than the edit can follow, so it was not applied; it is kept among the code actions."
)
_REBASED = "You changed the document elsewhere meanwhile; the edit was moved along and checked again."
_UNANSWERED = "It was not applied without your yes: it is kept among the code actions, and `parley.apply` applies it."
_DISCARDED = "Discarded; nothing was changed."
_NO_CREATE = (
    "The result is a new file, {path}, and this editor cannot create files for a server. "
    "`parley refactor … --write` in a terminal can."
)
