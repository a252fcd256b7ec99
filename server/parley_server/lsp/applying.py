"""Puts a proposed edit into the editor's document, or leaves the document as it is: never anything between.

An edit is sent only while the document is exactly what the edit was made for, and called applied only when the
editor's own words, or the disk, show the result. What the edit is belongs to the agent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pygls.exceptions import JsonRpcException

from parley_agent.document import apply_edits
from parley_server.files import FileError, read_text
from parley_server.lsp import to_lsp
from parley_server.lsp.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lsprotocol import types

    from parley_agent.document import Document, NewFile
    from parley_agent.refactor.requests import Proposed
    from parley_server.lsp.client import ClientFacts
    from parley_server.lsp.documents import Documents
    from parley_server.lsp.wire import Outcome


class Editor(Protocol):
    """What applying needs of the editor."""

    def apply_edit(self, params: types.ApplyWorkspaceEditParams) -> Awaitable[types.ApplyWorkspaceEditResult]:
        """Send `workspace/applyEdit`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for the answer (a person may be asked there), and for the change that follows."""

    answer_s: float = 120.0
    change_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How applying ended; `message` is for the person."""

    outcome: Outcome
    message: str
    created: tuple[str, ...] = ()


class Applier:
    """Applies proposals.

    Args:
        documents: The texts as the editor has them.
        editor: The way to the editor.
        to_uri: The URI of a path.
        patience: How long to wait.
    """

    def __init__(
        self, *, documents: Documents, editor: Editor, to_uri: Callable[[str], str], patience: Patience | None = None
    ) -> None:
        self._documents = documents
        self._editor = editor
        self._to_uri = to_uri
        self._patience = patience or Patience()

    async def apply(self, made_for: Document, proposed: Proposed, client: ClientFacts, *, confirm: bool) -> Applied:
        """Apply `proposed`, which was made for the text of `made_for`."""
        if obstacle := await asyncio.to_thread(_obstacle, proposed, client):
            return obstacle
        try:
            now = await self._documents.read(made_for.uri)
        except DocumentError as error:
            return Applied(outcome="stale", message=f"The edit was not applied: {error}")
        # From here to the request nothing is awaited: no change can come between the check and the edit.
        if now.text != made_for.text:
            return Applied(outcome="stale", message=_STALE)
        planned = to_lsp.PlannedEdit(
            document=made_for,
            version=now.version,
            edits=proposed.edits,
            new_files=proposed.new_files,
            label=f"Parley: {proposed.title}",
            description=proposed.evidence,
            confirm=confirm,
        )
        created = tuple(self._to_uri(file.path) for file in proposed.new_files)
        return await self._send(planned, client, created)

    async def _send(self, planned: to_lsp.PlannedEdit, client: ClientFacts, created: tuple[str, ...]) -> Applied:
        uri = planned.document.uri
        target = apply_edits(planned.document.text, planned.edits)
        async with self._documents.watching(uri, lambda text: same_lines(text, target)) as seen:
            try:
                async with asyncio.timeout(self._patience.answer_s):
                    answer = await self._editor.apply_edit(to_lsp.apply_edit(planned, client, self._to_uri))
            except TimeoutError:
                return await self._confirmed(planned, target, seen, created, unconfirmed=_NO_ANSWER)
            except JsonRpcException as error:
                return Applied(outcome="declined", message=f"The editor did not apply the edit: {error.message}")
            if not answer.applied and not seen.is_set():
                reason = answer.failure_reason or "it gave no reason"
                return Applied(outcome="declined", message=f"The editor did not apply the edit: {reason}.")
            return await self._confirmed(planned, target, seen, created, unconfirmed=_NO_CHANGE)

    async def _confirmed(
        self,
        planned: to_lsp.PlannedEdit,
        target: str,
        seen: asyncio.Event,
        created: tuple[str, ...],
        *,
        unconfirmed: str,
    ) -> Applied:
        edited = not planned.edits or await self._became(planned.document, target, seen)
        arrived = [await self._exists(file) for file in planned.new_files]
        if edited and all(arrived):
            return Applied(outcome="applied", message=planned.description, created=created)
        return Applied(outcome="unconfirmed", message=unconfirmed, created=created)

    async def _became(self, document: Document, target: str, seen: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._patience.change_s):
                await seen.wait()
        except TimeoutError:
            return self._documents.get(document.uri) is None and await _holds(document.path, target)
        return True

    async def _exists(self, file: NewFile) -> bool:
        def expected(text: str) -> bool:
            return same_lines(text, file.text)

        if await _holds(file.path, file.text):
            return True
        return await self._documents.becomes(self._to_uri(file.path), expected, self._patience.change_s) or (
            await _holds(file.path, file.text)
        )


def same_lines(text: str, other: str) -> bool:
    """Whether two texts are equal but for how their lines end: some editors bring those into one form."""
    return text == other or _plain(text) == _plain(other)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _obstacle(proposed: Proposed, client: ClientFacts) -> Applied | None:
    """Why this proposal cannot be sent to this client at all, or None."""
    if not client.applies_edits:
        return Applied(outcome="diff", message="This editor takes no edits from a server; here is what would change.")
    if not proposed.new_files:
        return None
    if not client.creates_files:
        return Applied(outcome="refused", message=_NO_CREATE.format(path=proposed.new_files[0].path))
    existing = [file.path for file in proposed.new_files if Path(file.path).exists()]
    if existing:
        return Applied(outcome="stale", message=f"{existing[0]} exists by now; it was not overwritten.")
    return None


async def _holds(path: str | None, target: str) -> bool:
    """Whether the file on disk has the target's lines."""
    if path is None:
        return False
    try:
        return same_lines(await asyncio.to_thread(read_text, path), target)
    except FileError:
        return False


_STALE = (
    "The document changed while the model worked, so the edit was not applied. Ask again for the text as it is now."
)
_NO_ANSWER = "The editor did not answer whether it applied the edit; look at the document before you go on."
_NO_CHANGE = "The editor says that it applied the edit, but its text did not change; look at it before you go on."
_NO_CREATE = (
    "The result is a new file, {path}, and this editor cannot create files for a server. "
    "`parley refactor … --write` in a terminal can."
)
