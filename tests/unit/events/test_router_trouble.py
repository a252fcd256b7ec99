"""What the event router outlives: a bus that fails, listeners and receivers that are too slow, its own slowness."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from parley_events import SlowSubscriberError, StoreUnavailableError, StoreUnusableError, UndeliveredError
from parley_events.bus import InProcessBus
from parley_events.router import EventRouter
from support.event_routing import message, running, told
from support.event_stores import Outside, eventually, happened, memory_store
from support.virtual_time import played


class Refusing:
    """A bus that refuses at first, with these errors (None: not). Then it takes all, and has no more to bring."""

    def __init__(self, *errors):
        self.errors, self.messages = list(errors), []

    @asynccontextmanager
    async def listening(self, topic):
        if self.errors:
            raise self.errors.pop(0)
        yield self

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    async def publish(self, message):
        self.messages.append(message)
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error


async def _publish_through(tmp_path, bus, kinds, trouble):
    """Store events of these types and route them until the cursor says that all are published; then close the store."""
    async with asyncio.TaskGroup() as group:
        async with memory_store(tmp_path, Outside()) as store:
            router = EventRouter(store, bus, name="router", report=trouble.append)
            for kind in kinds:
                router.publish(kind, "t")
                await store.append("s", "a", [happened(kind)], expected_sequence=None)
            running = group.create_task(router.run())
            await eventually(lambda: store.cursor("router"), len(kinds), within_s=120)
        await running


def test_a_bus_that_fails_is_tried_again_and_no_event_is_left_out(tmp_path):
    """Later each time, and reported; routing goes on at the event that did not get through."""
    trouble = []
    bus = Refusing(UndeliveredError("away"), StoreUnavailableError("away"))
    played(_publish_through(tmp_path, bus, ["One", "Two"], trouble))
    assert [message.kind for message in bus.messages] == ["One", "One", "One", "Two"]
    assert told(trouble) == [
        ("publishing events", "UndeliveredError", 1, 0.05),
        ("publishing events", "StoreUnavailableError", 2, 0.1),
    ]


def test_a_router_without_a_cursor_goes_on_where_it_was_too(tmp_path):
    """Trouble does not make it publish from the beginning again."""
    bus, trouble = Refusing(), []

    async def play():
        async with memory_store(tmp_path, Outside()) as store:
            router = EventRouter(store, bus, name=None, report=trouble.append, after=1)
            router.publish("Happened", "t")
            async with running(router):
                for number in range(4):
                    bus.errors = [UndeliveredError("away")] * (number == 3)
                    await store.append("s", "a", [happened()], expected_sequence=None)
                    await asyncio.sleep(1)
            return [message.position for message in bus.messages]

    assert played(play())[0] == [2, 3, 4, 4]


def test_a_step_that_succeeds_ends_the_waiting(tmp_path):
    """The next trouble is waited out from the beginning; what a person must mend is asked for once a minute."""
    trouble = []
    bus = Refusing(UndeliveredError("away"), StoreUnusableError("gone"), None, UndeliveredError("away"))
    _, seconds = played(_publish_through(tmp_path, bus, ["One", "Two"], trouble))
    assert told(trouble) == [
        ("publishing events", "UndeliveredError", 1, 0.05),
        ("publishing events", "StoreUnusableError", 2, 60.0),
        ("publishing events", "UndeliveredError", 1, 0.05),
    ]
    assert seconds > 60.0


def test_a_bus_that_cannot_be_listened_to_is_tried_again_until_it_has_no_more(tmp_path):
    """Commands are not given up because the bus was away when the router began."""
    trouble = []

    async def play():
        async with memory_store(tmp_path, Outside()) as store:
            bus = Refusing(UndeliveredError("away"), UndeliveredError("away"))
            router = EventRouter(store, bus, name="router", report=trouble.append)
            router.receive("commands", "Go", trouble.append)
            started = asyncio.Event()
            await router.run(started)
            assert started.is_set()

    played(play())
    assert told(trouble) == [
        ("receiving commands of commands", "UndeliveredError", 1, 0.05),
        ("receiving commands of commands", "UndeliveredError", 2, 0.1),
    ]


def test_a_router_has_started_once_it_hears_every_command_topic(tmp_path):
    """Listening may take a while on another bus: a command that is sent after `started` must not come too early."""
    heard = []

    class Distant(InProcessBus):
        @asynccontextmanager
        async def listening(self, *topics):
            async with super().listening(*topics) as messages:
                await asyncio.sleep(len(heard) + 1)
                heard.extend(topics)
                yield messages

    async def play():
        async with memory_store(tmp_path, Outside()) as store:
            router = EventRouter(store, Distant(), name="router", report=heard.append)
            for topic in ("near", "far"):
                router.receive(topic, "Go", heard.append)
            async with running(router):
                return sorted(heard)

    assert played(play())[0] == ["far", "near"]


def test_a_listener_that_never_reads_stops_neither_the_others_nor_the_cursor(tmp_path):
    """It is cut off, with the position to resume from; every event is published to who reads."""
    bus, trouble = InProcessBus(queue_messages=2), []

    async def play():
        async with bus.listening("t") as stuck, bus.listening("t") as reading, asyncio.TaskGroup() as group:

            async def read():
                return [(await anext(reading)).position for _ in range(5)]

            read_all = group.create_task(read())
            await _publish_through(tmp_path, bus, list("ABCDE"), trouble)
            given = [(await anext(stuck)).position for _ in range(2)]
            with pytest.raises(SlowSubscriberError, match="after position 2"):
                await anext(stuck)
            return read_all.result(), given

    assert played(play())[0] == ([1, 2, 3, 4, 5], [1, 2])
    assert trouble == []


def test_a_router_that_falls_behind_the_store_goes_on_where_it_was(tmp_path):
    """Its own subscription is cut off while it waits for a slow listener: it subscribes again, and says so."""
    bus, trouble = InProcessBus(queue_messages=1, patience_s=50.0), []

    async def play():
        async with memory_store(tmp_path, Outside(), queue_events=2) as store, bus.listening("t") as slow:
            router = EventRouter(store, bus, name="router", report=trouble.append)
            router.publish("Happened", "t")
            async with running(router):
                await asyncio.sleep(1)
                for _ in range(8):
                    await store.append("s", "a", [happened()], expected_sequence=None)
                    await asyncio.sleep(1)
                return [(await anext(slow)).position for _ in range(8)]

    assert played(play())[0] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert told(trouble) == [("publishing events", "SlowSubscriberError", 1, 0.05)]


def test_a_router_whose_receiver_is_too_slow_tells_it_and_listens_anew(tmp_path):
    """What was queued is carried out; the sender of what came too much is told; what comes later is carried out."""
    bus, trouble, received = InProcessBus(queue_messages=2, patience_s=1.0), [], []

    async def receive(message):
        received.append(message.message_id)
        await asyncio.sleep(10)

    async def play():
        async with memory_store(tmp_path, Outside()) as store:
            router = EventRouter(store, bus, name="router", report=trouble.append)
            router.receive("commands", "Go", receive)
            async with running(router):
                await bus.publish(message("commands", number=1))
                await asyncio.sleep(1)
                for number in (2, 3):
                    await bus.publish(message("commands", number=number))
                with pytest.raises(UndeliveredError, match=r"Go \(m4\) .* 'commands': who listens there is behind"):
                    await bus.publish(message("commands", number=4))
                await asyncio.sleep(40)
                await bus.publish(message("commands", number=4))
                await asyncio.sleep(1)

    played(play())
    assert received == ["m1", "m2", "m3", "m4"]
    assert told(trouble) == [("receiving commands of commands", "SlowSubscriberError", 1, 0.05)]
