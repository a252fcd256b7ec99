"""The bus and the event router."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from parley_events import Metadata
from parley_events.bus import InProcessBus, Message
from parley_events.router import APPROVALS, CLARIFICATIONS, EventRouter
from support.event_stores import START, Outside, eventually, happened, memory_store


def _message(topic, kind="Go", number=0):
    return Message(topic=topic, kind=kind, message_id=f"m{number}", data={"number": number})


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


async def test_a_message_reaches_everybody_who_listens_to_its_topic():
    """In order, to each; not to those who listen elsewhere."""
    bus = InProcessBus()
    async with bus.listening("a") as first, bus.listening("a") as second, bus.listening("b") as other:
        for number in (1, 2):
            await bus.publish(_message("a", number=number))
        await bus.publish(_message("b", number=3))
        await bus.publish(_message("nobody"))
        for listener, numbers in ((first, [1, 2]), (second, [1, 2]), (other, [3])):
            assert [(await anext(listener)).data["number"] for _ in numbers] == numbers


async def test_who_listens_to_several_topics_hears_them_in_the_order_of_publishing():
    """One queue for all of them; after leaving, none is filled."""
    bus = InProcessBus(queue_messages=3)
    async with bus.listening("a", "b") as both:
        for number, topic in enumerate(("b", "a", "b")):
            await bus.publish(_message(topic, number=number))
        assert [(await anext(both)).data["number"] for _ in range(3)] == [0, 1, 2]
    for number in range(4):
        await bus.publish(_message("a", number=number))


async def test_a_publisher_waits_for_a_full_listener_until_it_reads_or_leaves():
    """Queues are bounded: nothing is dropped, nobody waits for one who is gone."""
    bus = InProcessBus(queue_messages=1)
    async with asyncio.TaskGroup() as group:
        async with bus.listening("a") as listener:
            await bus.publish(_message("a", number=1))
            second = group.create_task(bus.publish(_message("a", number=2)))
            third = group.create_task(bus.publish(_message("a", number=3)))
            await asyncio.sleep(0)
            assert not second.done()
            assert (await anext(listener)).data["number"] == 1
            await second
            assert not third.done()
        await third


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
    assert [(each.what, type(each.error).__name__) for each in trouble] == [
        ("the command Stop", "LookupError"),
        ("the command Go", "ValueError"),
    ]
