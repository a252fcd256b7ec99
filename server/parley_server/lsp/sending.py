"""Sends one edit to the editor, and sees whether it landed.

An edit is called applied only when the editor's own words, or the disk, show the result. Whether it may be sent, and
what follows when it did not land, belongs to `applying`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pygls.exceptions import JsonRpcException

from parley_agent.document import apply_edits
from parley_server.files import FileError, read_text
from parley_server.lsp import to_lsp, wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lsprotocol import types

    from parley_agent.document import Document, NewFile
    from parley_server.lsp.client import ClientFacts
    from parley_server.lsp.documents import Documents, OpenDocument


class Editor(Protocol):
    """What sending needs of the editor."""

    def apply_edit(self, params: types.ApplyWorkspaceEditParams) -> Awaitable[types.ApplyWorkspaceEditResult]:
        """Send `workspace/applyEdit`."""
        ...


class Stage(Protocol):
    """The request that an edit belongs to; it is told what is waited for, to cancel that rightly."""

    def asks(self) -> None:
        """The person is asked; nothing was sent yet."""
        ...

    def sends(self) -> None:
        """The edit is with the editor, which carries it out at once."""
        ...

    def confirms(self, withdraw: Callable[[], None]) -> None:
        """The edit is with the editor, which asks the person first; `withdraw` ends the wait."""
        ...

    def returns(self) -> None:
        """The editor did not take the edit: nothing is with it now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for an editor's answer, for a person's, and for the change that follows."""

    answer_s: float = 120.0
    person_s: float = 900.0
    change_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How sending ended; `message` is for the person.

    `moved`: the editor did not take the edit, and the text or its version is another than it was made for. `agreed`:
    the editor asked the person, who said yes, whatever was found then.
    """

    outcome: wire.Outcome
    message: str
    created: tuple[str, ...] = ()
    moved: bool = False
    agreed: bool = False


class Sender:
    """Sends edits.

    Args:
        documents: The texts as the editor has them.
        editor: The way to the editor.
        to_uri: The URI of a path.
        patience: How long to wait.
    """

    def __init__(
        self, *, documents: Documents, editor: Editor, to_uri: Callable[[str], str], patience: Patience
    ) -> None:
        self._documents = documents
        self._editor = editor
        self._to_uri = to_uri
        self._patience = patience

    async def send(self, planned: to_lsp.PlannedEdit, client: ClientFacts, stage: Stage) -> Landing:
        """Send `planned`; nothing is awaited before it is on its way."""
        uri = planned.document.uri
        target = apply_edits(planned.document.text, planned.edits)
        params = to_lsp.apply_edit(planned, client, self._to_uri)
        patience_s = self._patience.person_s if planned.confirm else self._patience.answer_s
        async with self._documents.watching(uri, lambda text: same_lines(text, target)) as seen:
            try:
                async with asyncio.timeout(patience_s) as deadline:
                    if planned.confirm:
                        stage.confirms(lambda: _end_now(deadline))
                    else:
                        stage.sends()
                    answer = await self._editor.apply_edit(params)
            except TimeoutError:
                stage.sends()
                return await self._confirmed(planned, target, seen, unconfirmed=_NO_ANSWER)
            except JsonRpcException as error:
                return await self._declined(planned, error.message, stage)
            stage.sends()  # whatever was answered, it can no longer be taken back
            if not answer.applied and not seen.is_set():
                return await self._declined(planned, answer.failure_reason or "it gave no reason", stage)
            landing = await self._confirmed(planned, target, seen, unconfirmed=_NO_CHANGE)
            return replace(landing, agreed=planned.confirm)

    async def _declined(self, planned: to_lsp.PlannedEdit, reason: str, stage: Stage) -> Landing:
        agreed, uri, before = reason == wire.MOVED, planned.document.uri, planned.document.text
        if agreed:
            # Neovim tells of changes a moment after they are made.
            reason = "the text has changed since"
            await self._documents.becomes(uri, lambda text: text != before, self._patience.change_s)
        now = self._documents.get(uri)
        stage.returns()
        return Landing(
            outcome="declined",
            message=f"The editor did not apply the edit: {reason.removesuffix('.')}.",
            moved=now is not None and _moved(now, planned) and (agreed or not planned.confirm),
            agreed=agreed,
        )

    async def _confirmed(
        self, planned: to_lsp.PlannedEdit, target: str, seen: asyncio.Event, *, unconfirmed: str
    ) -> Landing:
        created = tuple(self._to_uri(file.path) for file in planned.new_files)
        edited = not planned.edits or await self._became(planned.document, target, seen)
        arrived = [await self._exists(file) for file in planned.new_files]
        if edited and all(arrived):
            return Landing(outcome="applied", message=planned.description, created=created)
        return Landing(outcome="unconfirmed", message=unconfirmed, created=created)

    async def _became(self, document: Document, target: str, seen: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._patience.change_s):
                await seen.wait()
        except TimeoutError:
            # It may have been seen in the very moment in which time was over.
            is_open = self._documents.get(document.uri) is not None
            return seen.is_set() or (not is_open and await _holds(document.path, target))
        return True

    async def _exists(self, file: NewFile) -> bool:
        def expected(text: str) -> bool:
            return same_lines(text, file.text)

        if await _holds(file.path, file.text):
            return True
        return await self._documents.becomes(self._to_uri(file.path), expected, self._patience.change_s) or (
            await _holds(file.path, file.text)
        )


def _moved(now: OpenDocument, planned: to_lsp.PlannedEdit) -> bool:
    """Whether the edit is for another text or version than the editor's; a change that was undone makes a version."""
    return now.text != planned.document.text or planned.version not in (None, now.version)


def _end_now(deadline: asyncio.Timeout) -> None:
    """End a wait at once; one that has ended, or is ending, is left alone."""
    with suppress(RuntimeError):
        deadline.reschedule(asyncio.get_running_loop().time())


def same_lines(text: str, other: str) -> bool:
    """Whether two texts are equal but for how their lines end: some editors bring those into one form."""
    return text == other or _plain(text) == _plain(other)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


async def _holds(path: str | None, target: str) -> bool:
    """Whether the file on disk has the target's lines."""
    if path is None:
        return False
    try:
        return same_lines(await asyncio.to_thread(read_text, path), target)
    except FileError:
        return False


_NO_ANSWER = (
    "Nobody answered whether the edit was applied; look at the document before you go on. If the editor still asks, "
    "discard it there."
)
_NO_CHANGE = "The editor says that it applied the edit, but its text did not change; look at it before you go on."
