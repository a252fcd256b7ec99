"""The line before a model that answers one request after another: who asked first is served first.

A place is held while a model answers and no longer. Which models answer how many at once is told by their facts.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator


class Line:
    """Everybody who wants to ask a model, each before the provider that is to answer."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)

    def number(self) -> int:
        """The next number: a request draws one when it is made, and keeps it for all that it asks."""
        return next(self._numbers)

    @asynccontextmanager
    async def place(self, number: int, provider: str, at_once: int | None) -> AsyncIterator[Place]:
        """A place before `provider`, which answers `at_once` requests at the same time, or any number for None.

        It is given up when the context is left, wherever in the line that is.
        """
        lane = self._lanes[provider]
        place = Place(number, lane)
        insort(lane.waiting, place, key=lambda each: each.number)
        lane.advance(at_once)
        try:
            yield place
        finally:
            lane.leave(place)
            lane.advance(at_once)


@dataclass(slots=True)
class _Lane:
    """The line before one provider: those who are served, and those who wait, the next one first."""

    served: list[Place] = field(default_factory=list)
    waiting: list[Place] = field(default_factory=list)

    def advance(self, at_once: int | None) -> None:
        """Serve whoever can be served, and tell everybody."""
        while self.waiting and (at_once is None or len(self.served) < at_once):
            self.served.append(self.waiting.pop(0))
        for each in (*self.served, *self.waiting):
            each.moved.set()

    def leave(self, place: Place) -> None:
        """`place` is wanted no more."""
        (self.served if place in self.served else self.waiting).remove(place)


class Place:
    """One place in a line."""

    def __init__(self, number: int, lane: _Lane) -> None:
        self.number = number
        self.moved = asyncio.Event()
        self._lane = lane

    async def positions(self) -> AsyncGenerator[int, None]:
        """The positions until it is this one's turn, each once: 1 is the next. None where nobody is before it."""
        told = 0
        while self in self._lane.waiting:
            self.moved.clear()  # before the look: whoever hears the position may take their time, and the line moves on
            if told != (told := self._lane.waiting.index(self) + 1):
                yield told
            await self.moved.wait()
