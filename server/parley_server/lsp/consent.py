"""Asks the person about a result that was neither proved nor tested, where the editor cannot ask with the edit itself.

Which results need a yes is the agent's rule; what follows the answer belongs to `applying`.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from parley_server.diffs import proposal_diff

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from parley_agent.document import Document
    from parley_agent.refactor.requests import Proposed


class Answer(StrEnum):
    """What came of asking."""

    YES = "yes"
    NO = "no"
    NONE = "none"


class Asking(Protocol):
    """What asking needs of the editor."""

    def ask(self, params: types.ShowMessageRequestParams) -> Awaitable[types.MessageActionItem | None]:
        """Send `window/showMessageRequest`."""
        ...

    async def show_diff(self, name: str, text: str) -> None:
        """Open a diff as a read-only document, as far as the client can."""
        ...


async def consent_of(
    editor: Asking, request_id: str, document: Document, proposed: Proposed, *, within_s: float
) -> Answer:
    """The person's answer to exactly this change; none if it does not come, is put off, or nobody can be asked.

    The first choice is what many editors take for an Enter without a look: it changes nothing and loses nothing.
    """
    choices = [_SHOW, _APPLY, _DISCARD]
    told = f"Parley: {proposed.title}. {proposed.evidence} Apply it?"
    try:
        async with asyncio.timeout(within_s):
            while True:
                actions = [types.MessageActionItem(title=each) for each in choices]
                chosen = await editor.ask(types.ShowMessageRequestParams(types.MessageType.Warning, told, actions))
                if chosen is None or chosen.title != _SHOW:
                    return _ANSWERS.get(chosen.title if chosen else "", Answer.NONE)
                diff = await asyncio.to_thread(proposal_diff, document, proposed.edits, proposed.new_files)
                await editor.show_diff(request_id, diff)
                choices = [_LATER, _APPLY, _DISCARD]
    except (TimeoutError, JsonRpcException):
        return Answer.NONE


_APPLY, _SHOW, _DISCARD, _LATER = "Apply", "Show diff", "Discard", "Keep for later"
_ANSWERS = {_APPLY: Answer.YES, _DISCARD: Answer.NO}
