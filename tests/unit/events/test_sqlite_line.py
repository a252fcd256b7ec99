"""Between the event loop and the writing thread: who is handed over with whom, and when answers come."""

import asyncio
from contextlib import contextmanager

from parley_events.stores.sqlite.line import MOST, Line, Write


def a_write():
    return Write(work=lambda _connection: None, transaction=False)


@contextmanager
def a_line(committed=lambda _rows: None):
    line = Line(committed)
    yield line
    line.close()


async def answered(line, jobs):
    """Answer the jobs, and let the loop have the turn in which it hands over the next."""
    line.answer([(answer, None) for _, answer in jobs])
    for _, answer in jobs:
        await answer
    await asyncio.sleep(0)


async def test_an_answer_comes_with_what_was_committed():
    """In the loop's own turn, although the thread gave it before."""
    committed = []
    with a_line(committed.append) as line:
        answer = line.ask(a_write())
        line.take()
        line.answer([(answer, "stored")], ["row"])
        before = (answer.done(), list(committed))
        assert (await answer, before, committed) == ("stored", (False, []), [["row"]])


async def test_whoever_is_alone_is_handed_over_at_once():
    """The thread need not wait for the loop's turn to end, the first time or later."""
    with a_line() as line:
        for _ in range(3):
            answer = line.ask(a_write())
            jobs = line.take()
            assert [given for _, given in jobs] == [answer]
            await answered(line, jobs)


async def test_who_asks_during_a_commit_is_taken_together():
    """Beginning with the second: the first one's commit is under way."""
    with a_line() as line:
        asked = [line.ask(a_write()) for _ in range(100)]
        first = line.take()
        await answered(line, first)
        rest = line.take()
        assert [answer for _, answer in (*first, *rest)] == asked
        assert (len(first), len(rest)) == (1, 99)


async def test_who_was_just_answered_is_taken_with_who_waits():
    """So a crowd whose members ask again and again is committed as one, however it began."""
    with a_line() as line:
        taken = []

        async def ask_again_and_again():
            for _ in range(3):
                await line.ask(a_write())

        async with asyncio.TaskGroup() as group:
            for _ in range(100):
                group.create_task(ask_again_and_again())
            await asyncio.sleep(0)
            while sum(taken) < 300:
                jobs = line.take()
                taken.append(len(jobs))
                await answered(line, jobs)
        assert taken == [1, 100, 100, 99]


async def test_nobody_is_handed_over_before_the_others_are_answered():
    """What is answered in pieces is still one round: the thread does not find its next jobs half-way."""
    with a_line() as line:
        line.ask(a_write())
        asked = [line.ask(a_write()) for _ in range(4)]
        await answered(line, line.take())
        jobs = line.take()
        last = line.ask(a_write())
        await answered(line, jobs[:2])
        await answered(line, jobs[2:])
        assert ([answer for _, answer in jobs], [answer for _, answer in line.take()]) == (asked, [last])


async def test_there_is_a_bound_to_what_is_taken_at_once():
    """The rest comes next."""
    with a_line() as line:
        for _ in range(1 + MOST + 1):
            line.ask(a_write())
        taken = []
        for _ in range(3):
            jobs = line.take()
            taken.append(len(jobs))
            await answered(line, jobs)
        assert taken == [1, MOST, 1]


async def test_the_end_comes_after_what_was_asked_for():
    """What waits is still done, also without the loop; then there is nothing more."""
    with a_line() as line:
        for _ in range(3):
            line.ask(a_write())
        line.end()
        assert (len(line.take()), line.take()) == (3, None)


async def test_the_end_comes_to_a_thread_that_waits():
    """Where nothing was asked for it is all that comes."""
    with a_line() as line:
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(asyncio.to_thread(line.take))
            await asyncio.sleep(0)
            line.end()
        assert taking.result() is None
