"""Messages on topics, in process: how events reach those who act on them, and commands those who decide.

What is published where belongs to `parley_events.router`; another bus need only do what `Bus` says.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from parley_events.events import Metadata

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from parley_events.events import JsonObject

QUEUE_MESSAGES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event or a command on its way.

    `kind` is the registered name of its type. `message_id` stays the same when a message comes again. For an event it
    is the event's id; what comes after `metadata` says where and when it is stored, and the version of its type.
    """

    topic: str
    kind: str
    message_id: str
    data: JsonObject = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    stream_id: str = ""
    aggregate_id: str = ""
    sequence: int = 0
    position: int = 0
    version: int = 1
    created_at: datetime | None = None


class Bus(Protocol):
    """Brings each message to everybody who listens to its topic, in the order of publishing."""

    async def publish(self, message: Message) -> None:
        """Bring a message on its way; waits while a listener's queue is full."""
        ...

    def listening(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Message]]:
        """The messages of these topics from now on, as long as the context lasts, in the order of publishing."""
        ...


class InProcessBus:
    """A `Bus` of bounded queues.

    Args:
        queue_messages: How many messages a listener may be behind before publishers wait for it.
    """

    def __init__(self, *, queue_messages: int = QUEUE_MESSAGES) -> None:
        self._queue_messages = queue_messages
        self._listeners: dict[str, set[_Listener]] = {}

    async def publish(self, message: Message) -> None:
        """See `Bus`. A message to a topic that nobody listens to is gone; its event is in the store."""
        for listener in tuple(self._listeners.get(message.topic, ())):
            await listener.put(message)

    @asynccontextmanager
    async def listening(self, *topics: str) -> AsyncGenerator[AsyncIterator[Message], None]:
        """See `Bus`."""
        listener = _Listener(self._queue_messages)
        for topic in topics:
            self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            for topic in topics:
                self._listeners[topic].discard(listener)
            await listener.leave()


class _Listener:
    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._messages: deque[Message] = deque()
        self._changed = asyncio.Condition()
        self._left = False

    async def put(self, message: Message) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._left or len(self._messages) < self._bound)
            self._messages.append(message)
            self._changed.notify_all()

    async def leave(self) -> None:
        """Let publishers that wait for this listener go on."""
        async with self._changed:
            self._left = True
            self._changed.notify_all()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._messages))
            self._changed.notify_all()
            return self._messages.popleft()
