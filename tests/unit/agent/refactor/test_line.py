"""The line before a model that answers one request after another."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_agent.refactor.line import Line


class Asker:
    """One who wants to be served, and what they were told."""

    def __init__(self, line, number, provider="engine", at_once=1):
        self.number, self.told, self.served = number, [], asyncio.Event()
        self.leaves = asyncio.Event()
        self._wants = (line, number, provider, at_once)

    async def ask(self):
        line, number, provider, at_once = self._wants
        async with line.place(number, provider, at_once) as place:
            async for position in place.positions():
                self.told.append(position)
            self.served.set()
            await self.leaves.wait()


async def settled():
    """Let everybody who can go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def served(askers):
    return [each.number for each in askers if each.served.is_set() and not each.leaves.is_set()]


async def test_who_asked_first_is_served_first_and_everybody_hears_their_position():
    """Whatever the order in which they come to the line."""
    line = Line()
    first, *others = [Asker(line, number) for number in (1, 4, 2, 3)]
    async with asyncio.TaskGroup() as group:
        group.create_task(first.ask())
        await settled()
        for each in others:
            group.create_task(each.ask())
        await settled()
        assert served([first, *others]) == [1]
        assert {each.number: each.told[-1] for each in others} == {2: 1, 3: 2, 4: 3}
        order = []
        for _ in range(4):
            (now,) = served([first, *others])
            order.append(now)
            next(each for each in (first, *others) if each.number == now).leaves.set()
            await settled()
    assert order == [1, 2, 3, 4]
    assert {each.number: each.told[-1] for each in others} == {2: 1, 3: 1, 4: 1}
    assert first.told == []


async def test_a_cancel_frees_the_place_at_once():
    """Served or waiting: those behind move up."""
    line = Line()
    askers = [Asker(line, number) for number in range(1, 5)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.ask()) for each in askers]
        await settled()
        tasks[1].cancel()
        await settled()
        assert [each.told for each in askers] == [[], [1], [2, 1], [3, 2]]
        tasks[0].cancel()
        await settled()
        assert (served(askers[2:]), askers[3].told) == ([3], [3, 2, 1])
        for each in askers:
            each.leaves.set()


@pytest.mark.parametrize(("at_once", "expected"), [(None, [1, 2, 3]), (2, [1, 2])])
async def test_a_provider_serves_as_many_as_it_can(at_once, expected):
    """One that answers any number at once has no line."""
    line = Line()
    askers = [Asker(line, number, at_once=at_once) for number in (1, 2, 3)]
    async with asyncio.TaskGroup() as group:
        for each in askers:
            group.create_task(each.ask())
        await settled()
        assert served(askers) == expected
        for each in askers:
            each.leaves.set()


async def test_one_provider_does_not_keep_another_waiting():
    """Each has a line of its own."""
    line = Line()
    askers = [Asker(line, 1, "engine"), Asker(line, 2, "elsewhere")]
    async with asyncio.TaskGroup() as group:
        for each in askers:
            group.create_task(each.ask())
        await settled()
        assert served(askers) == [1, 2]
        for each in askers:
            each.leaves.set()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_nobody_is_overtaken_whoever_gives_up(leaving):
    """At every moment the one who is served asked before everybody who waits, and somebody is served."""

    async def play():
        line = Line()
        places = {}
        async with AsyncExitStack() as stack:
            for number in range(10):
                own = await stack.enter_async_context(AsyncExitStack())
                places[number] = (await own.enter_async_context(line.place(number, "engine", 1)), own)
            for number in leaving:
                if number in places:
                    await places.pop(number)[1].aclose()
                waiting = {n: [p async for p in first_position(place)] for n, (place, _) in places.items()}
                assert [n for n, told in waiting.items() if not told] == sorted(places)[:1]

    asyncio.run(play())


async def first_position(place):
    """The position now, if there is one."""
    positions = place.positions()
    try:
        async with asyncio.timeout(0):
            async for position in positions:
                yield position
                return
    finally:
        await positions.aclose()


async def test_a_turn_that_comes_while_a_position_is_told_is_not_missed():
    """Whoever hears it may take their time, such as a slow editor."""
    line, first = Line(), AsyncExitStack()
    await first.enter_async_context(line.place(1, "engine", 1))
    async with first, line.place(2, "engine", 1) as place, asyncio.timeout(5):
        positions = place.positions()
        assert await anext(positions) == 1
        await first.aclose()
        assert await anext(positions, None) is None
