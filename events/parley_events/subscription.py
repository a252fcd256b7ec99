"""A subscription: the stored events of a query, then the new ones, by the same query, none missed or doubled between.

Noticing new events belongs to `parley_events.feed`; where durable cursors are kept, to the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from parley_events.errors import (
    EventStoreError,
    SlowSubscriberError,
    StoreBehindError,
    StoreBusyError,
    StoreUnavailableError,
)
from parley_events.store import Cursor, Trouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from parley_events.events import Query, RecordedEvent
    from parley_events.feed import Feed, Listener

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

PAGE_EVENTS = 500
SAVE_EVENTS = 100
SAVE_EVERY_S = 0.5
LAST_SAVE_S = 5.0


class Source(Protocol):
    """What a subscription needs of its store."""

    async def load_from(self, position: int, query: Query = ..., *, limit: int = ...) -> list[RecordedEvent]:
        """See `EventStore`."""
        ...

    async def head(self) -> int:
        """See `EventStore`."""
        ...

    async def cursor(self, name: str) -> int:
        """See `EventStore`."""
        ...

    async def save_cursor(self, cursor: Cursor) -> None:
        """See `EventStore`."""
        ...


class Subscription:
    """Events, one after the other, without an end.

    Use it as `async with store.subscribe(…) as events: async for event in events: …`. Asking for the next event says
    that the one before was dealt with; a named subscription saves that as its cursor now and then, when it rests, and
    when it is closed. So after a crash the last few events may come again, never fewer. A name is one subscriber's at a
    time: the cursor of two would be that of the faster one.

    Trouble that passes is reported and waited out. After an error the subscription has ended, and asking on brings the
    same error: whoever goes on subscribes anew, by the same name or after `position`. Only closing it makes
    `async for` come to its end.

    Raises, while iterated:
        ValueError: this store's subscribers have one of that name already.
        SlowSubscriberError: it fell too far behind; what was queued came first.
        StoreClosedError: the store was closed.
        StoreBehindError: the store ends before the position that this one is to resume after.
    """

    def __init__(
        self,
        source: Source,
        feed: Feed,
        query: Query,
        *,
        after: int,
        name: str | None,
        report: Callable[[Trouble], None],
    ) -> None:
        if query.until is not None or query.until_sequence is not None:
            raise ValueError("A subscription has no end: its query cannot have `until` or `until_sequence`.")
        self._source, self._feed, self._query, self._name, self._report = source, feed, query, name, report
        self._buffer: deque[RecordedEvent] = deque()
        self._listener: Listener | None = None
        self._after = after
        self._position: int | None = None
        self._read_to = after
        self._done = self._saved = after
        self._save_at = 0.0
        self._failed_saves = 0
        self._ended: EventStoreError | None = None
        self._closed = False

    @property
    def position(self) -> int:
        """The position of the event that was given last: what to resume after."""
        return self._after if self._position is None else self._position

    async def __aenter__(self) -> Self:
        """Nothing is read before the first event is asked for."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it."""
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[RecordedEvent]:
        """It is its own iterator."""
        return self

    async def __anext__(self) -> RecordedEvent:
        """The next event, which says that the one before was dealt with."""
        if self._closed:
            raise StopAsyncIteration
        if self._ended is not None:
            raise self._ended
        try:
            return await self._next()
        except EventStoreError as error:
            self._ended = error
            self._leave()
            raise

    async def aclose(self) -> None:
        """Leave, and save the cursor up to the last event that was dealt with.

        A store that does not answer is not waited for: then those events come again.
        """
        if self._closed:
            return
        self._closed = True
        self._leave()
        try:
            async with asyncio.timeout(LAST_SAVE_S):
                await self._save()
        except TimeoutError:
            silent = StoreUnavailableError(f"The event store did not answer within {LAST_SAVE_S:g} s.")
            self._tell(f"saving the cursor {self._name}", silent, self._failed_saves + 1, 0.0)
        finally:
            self._feed.release(self)

    async def acknowledge(self) -> None:
        """Say now that the last event was dealt with, and save that."""
        self._done = self.position
        await self._save()

    async def _next(self) -> RecordedEvent:
        if self._position is None:
            await self._start()
        else:
            self._done = self._position
        await self._save_if_due()
        while (event := self._next_queued()) is None:
            if self._listener is None:
                await self._catch_up()
            else:
                await self._wait(self._listener)
        self._position = event.position
        return event

    async def _start(self) -> None:
        if self._name is not None:
            name = self._name
            self._feed.claim(name, self)
            self._after = max(self._after, await self._patiently(lambda: self._source.cursor(name)))
        self._position = self._read_to = self._done = self._saved = self._after

    def _next_queued(self) -> RecordedEvent | None:
        if self._buffer:
            return self._buffer.popleft()
        if self._listener is None:
            return None
        queue = self._listener.events
        while queue:
            event = queue.popleft()
            if event.position > self._read_to:
                return event
        return None

    async def _catch_up(self) -> None:
        """Read the next page; at the last one join the feed, and read once more what came before joining."""
        if await self._read_page():
            return
        listener, joined_at = await self._patiently(lambda: self._feed.join(self._query))
        try:
            if not await self._read_until(joined_at, listener):
                return
            self._listener = listener
        finally:  # who is cancelled, or cut off, while it reads begins again with reading
            if self._listener is None:
                self._feed.leave(listener)

    async def _read_until(self, joined_at: int, listener: Listener) -> bool:
        """Read what comes before a listener's events; whether it was not cut off meanwhile."""
        if joined_at > self._read_to:
            while await self._read_page():
                if listener.cut_off:
                    return False
        elif joined_at < self._read_to and (head := await self._patiently(self._source.head)) < self._read_to:
            raise StoreBehindError(head=head, seen=self._read_to)
        return True

    async def _read_page(self) -> bool:
        """Whether there may be another page."""
        after = self._read_to
        page = await self._patiently(lambda: self._source.load_from(after, self._query, limit=PAGE_EVENTS))
        self._buffer.extend(page)
        if page:
            self._read_to = page[-1].position
        return len(page) == PAGE_EVENTS

    async def _wait(self, listener: Listener) -> None:
        if listener.cut_off:
            raise SlowSubscriberError(
                f"A subscriber{f' ({self._name})' if self._name else ''} fell too far behind and was cut off. "
                f"Nothing is lost: subscribe again after position {self.position}.",
                position=self.position,
            )
        if listener.failure is not None:
            raise listener.failure
        if self._name is None or self._saved == self._done:
            await listener.ready()
            return
        try:
            async with asyncio.timeout_at(self._save_at):
                await listener.ready()
        except TimeoutError:
            await self._save()

    async def _save_if_due(self) -> None:
        if self._name is None or self._done == self._saved:
            return
        is_time = asyncio.get_running_loop().time() >= self._save_at
        if is_time or (self._done - self._saved >= SAVE_EVENTS and not self._failed_saves):
            await self._save()

    async def _save(self) -> None:
        if self._name is None or self._done == self._saved:
            return
        pause_s = SAVE_EVERY_S
        try:
            await self._source.save_cursor(Cursor(name=self._name, position=self._done))
        except EventStoreError as error:  # it costs events that come again after a crash, and nothing else
            self._failed_saves += 1
            pause_s = max(SAVE_EVERY_S, backoff_s(self._failed_saves))
            self._tell(f"saving the cursor {self._name}", error, self._failed_saves, pause_s)
        else:
            self._saved = self._done
            self._failed_saves = 0
        self._save_at = asyncio.get_running_loop().time() + pause_s

    async def _patiently(self, read: Callable[[], Awaitable[ResultT]]) -> ResultT:
        attempt = 0
        while True:
            try:
                return await read()
            except (StoreBusyError, StoreUnavailableError) as error:
                attempt += 1
                delay_s = backoff_s(attempt)
                self._tell("reading events", error, attempt, delay_s)
                await asyncio.sleep(delay_s)

    def _tell(self, what: str, error: EventStoreError, attempt: int, retry_in_s: float) -> None:
        logger.warning("%s: %s", what, error)
        self._report(Trouble(what=what, error=error, attempt=attempt, retry_in_s=retry_in_s))

    def _leave(self) -> None:
        if self._listener is not None:
            self._feed.leave(self._listener)
            self._listener = None


def backoff_s(attempt: int) -> float:
    """How long to wait before trying for the `attempt`th time again, in seconds: 0.05, doubled each time, 5 at most."""
    return min(5.0, 0.05 * 2.0 ** min(attempt - 1, 10))
