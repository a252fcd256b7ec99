"""Work runs on another thread's loop, and ends when nobody wants it any more."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from parley_server.lsp.worker import Worker


@pytest.fixture
async def worker():
    made = Worker()
    yield made
    await made.close()


async def test_items_come_in_order_from_another_thread(worker):
    """The protocol's loop does none of the work."""

    async def work():
        for number in range(100):
            yield number, threading.current_thread().name

    async with aclosing(worker.iterate(work)) as items:
        assert [item async for item in items] == [(number, "parley-worker") for number in range(100)]


async def test_an_error_over_there_is_raised_here(worker):
    """After the items that came before it."""

    async def work():
        yield 1
        raise ValueError("broken")

    async with aclosing(worker.iterate(work)) as items:
        assert await anext(items) == 1
        with pytest.raises(ValueError, match="broken"):
            await anext(items)


async def test_leaving_cancels_the_work_and_waits_for_its_end(worker):
    """A provider's connection is closed before anybody is told that it is."""
    ended = threading.Event()

    async def work():
        try:
            while True:
                yield "more"
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async with aclosing(worker.iterate(work)) as items:
        async for _ in items:
            break
    assert ended.is_set()


async def test_cancelling_the_reader_cancels_the_work(worker):
    """Also while nothing comes."""
    begun, cancelled = asyncio.Event(), threading.Event()
    here = asyncio.get_running_loop()

    async def work():
        try:
            here.call_soon_threadsafe(begun.set)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        yield

    async def read():
        async with aclosing(worker.iterate(work)) as items:
            async for _ in items:
                pass

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read())
        await begun.wait()
        reading.cancel()
    assert cancelled.is_set()


async def test_many_begin_at_once_on_one_thread(worker):
    """The first callers share the thread that they start."""

    async def name():
        return threading.current_thread().ident

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker.call(name)) for _ in range(20)]
    assert len({task.result() for task in tasks}) == 1


async def test_closing_does_the_last_thing_and_ends_the_thread():
    """What was opened over there is closed over there."""
    worker = Worker()
    names = []

    async def last():
        names.append(threading.current_thread().name)

    async def nothing():
        pass

    await worker.call(nothing)
    await worker.close(last)
    assert names == ["parley-worker"]
    assert "parley-worker" not in {thread.name for thread in threading.enumerate()}


async def test_closing_what_never_began_does_nothing():
    """No thread is started to be ended."""

    async def last():
        raise AssertionError

    await Worker().close(last)


async def test_giving_up_while_the_thread_starts_leaves_no_second_one(worker):
    """The next call uses the thread that was started for the first."""

    async def work():
        return threading.current_thread()

    before = set(threading.enumerate())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(worker.call(work))
        await asyncio.sleep(0)
        first.cancel()
    thread = await worker.call(work)
    assert {each for each in set(threading.enumerate()) - before if each.name == "parley-worker"} == {thread}


async def test_closing_ends_a_thread_that_nobody_waited_for():
    """Though its one caller gave up before it was there."""
    worker = Worker()
    before = set(threading.enumerate())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(worker.call(lambda: asyncio.sleep(0)))
        await asyncio.sleep(0)
        first.cancel()
    await worker.close()
    assert not [each for each in set(threading.enumerate()) - before if each.name == "parley-worker"]
