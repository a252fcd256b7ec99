"""The requests that are running: each a task of the server's group, with its feed, its progress and its one outcome.

Starts, tells, cancels and keeps them; how an edit reaches the editor belongs to `applying`, what a refactoring is to
the agent.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.requests import Explained, Proposed, Refused, Restarted, Streamed
from parley_providers.errors import ProviderError
from parley_server.lsp import to_wire, wire
from parley_server.lsp.ending import cancelled, explained, failed, refused, shown
from parley_server.lsp.feed import Feed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_providers.tally import Spent
    from parley_server.lsp.applying import Applied
    from parley_server.lsp.feed import Link
    from parley_server.lsp.progress import Progress

logger = logging.getLogger(__name__)
MOST_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to run: the request, what it is called, and what is done with its proposal or its explanation."""

    command: Literal["parley.refactor", "parley.explain"]
    title: str
    request: RefactorRequest
    apply: Callable[[Proposed], Awaitable[Applied]] | None = None
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
        self.tokens = 0
        self.started_at = asyncio.get_running_loop().time()

    @property
    def uri(self) -> str:
        """The document that the request is about."""
        return self.wish.request.document.uri


class Running:
    """All requests, running and lately finished.

    Args:
        group: The parent of every request's task.
        work: Runs a refactoring elsewhere and yields its events here.
        link: The way to the editor.
        on_outcome: Told of each outcome, to show it to the person.
        spent: What a request's calls of models used so far.
    """

    def __init__(
        self,
        *,
        group: asyncio.TaskGroup,
        work: Callable[[RefactorRequest], AsyncGenerator[RefactorEvent, None]],
        link: Link,
        on_outcome: Callable[[wire.Finished], None],
        spent: Callable[[str], Spent | None],
    ) -> None:
        self._group = group
        self._work = work
        self._link = link
        self._on_outcome = on_outcome
        self._spent = spent
        self._requests: dict[str, RunningRequest] = {}

    def start(self, wish: Wish, progress: Progress) -> RunningRequest:
        """Accept `wish`: its task starts, and its id is known at once."""
        request_id = wish.request.correlation_id
        running = RunningRequest(request_id=request_id, wish=wish, feed=Feed(request_id, self._link), progress=progress)
        self._requests[request_id] = running
        self._forget()
        document = wish.request.document
        running.feed.tell(
            wire.Started(
                id=request_id,
                seq=0,
                command=wish.command,
                title=wish.title,
                uri=document.uri,
                version=document.version,
            )
        )
        running.task = self._group.create_task(self._run(running), name=f"parley-request-{request_id}")
        running.task.add_done_callback(lambda _: self._settle(running))
        return running

    def get(self, request_id: str) -> RunningRequest | None:
        """The request of that id, unless it is forgotten."""
        return self._requests.get(request_id)

    def cancel(self, request_id: str | None = None) -> tuple[str, ...]:
        """Cancel one request, or all; the ids of those that could be cancelled."""
        chosen = [each for each in self._requests.values() if request_id in (None, each.id)]
        return tuple(each.id for each in chosen if _cancel(each))

    def cancel_document(self, uri: str) -> None:
        """The document was closed: nothing about it is wanted any more."""
        for each in self._requests.values():
            if each.uri == uri:
                _cancel(each)

    def cancel_progress(self, token: str | int) -> None:
        """The person pressed cancel on a progress bar."""
        for each in self._requests.values():
            if each.progress.token == token:
                _cancel(each)

    def shut_down(self) -> None:
        """Cancel everything, even what waits for the editor."""
        for each in self._requests.values():
            if each.task is not None:
                each.task.cancel()

    async def _run(self, running: RunningRequest) -> None:
        try:
            finished = await self._finished(running)
        except ProviderError as error:
            finished = failed(running.id, str(error), error.kind)
        except Exception as error:
            logger.exception("request %s failed", running.id)
            finished = failed(running.id, _INTERNAL.format(error=type(error).__name__), "internal")
        self._finish(running, finished)

    async def _finished(self, running: RunningRequest) -> wire.Finished:
        async with aclosing(self._work(running.wish.request)) as events:
            async for event in events:
                match event:
                    case Proposed():
                        return await self._propose(running, event)
                    case Refused():
                        return refused(running.id, event)
                    case Explained():
                        return await self._explain(running, event)
                    case _:
                        self._tell(running, event)
        raise RuntimeError("a refactoring ended without an outcome")

    async def _propose(self, running: RunningRequest, proposed: Proposed) -> wire.Finished:
        apply = running.wish.apply
        if apply is None:
            return await shown(running.id, running.wish.request.document, proposed, None)
        running.with_editor = True
        running.progress.report("waiting for the editor")
        applied = await apply(proposed)
        return await shown(running.id, running.wish.request.document, proposed, applied)

    async def _explain(self, running: RunningRequest, event: Explained) -> wire.Finished:
        if running.wish.show is not None:
            await running.wish.show(running.id, event.text)
        return explained(running.id, event)

    def _tell(self, running: RunningRequest, event: RefactorEvent) -> None:
        match event:
            case Streamed(text=text):
                running.tokens += 1
                running.feed.stream(text)
                running.progress.report(f"{running.tokens} tokens")
            case Restarted():
                running.tokens = 0
        notification = to_wire.notification(event, running.id)
        if notification is not None:
            running.feed.tell(notification)
            running.progress.report(_phase(notification))

    def _settle(self, running: RunningRequest) -> None:
        """The task ended; one that was cancelled, perhaps before it began, has its outcome here."""
        if not running.outcome.done():
            self._finish(running, cancelled(running.id))

    def _finish(self, running: RunningRequest, finished: wire.Finished) -> None:
        wall_s = asyncio.get_running_loop().time() - running.started_at
        used = self._spent(running.id)
        spent = None if used is None else to_wire.spent(used, wall_s)
        told = replace(finished, wall_ms=wall_s * 1e3, spent=spent)
        running.feed.tell(told)
        running.progress.end(finished.message if spent is None else f"{finished.message} ({spent.shown})")
        running.outcome.set_result(told)
        self._on_outcome(told)

    def _forget(self) -> None:
        """Drop the oldest finished requests: `parley/resend` is for what was missed just now."""
        finished = [key for key, each in self._requests.items() if each.outcome.done()]
        for key in finished[: max(0, len(self._requests) - MOST_KEPT)]:
            del self._requests[key]


def _cancel(running: RunningRequest) -> bool:
    """Cancel a request, unless it has ended or its edit is already with the editor."""
    if running.task is None or running.outcome.done() or running.with_editor:
        return False
    return running.task.cancel()


def _phase(notification: wire.Notification) -> str:
    match notification:
        case wire.Asked(target=target):
            return f"asking about {target}"
        case wire.RouteChosen(model=model):
            return f"{model} reads"
        case wire.Restarted():
            return "starting again"
        case wire.Repairing():
            return "asking again, with what was wrong"
        case wire.Testing():
            return "running the tests"
        case _:
            return "checking the answer"


_INTERNAL = "Parley failed by its own fault ({error}); nothing was changed. `parley serve --log-file FILE` logs more."
