"""The event router: events to topics, and commands from topics to their receivers."""

import asyncio

import pytest

from parley_events import Metadata
from parley_events.bus import InProcessBus, Message
from parley_events.router import APPROVALS, CLARIFICATIONS, REMEMBERED_MESSAGES, EventRouter
from support.event_routing import message, running, told
from support.event_stores import START, Outside, eventually, happened, memory_store


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
            running(router),
        ):
            metadata = Metadata(correlation_id="c")
            for kind in ("QuestionAsked", "Unrouted", "ApprovalAsked"):
                await store.append("s", "a", [happened(kind, event_id=kind)], expected_sequence=None, metadata=metadata)
            asked, approval = await anext(questions), await anext(approvals)
            assert (await anext(log)).kind == "QuestionAsked"
        assert [message async for message in questions] == []
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
            async with running(router):
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
        async with running(router):
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
        async with running(router):
            await bus.publish(message("commands", "Stop"))
            await bus.publish(message("commands", number=1))
            await bus.publish(message("commands", number=2))
            await done.wait()
    assert received == ["m2"]
    assert told(trouble) == [("the command Stop", "LookupError", 1, 0.0), ("the command Go", "ValueError", 1, 0.0)]


async def test_what_goes_where_is_said_before_the_router_runs(tmp_path):
    """Afterwards it would not be heeded, and running twice would do everything twice: both are refused, not ignored."""
    async with memory_store(tmp_path, Outside()) as store:
        router = EventRouter(store, InProcessBus(), name="router", report=lambda _: None)
        router.publish("Zero", "t")

        async def receive(message):
            """Never called."""

        async with running(router):
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
        async with running(first):
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
        async with running(router):
            for number in (1, 1, 1, 2, 1, 3):
                await bus.publish(message("commands", number=number))
            await eventually(lambda: _now(received), ["m1", "m1", "m2", "m3"])
            await bus.publish(message("others", number=1))
            await eventually(lambda: _now(received[4:]), ["m1"])
    assert told(trouble) == [("the command Go", "ValueError", 1, 0.0)]


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
        async with running(router):
            for number in (*range(REMEMBERED_MESSAGES + 1), 1, 0):
                await bus.publish(message("commands", number=number))
            await eventually(lambda: _now(len(received)), REMEMBERED_MESSAGES + 2)
    assert received[-1] == 0
