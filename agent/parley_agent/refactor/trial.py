"""The trial of a proposal that cannot be proved: the test command that the person named, run on the result."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from parley_agent.document import apply_edits
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_agent.document import Document
    from parley_agent.refactor.requests import Proposed, RefactorRequest
    from parley_agent.refactor.scratch import Limits, Outcome


async def tried(proposal: Proposed, request: RefactorRequest, limits: Limits) -> Proposed:
    """`proposal`, tested.

    Raises:
        AnswerRejectedError: the command fails on the result, and passes without it.
        RefactorRefusedError: the command cannot be run, or fails without the change as well.
    """
    document = request.document
    if request.test_command is None:
        return proposal
    if request.workspace_root is None or document.path is None:
        raise RefactorRefusedError(
            "no-workspace", "A test command needs a workspace folder and a saved file. Open the folder, or go without."
        )
    async with _copied(request.workspace_root, limits) as copy:
        texts = {document.path: apply_edits(document.text, proposal.edits)}
        texts |= {file.path: file.text for file in proposal.new_files}
        await asyncio.to_thread(copy.change, lambda scratch: scratch.write(texts))
        after = await copy.run(request.test_command)
        if not after.passed:
            await _refuse(request.test_command, document, proposal, copy, after)
    command = " ".join(request.test_command)
    return replace(proposal, proof="tested", evidence=f"`{command}` passes on the result, in a copy of the workspace.")


@asynccontextmanager
async def _copied(workspace: str, limits: Limits) -> AsyncGenerator[_Copy, None]:
    """A copy that is gone afterwards, however often the wait for it, or for its removal, is cancelled."""
    loop, copy = asyncio.get_running_loop(), _Copy(workspace, limits)
    try:
        await asyncio.shield(loop.run_in_executor(None, copy.make))
        yield copy
    finally:
        copy.give_up()
        # Begun before anything is awaited: who is cancelled a second time waits no longer, but the copy goes.
        await asyncio.shield(loop.run_in_executor(None, copy.remove))


class _Copy:
    """A copy for one trial; another thread may give it up and remove it before it is made, meanwhile, or after."""

    def __init__(self, workspace: str, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits
        self._given_up = threading.Event()
        self._at_work = threading.Lock()
        self._made: Scratch | None = None

    def make(self) -> None:
        """Make it; blocks. Raises as `Scratch.of` does."""
        with self._at_work:
            if not self._given_up.is_set():
                self._made = Scratch.of(self._workspace, self._limits, self._given_up.is_set)

    def change(self, work: Callable[[Scratch], None]) -> None:
        """Do something to its files; blocks."""
        with self._at_work:
            work(self._scratch())

    async def run(self, command: tuple[str, ...]) -> Outcome:
        """See `Scratch.run`."""
        return await self._scratch().run(command)

    def give_up(self) -> None:
        """Begin nothing more with it."""
        self._given_up.set()

    def remove(self) -> None:
        """Remove it, once whoever is at work with it has ended; blocks."""
        with self._at_work:
            if self._made is not None:
                self._made.remove()

    def _scratch(self) -> Scratch:
        if self._made is None or self._given_up.is_set():
            raise RefactorRefusedError("cancelled", "The test was given up before it ended.")
        return self._made


async def _refuse(
    command: tuple[str, ...], document: Document, proposal: Proposed, copy: _Copy, after: Outcome
) -> None:
    """Tell a failure of the change from one that was there before."""

    def take_back(scratch: Scratch) -> None:
        if document.path is not None:
            scratch.write({document.path: document.text})
        scratch.forget(tuple(file.path for file in proposal.new_files))

    await asyncio.to_thread(copy.change, take_back)
    before = await copy.run(command)
    if not before.passed:
        raise RefactorRefusedError(
            "tests-fail-already",
            f"`{' '.join(command)}` fails without the change too, so it shows nothing. Its last lines:\n{before.tail}",
        )
    raise AnswerRejectedError("tests-failed", f"The tests fail after the change. The last lines:\n{after.tail}")
