"""Tells an editor that asked for it what is stored: each event once, numbered, no faster than it reads.

Where the events come from belongs to the services.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from parley_server.lsp import to_wire, wire
from parley_server.lsp.feed import MOST_BACKLOG_BYTES
from parley_server.lsp.shapes import write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_server.event_following import Told
    from parley_server.lsp.client import ClientFacts
    from parley_server.lsp.feed import Link

logger = logging.getLogger(__name__)


class Following:
    """The events of one connection.

    Args:
        group: The parent of its task.
        link: The way to the editor.
        follow: Follows the events after a position elsewhere until it is cancelled, and hands each over there.
    """

    def __init__(
        self,
        group: asyncio.TaskGroup,
        link: Link,
        follow: Callable[[int | None, Callable[[Told], Awaitable[None]]], Awaitable[None]],
    ) -> None:
        self._group, self._link, self._follow = group, link, follow
        self._task: asyncio.Task[None] | None = None
        self._seq = 0

    def begin(self, client: ClientFacts) -> None:
        """Tell of events from now on, if the editor asked for it."""
        if client.follows_events and self._task is None:
            self._task = self._group.create_task(self._run(client.events_after), name="parley-following")

    def close(self) -> None:
        """Tell of no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, after: int | None) -> None:
        here = asyncio.get_running_loop()

        async def hand_over(told: Told) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._tell(told), here))

        try:
            await self._follow(after, hand_over)
        except Exception:
            logger.exception("events are no longer told")
            await self._tell_of_fault()

    async def _tell_of_fault(self) -> None:
        from parley_server.event_following import Standing

        problem = "Events are no longer told, by a fault of Parley's that its log describes. Start the server again."
        await self._tell(Standing(position=None, is_following=False, problem=problem))

    async def _tell(self, told: Told) -> None:
        """Send one, and wait until the editor has taken most of what there is."""
        self._seq += 1
        notification = to_wire.told(told, self._seq)
        self._link.notify(wire.METHODS[type(notification)], write(notification))
        if self._link.backlog > MOST_BACKLOG_BYTES:
            taken = asyncio.Event()
            self._link.on_drained(taken.set)
            await taken.wait()
