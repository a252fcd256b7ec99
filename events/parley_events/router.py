"""The event router: brings stored events to topics, and commands from topics to those who carry them out.

It knows types by their registered name only. Which of them are plans', threads' or a front end's affair is said where
they are registered.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from parley_events.bus import Message
from parley_events.errors import DamagedEventError, EventStoreError, StoreClosedError, StoreUnusableError
from parley_events.events import Query
from parley_events.store import Trouble
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from parley_events.bus import Bus
    from parley_events.events import RecordedEvent
    from parley_events.store import EventStore

EVENTS: Final = "front-end.events"
CLARIFICATIONS: Final = "front-end.clarifications"
APPROVALS: Final = "front-end.approvals"
UNUSABLE_S: Final = 60.0
REMEMBERED_MESSAGES: Final = 10_000

Receiver: TypeAlias = "Callable[[Message], Awaitable[None]]"


class EventRouter:
    """Between a store and a bus.

    Args:
        store: Its new events are published.
        bus: Where to.
        name: The durable cursor: a router that starts again goes on where it was, so that every event is published at
            least once. A message that comes again has the same id. None for listeners who know themselves how far they
            came.
        report: Is told of trouble: what is tried again and when, events that cannot be read, and commands that are
            refused or have no receiver.
        after: The position after which events are published; the cursor's, if that is further.
    """

    def __init__(
        self, store: EventStore, bus: Bus, *, name: str | None, report: Callable[[Trouble], None], after: int = 0
    ) -> None:
        self._store, self._bus, self._name, self._report, self._after = store, bus, name, report, after
        self._topics: dict[str, list[str]] = {}
        self._receivers: dict[str, dict[str, Receiver]] = {}
        self._handled: dict[tuple[str, str], None] = {}
        self._is_running = False

    def publish(self, event_type: str, topic: str) -> None:
        """Bring every event of a type to a topic; a type may go to several.

        Raises:
            RuntimeError: the router runs already.
        """
        self._check_not_running()
        topics = self._topics.setdefault(event_type, [])
        if topic not in topics:
            topics.append(topic)

    def receive(self, topic: str, command_type: str, receiver: Receiver) -> None:
        """Bring every command of a type that comes on a topic to a receiver, one after the other.

        A command that comes again, with the same id, is left out if it was carried out; one that was refused is tried
        again. That is remembered for the last commands only, and not beyond this process: a receiver that must be sure
        uses the id for its events, or for an event's message `Runner.run(…, advance=…)`.

        Raises:
            ValueError: the topic has a receiver for that type already.
            RuntimeError: the router runs already.
        """
        self._check_not_running()
        receivers = self._receivers.setdefault(topic, {})
        if command_type in receivers:
            raise ValueError(f"Commands of type {command_type!r} on {topic!r} have a receiver already.")
        receivers[command_type] = receiver

    async def run(self, started: asyncio.Event | None = None) -> None:
        """Route until cancelled; once the store is closed, commands alone. `started`: every command topic is heard.

        Trouble of the store or the bus ends nothing: it is reported and tried again, and routing goes on behind the
        last event that was published.

        Raises:
            RuntimeError: it runs already.
        """
        self._check_not_running()
        self._is_running = True
        try:
            await self._run(started)
        finally:
            self._is_running = False

    async def _run(self, started: asyncio.Event | None) -> None:
        heard = {topic: asyncio.Event() for topic in self._receivers}
        async with asyncio.TaskGroup() as group:
            for topic in self._receivers:
                receive = partial(self._receive, topic, heard[topic])
                group.create_task(self._persist(f"receiving commands of {topic}", receive), name=f"commands of {topic}")
            for event in heard.values():
                await event.wait()
            if started is not None:
                started.set()
            if self._topics:
                group.create_task(self._persist("publishing events", self._publish), name="events to topics")

    async def _persist(self, what: str, steps: Callable[[], AsyncGenerator[None, None]]) -> None:
        """Take steps until the store is closed; after trouble begin again, later each time that no step is taken."""
        attempt = 0
        while True:
            try:
                async with aclosing(steps()) as taken:
                    async for _ in taken:
                        attempt = 0
            except StoreClosedError:
                return
            except EventStoreError as error:
                attempt += 1
                delay_s = UNUSABLE_S if isinstance(error, StoreUnusableError) else backoff_s(attempt)
                self._report(Trouble(what=what, error=error, attempt=attempt, retry_in_s=delay_s))
                await asyncio.sleep(delay_s)
            else:
                return

    async def _publish(self) -> AsyncGenerator[None, None]:
        query = Query(event_types=tuple(self._topics))
        async with self._store.subscribe(query, after=self._after, name=self._name) as events:
            async for event in events:
                for message in self._messages_of(event):
                    await self._bus.publish(message)
                self._after = event.position
                yield

    def _messages_of(self, event: RecordedEvent) -> list[Message]:
        """The event for each of its topics; nothing of one that is damaged, which must not hold up all after it."""
        try:
            return [message_of(event, topic) for topic in self._topics[event.event_type]]
        except DamagedEventError as damaged:
            self._report(Trouble(what="publishing events", error=damaged, attempt=1, retry_in_s=0.0))
            return []

    async def _receive(self, topic: str, heard: asyncio.Event) -> AsyncGenerator[None, None]:
        async with self._bus.listening(topic) as messages:
            heard.set()
            async for message in messages:
                await self._hand_over(message)
                yield

    async def _hand_over(self, message: Message) -> None:
        handled = (message.topic, message.message_id)
        if handled in self._handled:
            return
        receiver = self._receivers[message.topic].get(message.kind)
        if receiver is None:
            self._refused(message, LookupError(f"Nobody receives {message.kind!r} on {message.topic!r}."))
            return
        try:
            await receiver(message)
        except Exception as error:  # noqa: BLE001 - the boundary: one command that fails must not stop the others
            self._refused(message, error)
            return
        self._handled[handled] = None
        if len(self._handled) > REMEMBERED_MESSAGES:
            del self._handled[next(iter(self._handled))]

    def _refused(self, message: Message, error: Exception) -> None:
        self._report(Trouble(what=f"the command {message.kind}", error=error, attempt=1, retry_in_s=0.0))

    def _check_not_running(self) -> None:
        if self._is_running:
            raise RuntimeError("The event router runs already. Say what goes where before it is started.")


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
