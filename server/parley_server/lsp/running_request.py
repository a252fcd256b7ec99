"""One request while it runs: what was wished for, what the editor hears of it, and how it is cancelled.

That it runs, and how its outcome is made, belongs to `running`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.refactor.requests import Proposed, RefactorRequest, Refused
    from parley_server.lsp import wire
    from parley_server.lsp.applying import Applied, Wanted
    from parley_server.lsp.feed import Feed
    from parley_server.lsp.progress import Progress
    from parley_server.lsp.sending import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to run: the request, what it is called, and what is done with its proposal or its explanation.

    `proposed` is what was kept of the request before: it is applied, and no model is asked.
    """

    command: Literal["parley.refactor", "parley.explain", "parley.apply"]
    title: str
    request: RefactorRequest
    confirm: bool = False
    proposed: Proposed | None = None
    apply: Callable[[Wanted, Stage], Awaitable[Applied]] | None = None
    show: Callable[[str, str], Awaitable[None]] | None = None


class RunningRequest:
    """One request, from its acceptance to its outcome."""

    def __init__(self, *, request_id: str, wish: Wish, feed: Feed, progress: Progress) -> None:
        self.id = request_id
        self.wish = wish
        self.feed = feed
        self.progress = progress
        self.outcome: asyncio.Future[wire.Finished] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None
        self.with_editor = False
        self.applied: Applied | None = None
        self.waiters = 1
        self.refusal: Refused | None = None
        self.is_renaming = False
        self._withdraw: Callable[[], None] | None = None
        self.is_cancelled = False
        self.tokens = 0
        self.started_at = asyncio.get_running_loop().time()

    @property
    def uri(self) -> str:
        """The document that the request is about."""
        return self.wish.request.document.uri

    def asks(self) -> None:
        """See `Stage`."""
        self.progress.report("waiting for your answer")

    def sends(self) -> None:
        """See `Stage`."""
        self.with_editor, self._withdraw = True, None
        self.progress.report("waiting for the editor")

    def confirms(self, withdraw: Callable[[], None]) -> None:
        """See `Stage`."""
        self.with_editor, self._withdraw = True, withdraw
        self.progress.report("waiting for your answer in the editor")

    def returns(self) -> None:
        """See `Stage`."""
        self.with_editor, self._withdraw = False, None

    def cancel(self) -> bool:
        """Cancel it, unless it has ended, or the editor carries out its edit already.

        Once it is being cancelled, doing so again does not disturb how it closes what it opened.
        """
        if self.task is None or self.outcome.done():
            return False
        if not self.with_editor:
            self.is_cancelled = self.is_cancelled or self.task.cancel()
            return self.is_cancelled
        if self._withdraw is None:
            return False
        self._withdraw()
        return True

    def refuse(self, refusal: Refused) -> None:
        """Cancel it, with the reason."""
        if self.cancel() and not self.with_editor:
            self.refusal = refusal

    def rename(self, uri: str, path: str | None) -> None:
        """Its document has another name now."""
        self.is_renaming = False
        document = replace(self.wish.request.document, uri=uri, path=path)
        self.wish = replace(self.wish, request=replace(self.wish.request, document=document))

    def named_now(self, request: RefactorRequest) -> RefactorRequest:
        """`request`, which came of this one, with the name that the document has now."""
        now = self.wish.request.document
        return replace(request, document=replace(request.document, uri=now.uri, path=now.path))

    def is_same(self, wish: Wish) -> bool:
        """Whether the same is wished for, of the same text."""
        return _unnamed(self.wish) == _unnamed(wish)


def _unnamed(wish: Wish) -> Wish:
    return replace(wish, request=replace(wish.request, correlation_id=""))
