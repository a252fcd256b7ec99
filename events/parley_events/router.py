"""The event router: brings stored events to topics, and commands from topics to those who carry them out.

It knows types by their registered name only. Which of them are plans', threads' or a front end's affair is said where
they are registered.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeAlias

from parley_events.bus import Message
from parley_events.events import Query
from parley_events.store import Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_events.bus import Bus
    from parley_events.events import RecordedEvent
    from parley_events.store import EventStore

EVENTS: Final = "front-end.events"
CLARIFICATIONS: Final = "front-end.clarifications"
APPROVALS: Final = "front-end.approvals"

Receiver: TypeAlias = "Callable[[Message], Awaitable[None]]"


class EventRouter:
    """Between a store and a bus.

    Args:
        store: Its new events are published.
        bus: Where to.
        name: The durable cursor: a router that starts again goes on where it was, so that every event is published at
            least once. A message that comes again has the same id. None for listeners who know themselves how far they
            came.
        report: Is told when a receiver refuses a command.
        after: The position after which events are published; the cursor's, if that is further.
    """

    def __init__(
        self, store: EventStore, bus: Bus, *, name: str | None, report: Callable[[Trouble], None], after: int = 0
    ) -> None:
        self._store, self._bus, self._name, self._report, self._after = store, bus, name, report, after
        self._topics: dict[str, list[str]] = {}
        self._receivers: dict[str, dict[str, Receiver]] = {}

    def publish(self, event_type: str, topic: str) -> None:
        """Bring every event of a type to a topic; a type may go to several."""
        topics = self._topics.setdefault(event_type, [])
        if topic not in topics:
            topics.append(topic)

    def receive(self, topic: str, command_type: str, receiver: Receiver) -> None:
        """Bring every command of a type that comes on a topic to a receiver.

        Raises:
            ValueError: the topic has a receiver for that type already.
        """
        receivers = self._receivers.setdefault(topic, {})
        if command_type in receivers:
            raise ValueError(f"Commands of type {command_type!r} on {topic!r} have a receiver already.")
        receivers[command_type] = receiver

    async def run(self, started: asyncio.Event | None = None) -> None:
        """Route until cancelled. `started` is set once every command topic is listened to."""
        ready = asyncio.Semaphore(0)
        async with asyncio.TaskGroup() as group:
            for topic, receivers in self._receivers.items():
                group.create_task(self._receive(topic, receivers, ready), name=f"commands of {topic}")
            for _ in self._receivers:
                await ready.acquire()
            if started is not None:
                started.set()
            if self._topics:
                group.create_task(self._publish(), name="events to topics")

    async def _publish(self) -> None:
        query = Query(event_types=tuple(self._topics))
        async with self._store.subscribe(query, after=self._after, name=self._name) as events:
            async for event in events:
                for topic in self._topics[event.event_type]:
                    await self._bus.publish(message_of(event, topic))

    async def _receive(self, topic: str, receivers: dict[str, Receiver], ready: asyncio.Semaphore) -> None:
        async with self._bus.listening(topic) as messages:
            ready.release()
            async for message in messages:
                await self._hand_over(message, receivers.get(message.kind))

    async def _hand_over(self, message: Message, receiver: Receiver | None) -> None:
        try:
            if receiver is None:
                raise LookupError(f"Nobody receives commands of type {message.kind!r} on {message.topic!r}.")  # noqa: TRY301
            await receiver(message)
        except Exception as error:  # noqa: BLE001 - the boundary: one command that fails must not stop the others
            self._report(Trouble(what=f"the command {message.kind}", error=error, attempt=1, retry_in_s=0.0))


def message_of(event: RecordedEvent, topic: str) -> Message:
    """The event as a message."""
    return Message(
        topic=topic,
        kind=event.event_type,
        message_id=event.event_id,
        data=event.data,
        metadata=event.metadata,
        stream_id=event.stream_id,
        aggregate_id=event.aggregate_id,
        sequence=event.sequence,
        position=event.position,
        version=event.event_version,
        created_at=event.created_at,
    )
