"""The notifications of one request: numbered without gaps, kept for `parley/resend`, joined when the editor is slow.

What is told belongs to `running`, how bytes leave to `transport`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from parley_server.lsp import wire
from parley_server.lsp.shapes import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_server.lsp.shapes import Json

MOST_BACKLOG_BYTES = 32_768


class Link(Protocol):
    """The way to the editor."""

    @property
    def backlog(self) -> int:
        """Bytes that the editor has not taken yet."""
        ...

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when it has taken everything."""
        ...

    def notify(self, method: str, params: Json) -> None:
        """Send a notification."""
        ...


class Feed:
    """What the editor is told of one request.

    Args:
        request_id: The id that every notification carries.
        link: The way to the editor.
    """

    def __init__(self, request_id: str, link: Link) -> None:
        self._id = request_id
        self._link = link
        self._sent: list[wire.Sent] = []
        self._pieces: list[str] = []
        self._waits = False

    def tell(self, notification: wire.Notification) -> None:
        """Send a notification, numbered, after all text that came before it."""
        self._flush()
        self._send(notification)

    def stream(self, text: str) -> None:
        """Send text: at once, or joined with what follows while the editor has much to read."""
        self._pieces.append(text)
        if self._link.backlog <= MOST_BACKLOG_BYTES:
            self._flush()
        elif not self._waits:
            self._waits = True
            self._link.on_drained(self._drained)

    def since(self, seq: int) -> tuple[wire.Sent, ...]:
        """Every notification after number `seq`."""
        return tuple(self._sent[max(0, seq) :])

    def _drained(self) -> None:
        self._waits = False
        self._flush()

    def _flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._send(wire.Token(id=self._id, seq=0, text=text))

    def _send(self, notification: wire.Notification) -> None:
        method = wire.METHODS[type(notification)]
        params = write(replace(notification, seq=len(self._sent) + 1))
        self._sent.append(wire.Sent(method=method, params=params))
        self._link.notify(method, params)
