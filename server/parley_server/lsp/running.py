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
from parley_server.lsp.applying import Applied, Wanted
from parley_server.lsp.ending import cancelled, explained, failed, refused, shown, unknown
from parley_server.lsp.feed import Feed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_providers.tally import Spent
    from parley_server.lsp.feed import Link
    from parley_server.lsp.progress import Progress
    from parley_server.lsp.sending import Stage

logger = logging.getLogger(__name__)
MOST_KEPT = 64


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
        self._withdraw: Callable[[], None] | None = None
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
        """Cancel it, unless it has ended, or the editor carries out its edit already."""
        if self.task is None or self.outcome.done():
            return False
        if not self.with_editor:
            return self.task.cancel()
        if self._withdraw is None:
            return False
        self._withdraw()
        return True

    def is_same(self, wish: Wish) -> bool:
        """Whether the same is wished for, of the same text."""
        return _unnamed(self.wish) == _unnamed(wish)


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

    def same(self, wish: Wish) -> RunningRequest | None:
        """The request that runs already for the same wish about the same text."""
        running = (each for each in self._requests.values() if not each.outcome.done())
        return next((each for each in running if each.is_same(wish)), None)

    def start(self, wish: Wish, progress: Progress, request_id: str) -> RunningRequest:
        """Accept `wish`: its task starts, and its id is known at once."""
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
        return tuple(each.id for each in chosen if each.cancel())

    def cancel_document(self, uri: str) -> None:
        """The document was closed: nothing about it is wanted any more."""
        for each in self._requests.values():
            if each.uri == uri:
                each.cancel()

    def cancel_progress(self, token: str | int) -> None:
        """The person pressed cancel on a progress bar."""
        for each in self._requests.values():
            if each.progress.token == token:
                each.cancel()

    def shut_down(self) -> None:
        """Cancel everything, even what waits for the editor."""
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
            self._finish(running, unknown(running.id) if running.with_editor else cancelled(running.id))

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


def _unnamed(wish: Wish) -> Wish:
    return replace(wish, request=replace(wish.request, correlation_id=""))


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
