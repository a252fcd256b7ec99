"""Event routers for tests: a command for one, one that runs, and the trouble that it told."""

import asyncio
from contextlib import asynccontextmanager

from parley_events.bus import Message


def message(topic, kind="Go", number=0):
    return Message(topic=topic, kind=kind, message_id=f"m{number}", data={"number": number})


def told(trouble):
    return [(each.what, type(each.error).__name__, each.attempt, each.retry_in_s) for each in trouble]


@asynccontextmanager
async def running(router):
    started = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(router.run(started))
        await started.wait()
        try:
            yield
        finally:
            task.cancel()
