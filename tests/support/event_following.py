"""A front end that follows stored events, as tests hear it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from parley_server.app.routing import connect_events
from parley_server.event_following import EventFollowing, Standing
from support.event_stores import happened

UNDONE, ASKED = "RefactoringUndone", "ConsentAsked"
FOLLOWING = Standing(position=0, is_following=True)


class Stores:
    """Implements `Stores`: a store that can be opened, or not yet."""

    def __init__(self, store, problem=""):
        self.opened = store
        self.problem = problem

    async def store(self):
        return None if self.problem else self.opened


class FrontEnd:
    """Hears what it is told, each item when it wants to."""

    def __init__(self):
        self._told = asyncio.Queue(maxsize=1)

    async def tell(self, told):
        await self._told.put(told)

    async def heard(self, count):
        """The next so many, events as (position, topic)."""
        told = [await self._told.get() for _ in range(count)]
        return [each if isinstance(each, Standing) else (each.position, each.topic) for each in told]


async def append(store, *kinds):
    for kind in kinds:
        await store.append("refactorings", "a", [happened(kind)], expected_sequence=None)


@asynccontextmanager
async def following(stores, *, after, connect=connect_events, **options):
    front_end = FrontEnd()
    async with asyncio.TaskGroup() as group:
        work = EventFollowing(stores, connect, front_end.tell, after=after, **options).run()
        running = group.create_task(work)
        try:
            async with asyncio.timeout(30):
                yield front_end
        finally:
            running.cancel()
