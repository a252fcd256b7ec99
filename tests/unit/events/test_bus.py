"""The bus in process: order, bounded queues, and what becomes of a listener that is too slow."""

import asyncio

import pytest

from parley_events import SlowSubscriberError, UndeliveredError
from parley_events.bus import InProcessBus, Message
from support.virtual_time import played


def _message(topic, position=0, kind="Go"):
    return Message(topic=topic, kind=kind, message_id=f"m{position}", position=position)


async def _positions(listener, count):
    return [(await anext(listener)).position for _ in range(count)]


async def test_a_message_reaches_everybody_who_listens_to_its_topic():
    """In order, to each; not to those who listen elsewhere. An event that nobody listens to is in the store."""
    bus = InProcessBus()
    async with bus.listening("a") as first, bus.listening("a") as second, bus.listening("b") as other:
        for position in (1, 2):
            await bus.publish(_message("a", position))
        await bus.publish(_message("b", 3))
        await bus.publish(_message("nobody", 4))
        for listener, positions in ((first, [1, 2]), (second, [1, 2]), (other, [3])):
            assert await _positions(listener, len(positions)) == positions


async def test_who_listens_to_several_topics_hears_them_in_the_order_of_publishing():
    """One queue for all of them; after leaving, none is filled."""
    bus = InProcessBus(queue_messages=3, patience_s=0.0)
    async with bus.listening("a", "b", "a") as both:
        for position, topic in enumerate(("b", "a", "b"), start=1):
            await bus.publish(_message(topic, position))
        assert await _positions(both, 3) == [1, 2, 3]
    for position in range(4, 9):
        await bus.publish(_message("a", position))
    assert [message async for message in both] == []


async def test_a_command_that_nobody_receives_is_told_to_its_sender():
    """It is stored nowhere: without a word it would be lost. So is one whose receiver left."""
    bus = InProcessBus()
    for _ in range(2):
        with pytest.raises(UndeliveredError, match=r"Stop \(m0\) did not reach everybody on 'a': nobody listens"):
            await bus.publish(_message("a", kind="Stop"))
        async with bus.listening("a") as listener:
            await bus.publish(_message("a"))
            assert await anext(listener) == _message("a")


def test_a_publisher_waits_for_a_full_listener_until_it_reads_or_leaves():
    """A queue is bounded, and one who reads gets everything; nobody waits any longer for one who is gone."""

    async def play():
        bus = InProcessBus(queue_messages=1)
        async with asyncio.TaskGroup() as group:
            async with bus.listening("a") as listener:
                await bus.publish(_message("a", 1))
                second, third = (group.create_task(bus.publish(_message("a", position))) for position in (2, 3))
                await asyncio.sleep(1)
                assert not second.done()
                assert await _positions(listener, 1) == [1]
                await second
                assert not third.done()
            await third

    assert played(play())[1] == pytest.approx(1.0)


async def test_a_command_whose_only_receiver_leaves_is_told_to_its_sender():
    """It waited for room, and there is nobody any more."""
    bus = InProcessBus(queue_messages=1)
    async with asyncio.TaskGroup() as group, bus.listening("a"):
        await bus.publish(_message("a"))
        waiting = group.create_task(_undelivered(bus, _message("a")))
        await asyncio.sleep(0)
    assert waiting.result()


async def _undelivered(bus, message):
    try:
        await bus.publish(message)
    except UndeliveredError:
        return True
    return False


async def test_a_command_that_one_of_its_listeners_has_no_room_for_is_told_to_its_sender():
    """That one is cut off by it, so that the next reaches everybody; where it had come to is its last event."""
    bus = InProcessBus(queue_messages=2, patience_s=0.0)
    async with bus.listening("a") as stuck, bus.listening("a") as reading:
        for position in (5, 0):
            await bus.publish(_message("a", position))
            assert await _positions(reading, 1) == [position]
        with pytest.raises(UndeliveredError, match="who listens there is behind, or left"):
            await bus.publish(_message("a"))
        await bus.publish(_message("a"))
        assert await _positions(reading, 2) == [0, 0]
        assert await _positions(stuck, 2) == [5, 0]
        with pytest.raises(SlowSubscriberError, match="after position 5"):
            await anext(stuck)


async def test_who_leaves_while_it_is_waited_for_is_none_that_a_command_missed():
    """It reached everybody who still listens."""
    bus = InProcessBus(queue_messages=1)
    async with bus.listening("a") as reading, asyncio.TaskGroup() as group, bus.listening("a"):
        await bus.publish(_message("a"))
        await anext(reading)
        waiting = group.create_task(_undelivered(bus, _message("a")))
        await anext(reading)
    assert not waiting.result()


async def test_who_stopped_listening_gets_what_was_queued_and_then_the_end():
    """Asking on does not wait for ever."""
    bus = InProcessBus()
    async with bus.listening("a") as listener:
        await bus.publish(_message("a", 1))
    assert [message.position async for message in listener] == [1]


async def test_who_waits_for_a_message_when_it_stops_listening_is_let_go():
    """As when one task listens and another one ends it."""
    bus = InProcessBus()
    async with asyncio.TaskGroup() as group, bus.listening("a") as listener:
        ended = group.create_task(anext(listener, "the end"))
        await asyncio.sleep(0)
    assert ended.result() == "the end"


def test_a_listener_that_never_reads_is_cut_off_and_the_others_go_on():
    """After the patience, later messages do not wait. What was queued comes first, then the error, and it stays."""

    async def play():
        bus = InProcessBus(queue_messages=2, patience_s=3.0)
        async with bus.listening("a") as stuck, bus.listening("a") as reading:
            for position in range(1, 7):
                await bus.publish(_message("a", position))
                assert await _positions(reading, 1) == [position]
            assert await _positions(stuck, 2) == [1, 2]
            for _ in range(2):
                with pytest.raises(SlowSubscriberError, match=r"'a' fell too far behind .* after position 2") as caught:
                    await anext(stuck)
                assert caught.value.position == 2
        async with bus.listening("a") as anew:
            await bus.publish(_message("a", 7))
            assert await _positions(anew, 1) == [7]

    assert played(play())[1] == pytest.approx(3.0)


def test_who_was_cut_off_gets_no_more_though_it_reads_on():
    """It would go on with a hole; a publisher to another of its topics that waited too is not held up."""

    async def play():
        bus = InProcessBus(queue_messages=1, patience_s=3.0)
        async with bus.listening("a", "b") as late, bus.listening("b") as other, asyncio.TaskGroup() as group:
            for position, topic in enumerate("aab", start=1):
                group.create_task(bus.publish(_message(topic, position)))
            assert await _positions(other, 1) == [3]
            await asyncio.sleep(4)
            assert await _positions(late, 1) == [1]
            await bus.publish(_message("b", 4))
            assert await _positions(other, 1) == [4]
            with pytest.raises(SlowSubscriberError, match="'a', 'b' fell too far behind"):
                await anext(late)

    played(play())


def test_who_has_room_gets_a_message_before_a_full_one_is_waited_for():
    """A slow listener does not make the others late."""

    async def play():
        bus = InProcessBus(queue_messages=1, patience_s=3.0)
        async with bus.listening("a"), bus.listening("a") as reading, asyncio.TaskGroup() as group:
            await bus.publish(_message("a", 1))
            assert await _positions(reading, 1) == [1]
            group.create_task(bus.publish(_message("a", 2)))
            assert await _positions(reading, 1) == [2]
            return asyncio.get_running_loop().time()

    assert played(play())[0] == pytest.approx(0.0)


def test_a_listener_that_is_cut_off_while_it_waits_is_told_at_once():
    """With a queue of nothing it is always too slow, and it hears so when the message comes."""

    async def play():
        bus = InProcessBus(queue_messages=0, patience_s=0.0)
        async with bus.listening("a") as listener, asyncio.TaskGroup() as group:
            group.create_task(bus.publish(_message("a", 1)))
            with pytest.raises(SlowSubscriberError):
                await anext(listener)

    played(play())


def test_who_has_room_while_another_is_waited_for_still_gets_messages_in_their_order():
    """It was full, too, when the first of two began to wait."""

    async def play():
        bus = InProcessBus(queue_messages=1)
        async with bus.listening("a") as slow, bus.listening("a") as quick, asyncio.TaskGroup() as group:
            await bus.publish(_message("a", 1))
            group.create_task(bus.publish(_message("a", 2)))
            await asyncio.sleep(1)
            assert await _positions(quick, 1) == [1]
            group.create_task(bus.publish(_message("a", 3)))
            await asyncio.sleep(1)
            assert await _positions(slow, 3) == [1, 2, 3]
            assert await _positions(quick, 2) == [2, 3]

    played(play())


def test_patience_is_for_all_the_waiting_until_the_listener_has_caught_up():
    """One that is always a little late would else hold up everybody for ever; one that catches up begins anew."""

    async def play(*, catches_up):
        bus = InProcessBus(queue_messages=1, patience_s=3.0)
        given = []
        async with bus.listening("a") as late, asyncio.TaskGroup() as group:

            async def read():
                try:
                    async for message in late:
                        given.append(message.position)
                        await asyncio.sleep(2)
                except SlowSubscriberError as error:
                    return error.position

            reading = group.create_task(read())
            for position in range(1, 10):
                await bus.publish(_message("a", position))
                if catches_up and position % 3 == 0:
                    await asyncio.sleep(6)
            await asyncio.sleep(10)
            if reading.done():
                return given, reading.result()
            reading.cancel()
            return given, None

    assert played(play(catches_up=True))[0] == (list(range(1, 10)), None)
    assert played(play(catches_up=False))[0] == ([1, 2, 3], 3)


def test_patience_ends_for_publishers_that_do_not_wait_so_long_either():
    """Each gives up after a second; what they waited together is what the listener had."""

    async def play():
        bus = InProcessBus(queue_messages=1, patience_s=3.0)
        async with bus.listening("a") as late:
            await bus.publish(_message("a", 1))
            given_up = 0
            for _ in range(9):
                try:
                    async with asyncio.timeout(1):
                        await bus.publish(_message("a", 2))
                except TimeoutError:
                    given_up += 1
            assert (given_up, await _positions(late, 1)) == (3, [1])
            with pytest.raises(SlowSubscriberError):
                await anext(late)

    played(play())


def test_publishers_to_several_topics_of_one_listener_wait_in_their_order():
    """Its patience is spent once, not by each of them."""

    async def play():
        bus = InProcessBus(queue_messages=1, patience_s=5.0)
        async with bus.listening("a", "b") as late, asyncio.TaskGroup() as group:
            for position, topic in enumerate("ababab", start=1):
                group.create_task(bus.publish(_message(topic, position)))
            positions = []
            for _ in range(6):
                await asyncio.sleep(0.9)
                positions += await _positions(late, 1)
        return positions

    assert played(play())[0] == [1, 2, 3, 4, 5, 6]


def test_concurrent_publishers_are_served_in_their_order():
    """Every listener gets the messages in one order, though one of them was waited for."""

    async def play():
        bus = InProcessBus(queue_messages=1)
        async with bus.listening("a") as slow, bus.listening("a") as quick, asyncio.TaskGroup() as group:
            for position in range(1, 6):
                group.create_task(bus.publish(_message("a", position)))

            async def read(listener, pause_s):
                positions = []
                for _ in range(5):
                    await asyncio.sleep(pause_s)
                    positions += await _positions(listener, 1)
                return positions

            slowly, quickly = group.create_task(read(slow, 0.5)), group.create_task(read(quick, 0))
        return slowly.result(), quickly.result()

    assert played(play())[0] == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
