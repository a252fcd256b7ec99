"""The event router: events to topics, commands from topics, and what it outlives."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from parley_events import (
    Metadata,
    SlowSubscriberError,
    StoreUnavailableError,
    StoreUnusableError,
    UndeliveredError,
)
from parley_events.bus import InProcessBus, Message
from parley_events.router import APPROVALS, CLARIFICATIONS, REMEMBERED_MESSAGES, EventRouter
from support.event_stores import START, Outside, eventually, happened, memory_store
from support.virtual_time import played


def _message(topic, kind="Go", number=0):
    return Message(topic=topic, kind=kind, message_id=f"m{number}", data={"number": number})


def _told(trouble):
    return [(each.what, type(each.error).__name__, each.attempt, each.retry_in_s) for each in trouble]


@asynccontextmanager
async def _running(router):
    started = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(router.run(started))
        await started.wait()
        try:
            yield
        finally:
            task.cancel()


async def test_events_go_to_the_topics_of_their_type(tmp_path):
    """Questions and approvals reach the front end; other events go where they are registered, or nowhere."""
    bus = InProcessBus()
    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, bus, name="router", report=lambda _: None)
        router.publish("QuestionAsked", CLARIFICATIONS)
        router.publish("QuestionAsked", CLARIFICATIONS)
        router.publish("QuestionAsked", "log")
        router.publish("ApprovalAsked", APPROVALS)
        async with (
            bus.listening(CLARIFICATIONS) as questions,
            bus.listening(APPROVALS) as approvals,
            bus.listening("log") as log,
            _running(router),
        ):
            metadata = Metadata(correlation_id="c")
            for kind in ("QuestionAsked", "Unrouted", "ApprovalAsked"):
                await store.append("s", "a", [happened(kind, event_id=kind)], expected_sequence=None, metadata=metadata)
            asked, approval = await anext(questions), await anext(approvals)
            assert (await anext(log)).kind == "QuestionAsked"
    assert asked == Message(
        topic=CLARIFICATIONS,
        kind="QuestionAsked",
        message_id="QuestionAsked",
        metadata=metadata,
        stream_id="s",
        aggregate_id="a",
        sequence=1,
        position=1,
        created_at=START,
    )
    assert (approval.kind, approval.position) == ("ApprovalAsked", 3)


async def test_a_router_that_starts_again_goes_on_where_it_was(tmp_path):
    """Events stored while it was away are published; those it has dealt with are not."""
    bus = InProcessBus()
    async with memory_store(tmp_path, Outside()) as store, bus.listening("t") as messages:
        for names in (("One", "Two"), ("Three",)):
            router = EventRouter(store, bus, name="router", report=lambda _: None)
            for kind in ("One", "Two", "Three"):
                router.publish(kind, "t")
            for kind in names:
                await store.append("s", "a", [happened(kind)], expected_sequence=None)
            async with _running(router):
                assert [(await anext(messages)).kind for _ in names] == list(names)
                await eventually(lambda: store.cursor("router"), await store.head())


async def test_a_router_without_a_cursor_publishes_what_follows_a_position(tmp_path):
    """Whoever listens says where to begin, and nothing is kept of it."""
    bus = InProcessBus()
    async with memory_store(tmp_path, Outside()) as store, bus.listening("t") as messages:
        router = EventRouter(store, bus, name=None, report=lambda _: None, after=1)
        router.publish("One", "t")
        for _ in range(2):
            await store.append("s", "a", [happened("One")], expected_sequence=None)
        async with _running(router):
            assert (await anext(messages)).position == 2
        assert (await store.size()).cursors == ()


async def test_a_router_of_events_alone_needs_nobody_to_wait_for_it(tmp_path):
    """It has no command topics that must be listened to before somebody sends."""
    bus = InProcessBus()
    async with memory_store(tmp_path, Outside()) as store, bus.listening("t") as messages:
        router = EventRouter(store, bus, name="router", report=lambda _: None)
        router.publish("One", "t")
        await store.append("s", "a", [happened("One")], expected_sequence=0)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(router.run())
            assert (await anext(messages)).kind == "One"
            running.cancel()


async def test_commands_reach_their_receiver_and_one_that_fails_stops_nobody(tmp_path):
    """By topic and type; a receiver that raises, or that is missing, is reported."""
    bus, trouble, received = InProcessBus(), [], []
    done = asyncio.Event()

    async def receive(message):
        if message.data["number"] == 1:
            raise ValueError("no")
        received.append(message.message_id)
        done.set()

    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, bus, name="router", report=trouble.append)
        router.receive("commands", "Go", receive)
        with pytest.raises(ValueError, match="have a receiver already"):
            router.receive("commands", "Go", receive)
        async with _running(router):
            await bus.publish(_message("commands", "Stop"))
            await bus.publish(_message("commands", number=1))
            await bus.publish(_message("commands", number=2))
            await done.wait()
    assert received == ["m2"]
    assert _told(trouble) == [("the command Stop", "LookupError", 1, 0.0), ("the command Go", "ValueError", 1, 0.0)]


async def test_what_goes_where_is_said_before_the_router_runs(tmp_path):
    """Afterwards it would not be heeded, and running twice would do everything twice: both are refused, not ignored."""
    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, InProcessBus(), name="router", report=lambda _: None)
        router.publish("Zero", "t")

        async def receive(message):
            """Never called."""

        async with _running(router):
            for late in (lambda: router.publish("One", "t"), lambda: router.receive("commands", "Go", receive)):
                with pytest.raises(RuntimeError, match="before it is started"):
                    late()
            with pytest.raises(RuntimeError, match="runs already"):
                await router.run()
        router.publish("One", "t")
        router.receive("commands", "Go", receive)


async def test_two_routers_do_not_share_a_name(tmp_path):
    """The cursor of both would be that of the faster one: the second is refused, and the first goes on."""
    bus = InProcessBus()
    async with memory_store(tmp_path, Outside()) as store, bus.listening("t") as messages:
        first, second = (EventRouter(store, bus, name="router", report=lambda _: None) for _ in range(2))
        for router in (first, second):
            router.publish("Happened", "t")
        async with _running(first):
            for number in range(2):
                await store.append("s", "a", [happened()], expected_sequence=number)
                assert (await anext(messages)).position == number + 1
                with pytest.raises(ExceptionGroup) as caught:
                    await second.run()
                assert caught.group_contains(ValueError, match="under the name 'router' already")


async def test_a_command_that_comes_again_is_carried_out_once(tmp_path):
    """Who is not sure whether it was delivered sends it again; one that was refused is tried again."""
    bus, trouble, received = InProcessBus(), [], []

    async def receive(message):
        received.append(message.message_id)
        if received == ["m1"]:
            raise ValueError("not now")

    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, bus, name="router", report=trouble.append)
        for topic in ("commands", "others"):
            router.receive(topic, "Go", receive)
        async with _running(router):
            for number in (1, 1, 1, 2, 1, 3):
                await bus.publish(_message("commands", number=number))
            await eventually(lambda: _now(received), ["m1", "m1", "m2", "m3"])
            await bus.publish(_message("others", number=1))
            await eventually(lambda: _now(received[4:]), ["m1"])
    assert _told(trouble) == [("the command Go", "ValueError", 1, 0.0)]


async def _now(value):
    return value


async def test_commands_are_remembered_in_bounds(tmp_path):
    """A router that runs for a year does not grow: the oldest id is forgotten first."""
    bus, received = InProcessBus(queue_messages=2 * REMEMBERED_MESSAGES), []

    async def receive(message):
        received.append(message.data["number"])

    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, bus, name="router", report=lambda _: None)
        router.receive("commands", "Go", receive)
        async with _running(router):
            for number in (*range(REMEMBERED_MESSAGES + 1), 1, 0):
                await bus.publish(_message("commands", number=number))
            await eventually(lambda: _now(len(received)), REMEMBERED_MESSAGES + 2)
    assert received[-1] == 0


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
    assert _told(trouble) == [
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
            async with _running(router):
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
    assert _told(trouble) == [
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
    assert _told(trouble) == [
        ("receiving commands of commands", "UndeliveredError", 1, 0.05),
        ("receiving commands of commands", "UndeliveredError", 2, 0.1),
    ]


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
            async with _running(router):
                await asyncio.sleep(1)
                for _ in range(8):
                    await store.append("s", "a", [happened()], expected_sequence=None)
                    await asyncio.sleep(1)
                return [(await anext(slow)).position for _ in range(8)]

    assert played(play())[0] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert _told(trouble) == [("publishing events", "SlowSubscriberError", 1, 0.05)]


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
            async with _running(router):
                await bus.publish(_message("commands", number=1))
                await asyncio.sleep(1)
                for number in (2, 3):
                    await bus.publish(_message("commands", number=number))
                with pytest.raises(UndeliveredError, match=r"Go \(m4\) .* 'commands': who listens there is behind"):
                    await bus.publish(_message("commands", number=4))
                await asyncio.sleep(40)
                await bus.publish(_message("commands", number=4))
                await asyncio.sleep(1)

    played(play())
    assert received == ["m1", "m2", "m3", "m4"]
    assert _told(trouble) == [("receiving commands of commands", "SlowSubscriberError", 1, 0.05)]
