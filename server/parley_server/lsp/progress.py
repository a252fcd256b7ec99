"""Work-done progress of one request, with the client's token or one that the client was asked to accept.

Nothing waits for the client here: until it has accepted a token, only the latest message is kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Awaitable

_SHORTEST_PAUSE_S = 0.2


class ProgressLink(Protocol):
    """What progress needs of the editor."""

    def progress(self, params: types.ProgressParams) -> None:
        """Send `$/progress`."""
        ...

    def create_progress(self, token: types.ProgressToken) -> Awaitable[None]:
        """Ask the client to accept a token; raises when it does not."""
        ...


class Progress:
    """One progress bar.

    Args:
        link: The way to the editor.
        token: The token to report under, or None to report nothing.
        title: What the bar is called.
    """

    def __init__(self, link: ProgressLink, token: types.ProgressToken | None, title: str) -> None:
        self._link = link
        self._title = title
        self.token = token
        self._begun = False
        self._message: str | None = None
        self._percentage: int | None = None
        self._shown_percentage = -1
        self._ended = False
        self._reported_at = 0.0
        self._later: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Begin at once: the client named the token, or has accepted it."""
        if self.token is None or self._begun:
            return
        self._begun = True
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=True, message=self._message)
        self._send(begin)
        if self._ended:
            self._send(types.WorkDoneProgressEnd(message=self._message))

    async def create(self) -> None:
        """Ask the client to accept the token, then begin; without its consent nothing is ever reported."""
        if self.token is None:
            return
        try:
            await self._link.create_progress(self.token)
        except Exception:  # noqa: BLE001 - whatever the client answers, its progress bar is no reason to fail
            self.token = None
            return
        self.begin()

    def report(self, message: str, percentage: int | None = None) -> None:
        """Show `message`; called too often, some are left out, but the last is shown.

        `percentage` is of what the message names, and given only where it is counted; one that does not rise is kept
        back, as LSP asks.
        """
        self._message, self._percentage = message, percentage
        if not self._begun or self._ended or self._later is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._reported_at >= _SHORTEST_PAUSE_S:
            self._report()
        else:
            self._later = loop.call_at(self._reported_at + _SHORTEST_PAUSE_S, self._report)

    def end(self, message: str) -> None:
        """End the bar with `message`; a second end does nothing."""
        if self._ended:
            return
        self._ended = True
        if self._later is not None:
            self._later.cancel()
        self._message = message
        if self._begun:
            self._send(types.WorkDoneProgressEnd(message=message))

    def _report(self) -> None:
        self._later = None
        self._reported_at = asyncio.get_running_loop().time()
        rises = self._percentage is not None and self._percentage > self._shown_percentage
        percentage = self._percentage if rises else None
        if percentage is not None:
            self._shown_percentage = percentage
        self._send(types.WorkDoneProgressReport(message=self._message, percentage=percentage))

    def _send(
        self, value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd
    ) -> None:
        if self.token is not None:
            self._link.progress(types.ProgressParams(token=self.token, value=value))
