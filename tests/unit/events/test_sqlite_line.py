"""Between the event loop and the writing thread: who is handed over with whom, and when answers come."""

import asyncio

from parley_events.stores.sqlite.line import Line, Write


def a_write():
    return Write(work=lambda _connection: None, transaction=False)


async def settled(line, jobs):
    """Answer the jobs, and let the loop take note."""
    line.answer([(answer, None) for _, answer in jobs])
    line.tell()
    for _, answer in jobs:
        await answer


async def test_an_answer_comes_when_it_is_told():
    """The loop hears of it with what was committed, not before."""
    committed = []
    line = Line(committed.append)
    answer = line.ask(a_write())
    line.take()
    line.answer([(answer, "stored")], ["row"])
    await asyncio.sleep(0)
    before = (answer.done(), list(committed))
    line.tell()
    assert (await answer, before, committed) == ("stored", (False, []), [["row"]])


async def test_whoever_is_alone_is_handed_over_at_once():
    """The thread need not wait for the loop's turn to end."""
    line = Line(lambda _rows: None)
    line.ask(a_write())
    jobs = line.take()
    await settled(line, jobs)
    line.ask(a_write())
    assert len(line.take()) == 1


async def test_a_crowd_is_taken_in_halves():
    """While one half is being committed the other is asking, so the loop and the disk both have something to do."""
    line = Line(lambda _rows: None)
    for _ in range(100):
        line.ask(a_write())
    taken = []
    for _ in range(6):
        jobs = line.take()
        taken.append(len(jobs))
        await settled(line, jobs)
        for _ in jobs:
            line.ask(a_write())
    assert taken == [50] * 6


async def test_a_few_are_committed_together():
    """For a few, one commit for all of them is sooner done than two."""
    line = Line(lambda _rows: None)
    for _ in range(20):
        line.ask(a_write())
    taken = []
    for _ in range(4):
        jobs = line.take()
        taken.append(len(jobs))
        await settled(line, jobs)
        for _ in jobs:
            line.ask(a_write())
        await asyncio.sleep(0)
    assert taken == [20] * 4


async def test_the_end_comes_after_what_was_asked_for():
    """What waits is still done; then there is nothing more."""
    line = Line(lambda _rows: None)
    for _ in range(3):
        line.ask(a_write())
    line.end()
    assert (len(line.take()), line.take()) == (3, None)
