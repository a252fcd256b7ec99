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
    from collections.abc import AsyncGenerator

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
    async with _copied(request.workspace_root, limits) as scratch:
        texts = {document.path: apply_edits(document.text, proposal.edits)}
        await asyncio.to_thread(scratch.write, texts | {file.path: file.text for file in proposal.new_files})
        after = await scratch.run(request.test_command)
        if not after.passed:
            await _refuse(request.test_command, document, proposal, scratch, after)
    command = " ".join(request.test_command)
    return replace(proposal, proof="tested", evidence=f"`{command}` passes on the result, in a copy of the workspace.")


@asynccontextmanager
async def _copied(workspace: str, limits: Limits) -> AsyncGenerator[Scratch, None]:
    """A copy that is gone afterwards, also where the wait for it is cancelled: a thread that copies ends by itself."""
    given_up = threading.Event()
    making = asyncio.get_running_loop().run_in_executor(None, Scratch.of, workspace, limits, given_up.is_set)
    try:
        yield await asyncio.shield(making)
    finally:
        given_up.set()
        await asyncio.wait([making])
        if making.exception() is None:
            await asyncio.shield(asyncio.to_thread(making.result().remove))


async def _refuse(
    command: tuple[str, ...], document: Document, proposal: Proposed, scratch: Scratch, after: Outcome
) -> None:
    """Tell a failure of the change from one that was there before."""
    if document.path is not None:
        await asyncio.to_thread(scratch.write, {document.path: document.text})
    await asyncio.to_thread(scratch.forget, tuple(file.path for file in proposal.new_files))
    before = await scratch.run(command)
    if not before.passed:
        raise RefactorRefusedError(
            "tests-fail-already",
            f"`{' '.join(command)}` fails without the change too, so it shows nothing. Its last lines:\n{before.tail}",
        )
    raise AnswerRejectedError("tests-failed", f"The tests fail after the change. The last lines:\n{after.tail}")
