"""The fan-out of a store's new events to its subscribers, in process: one reader, many bounded queues.

Who notices new events (a writer of this process, a poll, a notification) belongs to each store, which hands them to
`Feed`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from parley_events.errors import EventStoreError, StoreClosedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from parley_events.events import Query, RecordedEvent

QUEUE_EVENTS = 10_000


class Tail(Protocol):
    """What follows a database for a feed while somebody listens."""

    def resume(self) -> None:
        """Somebody listens: read what comes after `Feed.position` and hand it to `Feed.deliver`."""
        ...

    def pause(self) -> None:
        """Nobody listens any more."""
        ...


class NoTail:
    """For a store whose only writer is this process."""

    def resume(self) -> None:
        """See `Tail`."""

    def pause(self) -> None:
        """See `Tail`."""


class Listener:
    """One subscriber's bounded queue."""

    def __init__(self, query: Query, bound: int) -> None:
        self.events: deque[RecordedEvent] = deque()
        self.cut_off = False
        self.failure: EventStoreError | None = None
        self._query = query
        self._bound = bound
        self._wake = asyncio.Event()

    def offer(self, events: Sequence[RecordedEvent]) -> None:
        """Queue those that the query chooses, or cut this listener off if they are too many."""
        if self.cut_off:
            return
        chosen = [event for event in events if self._query.matches(event)]
        if len(self.events) + len(chosen) > self._bound:
            self.cut_off = True
        else:
            self.events.extend(chosen)
        if chosen:
            self._wake.set()

    def fail(self, failure: EventStoreError) -> None:
        """Let the subscriber meet this error after what is queued."""
        self.failure = failure
        self._wake.set()

    async def ready(self) -> None:
        """Wait until there is an event, or a reason why none will come."""
        while not (self.events or self.cut_off or self.failure):
            self._wake.clear()
            await self._wake.wait()


class Feed:
    """The new events of one store, in order, to every listener.

    All methods belong to the event loop's thread.

    Args:
        head: Reads the store's position.
        tail: Follows the database while there are listeners.
        queue_events: How many events a listener may be behind before it is cut off.
    """

    def __init__(self, head: Callable[[], Awaitable[int]], tail: Tail, *, queue_events: int = QUEUE_EVENTS) -> None:
        self._head = head
        self._tail = tail
        self._queue_events = queue_events
        self._listeners: set[Listener] = set()
        self._position = 0
        self._joining = asyncio.Lock()
        self._named: WeakValueDictionary[str, object] = WeakValueDictionary()
        self._closed: EventStoreError | None = None

    @property
    def position(self) -> int:
        """The position of the last event that was handed out, while somebody listens."""
        return self._position

    async def join(self, query: Query) -> tuple[Listener, int]:
        """A listener for everything after the position that comes with it.

        Raises:
            StoreClosedError: there will be no new events.
        """
        async with self._joining:
            if not self._listeners and self._closed is None:
                self._position = await self._head()
            if self._closed is not None:  # perhaps meanwhile
                raise self._closed
            listener = Listener(query, self._queue_events)
            self._listeners.add(listener)
            self._tail.resume()
            return listener, self._position

    def leave(self, listener: Listener) -> None:
        """Forget a listener; one that left before may leave again."""
        self._listeners.discard(listener)
        if not self._listeners:
            self._tail.pause()

    def claim(self, name: str, follower: object) -> None:
        """Let one follower have a cursor's name until it releases it, or is gone.

        Raises:
            ValueError: another one has it.
        """
        if self._named.setdefault(name, follower) is not follower:
            raise ValueError(f"Somebody follows this store under the name {name!r} already. Choose another name.")

    def release(self, follower: object) -> None:
        """Give back the names that a follower has."""
        for name in [name for name, owner in self._named.items() if owner is follower]:
            del self._named[name]

    def committed(self, events: Sequence[RecordedEvent]) -> None:
        """Take what this process has just committed, if it follows at once on what was handed out.

        If another process's events lie between, the tail will read them all.
        """
        if events and events[0].position == self._position + 1:
            self._hand_out(events)

    def deliver(self, after: int, events: Sequence[RecordedEvent]) -> None:
        """Take everything there is after a position, as far as it goes."""
        if after <= self._position:
            self._hand_out([event for event in events if event.position > self._position])

    def fail(self, failure: EventStoreError) -> None:
        """Tell every listener that no more will come."""
        for listener in self._listeners:
            listener.fail(failure)

    def cut(self, failure: EventStoreError) -> None:
        """End every subscription with this error; whoever joins next begins at the store's head."""
        self.fail(failure)
        self._listeners.clear()
        self._tail.pause()

    def close(self) -> None:
        """End every subscription."""
        self._closed = StoreClosedError("The event store was closed, so its subscriptions end. Open it again to go on.")
        self.cut(self._closed)

    def _hand_out(self, events: Sequence[RecordedEvent]) -> None:
        if not events:
            return
        self._position = events[-1].position
        for listener in self._listeners:
            listener.offer(events)
