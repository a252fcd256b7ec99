"""The requests that are running: each a task of the server's group, with its feed, its progress and its one outcome.

Starts, tells, cancels and keeps them; how an edit reaches the editor belongs to `applying`, what a refactoring is to
the agent.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from parley_agent.refactor.requests import Explained, Proposed, Reading, Refused, Restarted, Streamed
from parley_providers.errors import ProviderError
from parley_server.lsp import to_wire, wire
from parley_server.lsp.applying import Applied, Wanted
from parley_server.lsp.documents import moved
from parley_server.lsp.ending import cancelled, explained, failed, refused, shown, unknown, unshown
from parley_server.lsp.feed import Feed
from parley_server.lsp.running_request import RunningRequest, Wish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_providers.tally import Spent
    from parley_server.lsp.feed import Link
    from parley_server.lsp.progress import Progress

logger = logging.getLogger(__name__)
MOST_KEPT = 64


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
        self._is_shut_down = False

    def same(self, wish: Wish) -> RunningRequest | None:
        """The request that runs already for the same wish about the same text; one that was cancelled is none."""
        running = (each for each in self._requests.values() if not each.outcome.done() and not each.is_cancelled)
        return next((each for each in running if each.is_same(wish)), None)

    def start(self, wish: Wish, progress: Progress, request_id: str) -> RunningRequest:
        """Accept `wish`: its task starts, and its id is known at once; after the end it is cancelled."""
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
        if self._is_shut_down:  # it was still reading its document then
            running.cancel()
        return running

    def get(self, request_id: str) -> RunningRequest | None:
        """The request of that id, unless it is forgotten."""
        return self._requests.get(request_id)

    def cancel(self, request_id: str | None = None) -> tuple[str, ...]:
        """Cancel one request, or all; the ids of those that could be cancelled."""
        chosen = [each for each in self._requests.values() if request_id in (None, each.id)]
        return tuple(each.id for each in chosen if each.cancel())

    def cancel_document(self, uri: str) -> None:
        """The document was closed: nothing about it is wanted any more."""
        for each in self.under(uri):
            if each.is_renaming:
                each.is_renaming = False  # it is opened again, under another name
            elif each.uri == uri:
                each.cancel()

    def under(self, uri: str) -> tuple[RunningRequest, ...]:
        """The requests that run about a document, or about what is in a folder."""
        running = (each for each in self._requests.values() if not each.outcome.done())
        return tuple(each for each in running if moved(each.uri, uri, uri) is not None)

    def cancel_progress(self, token: str | int) -> None:
        """The person pressed cancel on a progress bar."""
        for each in self._requests.values():
            if each.progress.token == token:
                each.cancel()

    def shut_down(self) -> None:
        """Cancel everything, even what waits for the editor, and what is started from now on."""
        self._is_shut_down = True
        for each in self._requests.values():
            if each.task is not None:
                each.task.cancel()

    async def ended(self) -> None:
        """Wait until every task is done, and told its outcome."""
        tasks = [each.task for each in self._requests.values() if each.task is not None]
        if tasks:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # for the callbacks of the last one

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
        match running.wish.proposed or await self._last(running):
            case Proposed() as proposed:
                return await self._propose(running, proposed)
            case Refused() as refusal:
                return refused(running.id, refusal)
            case Explained() as explanation:
                return await self._explain(running, explanation)

    async def _last(self, running: RunningRequest) -> Proposed | Refused | Explained:
        """What the work ends with, after it has ended and is written down."""
        async with aclosing(self._work(running.wish.request)) as events:
            async for event in events:
                if isinstance(event, (Proposed, Refused, Explained)):
                    return event
                self._tell(running, event)
        raise RuntimeError("a refactoring ended without an outcome")

    async def _propose(self, running: RunningRequest, proposed: Proposed) -> wire.Finished:
        wish = running.wish
        agreed = wish.proposed is not None
        wanted = Wanted(request=wish.request, proposed=proposed, confirm=wish.confirm, agreed=agreed)
        if wish.apply is None:
            applied = Applied(outcome="diff", message=proposed.evidence, wanted=wanted, keeps=True)
        else:
            applied = await wish.apply(wanted, running)
        running.applied = applied
        return await shown(running.id, applied)

    async def _explain(self, running: RunningRequest, event: Explained) -> wire.Finished:
        if running.wish.show is not None:
            await running.wish.show(running.id, event.text)
        return explained(running.id, event)

    def _tell(self, running: RunningRequest, event: RefactorEvent) -> None:
        match event:
            case Streamed(text=text):
                running.tokens += 1
                running.feed.stream(text)
                running.progress.report(f"{running.tokens} token{'' if running.tokens == 1 else 's'}")
            case Reading(share=share):
                running.progress.report(f"the model reads: {share:.0%}", percentage=int(share * 100))
            case Restarted():
                running.tokens = 0
        notification = to_wire.notification(event, running.id)
        if notification is not None:
            running.feed.tell(notification)
            running.progress.report(_phase(notification))

    def _settle(self, running: RunningRequest) -> None:
        """The task ended; one that was cancelled, perhaps before it began, has its outcome here."""
        if running.outcome.done():
            return
        refusal = running.refusal
        self._finish(running, _given_up(running) if refusal is None else refused(running.id, refusal))

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


def _given_up(running: RunningRequest) -> wire.Finished:
    """How a request ended that was cancelled; what was with the editor by then is not taken back."""
    if not running.with_editor:
        return cancelled(running.id, kept=running.wish.proposed is not None)
    return unknown(running.id) if running.applied is None else unshown(running.id, running.applied)


def _phase(notification: wire.Notification) -> str:  # noqa: PLR0911 - one for each
    match notification:
        case wire.Waiting(position=position):
            return "waiting, next in line" if position == 1 else f"waiting, {_ordinal(position)} in line"
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


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


_INTERNAL = "Parley failed by its own fault ({error}); nothing was changed. `parley serve --log-file FILE` logs more."
