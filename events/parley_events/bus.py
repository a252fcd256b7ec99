"""Messages on topics, in process: how events reach those who act on them, and commands those who decide.

What is published where belongs to `parley_events.router`; another bus need only do what `Bus` says.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from parley_events.errors import SlowSubscriberError, UndeliveredError
from parley_events.events import Metadata

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from parley_events.events import JsonObject

QUEUE_MESSAGES = 1000
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event or a command on its way.

    `kind` is the registered name of its type. `message_id` stays the same when a message comes again. For an event it
    is the event's id; what comes after `metadata` says where and when it is stored, and the version of its type. A
    command is stored nowhere: its position is 0.
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
        """Bring a message on its way. It never waits for a listener without end.

        A listener that is too slow is cut off, and the others get the message all the same. An event can be read again
        from the store, so that nobody listens to it is no error.

        Raises:
            UndeliveredError: a command did not reach everybody who listens, or nobody does.
        """
        ...

    def listening(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Message]]:
        """The messages of these topics from now on, as long as the context lasts, in the order of publishing.

        Raises, while iterated:
            SlowSubscriberError: it was cut off; what was queued came first. It stays so: listen anew, and read the
                events after its `position` from the store.
        """
        ...


class InProcessBus:
    """A `Bus` of bounded queues.

    Args:
        queue_messages: How many messages a listener may be behind before publishers wait for it.
        patience_s: For how long, all in all until it has caught up, in seconds; then it is cut off.
    """

    def __init__(self, *, queue_messages: int = QUEUE_MESSAGES, patience_s: float = PATIENCE_S) -> None:
        self._queue_messages = queue_messages
        self._patience_s = patience_s
        self._topics: dict[str, _Topic] = {}

    async def publish(self, message: Message) -> None:
        """See `Bus`."""
        topic = self._topics.get(message.topic)
        is_delivered = topic is not None and await topic.publish(message)
        if not is_delivered and message.position == 0:
            raise UndeliveredError(
                f"The command {message.kind} ({message.message_id}) did not reach everybody on {message.topic!r}: "
                f"{'nobody listens' if topic is None else 'who listens there is behind, or left'}. Send it again, with "
                "the same id."
            )

    @asynccontextmanager
    async def listening(self, *topics: str) -> AsyncGenerator[AsyncIterator[Message], None]:
        """See `Bus`."""
        topics = tuple(dict.fromkeys(topics))
        listener = _Listener(topics, self._queue_messages, self._patience_s)
        for topic in topics:
            self._topics.setdefault(topic, _Topic()).listeners[listener] = None
        try:
            yield listener
        finally:
            listener.leave()
            for topic in topics:
                del self._topics[topic].listeners[listener]
                if not self._topics[topic].listeners:
                    del self._topics[topic]


class _Topic:
    def __init__(self) -> None:
        self.listeners: dict[_Listener, None] = {}  # in the order in which they came
        self._publishing = asyncio.Lock()  # every listener gets messages in one order, though one is waited for

    async def publish(self, message: Message) -> bool:
        """Whether it reached everybody, and somebody; who has room gets it first."""
        async with self._publishing:
            listeners = sorted(self.listeners, key=lambda each: each.is_full)
            reached = [await each.put(message) for each in listeners]
        return True in reached and False not in reached


class _Listener:
    def __init__(self, topics: tuple[str, ...], bound: int, patience_s: float) -> None:
        self._topics, self._bound = topics, bound
        self._patience_s = self._patience_left_s = patience_s
        self._messages: deque[Message] = deque()
        self._position = 0
        self._putting = asyncio.Lock()  # publishers to several of its topics wait one after the other
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._is_cut_off = self._has_left = False

    @property
    def is_full(self) -> bool:
        return len(self._messages) >= self._bound

    async def put(self, message: Message) -> bool | None:
        """Queue it, or cut this listener off if there is no room in time; None if it was cut off before, or left."""
        async with self._putting:
            if self.is_full and self._patience_left_s > 0:
                await self._wait_for_room()
            if self._has_left or self._is_cut_off:
                return None
            self._news.set()
            self._is_cut_off = self.is_full
            if not self._is_cut_off:
                self._messages.append(message)
            return not self._is_cut_off

    def leave(self) -> None:
        """Let who waits for this listener go on."""
        self._has_left = True
        self._room.set()
        self._news.set()

    def __aiter__(self) -> AsyncIterator[Message]:
        return self

    async def __anext__(self) -> Message:
        while not self._messages:
            if self._has_left:
                raise StopAsyncIteration
            if self._is_cut_off:
                raise self._too_slow()
            self._patience_left_s = self._patience_s
            self._news.clear()
            await self._news.wait()
        message = self._messages.popleft()
        self._position = max(self._position, message.position)
        self._room.set()
        return message

    async def _wait_for_room(self) -> None:
        began = asyncio.get_running_loop().time()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_left_s):
                    while self.is_full and not self._has_left:
                        self._room.clear()
                        await self._room.wait()
        finally:  # it was waited for, also by who gave up
            self._patience_left_s -= asyncio.get_running_loop().time() - began

    def _too_slow(self) -> SlowSubscriberError:
        return SlowSubscriberError(
            f"A listener to {', '.join(map(repr, self._topics))} fell too far behind and was cut off. No event is "
            f"lost: read those after position {self._position} from the store, and listen anew. Who sent commands was "
            "told.",
            position=self._position,
        )
