"""A front end's way along the stored events: by a router and a bus, from a position on, whatever becomes of the store.

Which events go to which topic is decided in `app.routing`; what a front end does with them is its own affair.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from parley_events.bus import Message
from parley_events.errors import DamagedEventError, EventStoreError, SlowSubscriberError, StoreBehindError
from parley_events.router import APPROVALS, CLARIFICATIONS, EVENTS
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_events.bus import Bus
    from parley_events.router import EventRouter
    from parley_events.store import EventStore, Trouble

logger = logging.getLogger(__name__)
LONGEST_PAUSE_S = 60.0
ANSWER_S = 10.0
TOPICS = (EVENTS, CLARIFICATIONS, APPROVALS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a front end has been told: of every event up to `position`, None where that is not known yet.

    `is_following`: what comes after it is told from now on. `problem`: why it is not, or what is missing before it.
    """

    position: int | None
    is_following: bool
    problem: str = ""


Told: TypeAlias = Message | Standing
Connect: TypeAlias = "Callable[[EventStore, int, Callable[[Trouble], None]], tuple[EventRouter, Bus]]"


class Stores(Protocol):
    """Where the event store comes from."""

    @property
    def problem(self) -> str:
        """Why there is none at present, or nothing."""
        ...

    async def store(self) -> EventStore | None:
        """The store; None while it cannot be opened."""
        ...


class EventFollowing:
    """Tells one front end of every event after a position: in order, each once, and how it stands in between.

    Args:
        stores: Where the event store comes from; a lost one is looked for again and again.
        connect: Makes the router that publishes a store's events after a position, and the bus that it publishes to.
        tell: Takes one message; while it waits, no more are read.
        after: The position of the last event that the front end knows of; None is only for what is stored from now on.
        pause: Waits so many seconds.
        answer_s: How long the store may take to answer, in seconds, before the front end is told; it is asked again and
            again, because a database that is away for a moment loses nothing, and its followers only wait.
    """

    def __init__(
        self,
        stores: Stores,
        connect: Connect,
        tell: Callable[[Told], Awaitable[None]],
        *,
        after: int | None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._stores, self._connect, self._tell, self._pause = stores, connect, tell, pause
        self._answer_s = answer_s
        self._position = None if after is None else max(0, after)
        self._told: Standing | None = None
        self._attempt = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except* SlowSubscriberError:
                pass  # nothing is lost: it is read again behind what was told
            except* EventStoreError as found:
                await self._not_told(str(_first(found)))
            self._attempt += 1
            await self._pause(min(LONGEST_PAUSE_S, backoff_s(1) * 2.0 ** min(self._attempt - 1, 20)))

    async def _follow(self) -> None:
        """Tell what comes until the store, or this front end's place on the bus, is lost."""
        store = await self._stores.store()
        if store is None:
            if self._stores.problem:
                await self._stand(problem=self._stores.problem)
            return
        head, seen = await self._head(store), self._position
        lost = "" if seen is None or seen <= head else str(StoreBehindError(head=head, seen=seen))
        self._position = position = head if seen is None or lost else seen
        await store.load_from(position, limit=1)  # what cannot be read is not promised
        async with asyncio.TaskGroup() as group:

            def report(trouble: Trouble) -> None:
                if isinstance(trouble.error, DamagedEventError):
                    logger.warning("an event is left out: %s", trouble.error)
                else:
                    group.create_task(_give_up(trouble), name="parley-events-trouble")

            router, bus = self._connect(store, position, report)
            async with bus.listening(*TOPICS) as messages:
                group.create_task(router.run(), name="parley-event-router")
                await self._stand(problem=lost, is_following=True)
                group.create_task(self._watch(store), name="parley-events-watch")
                async for message in messages:
                    await self._stand(is_following=True)
                    await self._tell(message)
                    self._position, self._attempt = message.position, 0

    async def _watch(self, store: EventStore) -> None:
        """Tell when the store does not answer for long, and that it does again."""
        while True:
            await asyncio.sleep(self._answer_s)
            await self._head(store)
            await self._stand(is_following=True)

    async def _head(self, store: EventStore) -> int:
        """The store's head, however long it takes; that it takes long is told."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(store.head(), name="parley-events-ask")
            await asyncio.wait([asking], timeout=self._answer_s)
            if not asking.done():
                await self._not_told(
                    f"The event store has not answered for {self._answer_s:g} s. What is stored meanwhile is told when "
                    "it does."
                )
        return asking.result()

    async def _not_told(self, problem: str) -> None:
        if await self._stand(problem=problem):
            logger.warning("an editor is not told of events: %s", problem)

    async def _stand(self, *, problem: str = "", is_following: bool = False) -> bool:
        """Tell how it stands, if that is news; whether it was."""
        told = self._told
        is_news = told is None or told.is_following != is_following or problem not in ("", told.problem)
        if is_news:
            self._told = Standing(position=self._position, is_following=is_following, problem=problem)
            await self._tell(self._told)
        return is_news


async def _give_up(trouble: Trouble) -> None:
    """The router would try again, but the front end is to know, and an older copy of a store is begun anew."""
    raise trouble.error


def _first(error: BaseException) -> BaseException:
    """The first of the errors in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
