"""The event store of a process: opened at its first use, and once more a while after it could not be."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from parley_events.store import EventStore

logger = logging.getLogger(__name__)

_AGAIN_S = 60.0


class EventKeeping:
    """Opens the event store when something is to be kept.

    A store that cannot be opened, as a database that restarts, keeps nobody from working: events are not kept until
    it can. Nobody waits for another try before a minute has gone.

    Args:
        open_store: Opens the event store; None keeps no events.
        now: A clock that never jumps, in seconds.
    """

    def __init__(
        self,
        open_store: Callable[[], AbstractAsyncContextManager[EventStore]] | None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._open_store = open_store
        self._now = now
        self._store: EventStore | None = None
        self._closing = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._not_before = 0.0
        self._told = ""

    @property
    def problem(self) -> str:
        """Why there is no store at present, as it was told; empty where there is, or nobody has asked for it yet."""
        return "" if self._store is not None else self._told

    async def store(self) -> EventStore | None:
        """The store; None while it cannot be opened, which is told once for each reason."""
        from parley_events.errors import EventStoreError

        async with self._opening:
            if self._store is None and self._open_store is not None and self._now() >= self._not_before:
                # Whoever waits for it may give up: then the next one opens it.
                try:
                    self._store = await self._closing.enter_async_context(self._open_store())
                except EventStoreError as error:
                    self._not_before = self._now() + _AGAIN_S
                    self._tell(f"events are not kept: {error}")
                else:
                    self._tell("events are kept" if self._told else "")
            return self._store

    async def aclose(self) -> None:
        """Close the store, if it was opened."""
        await self._closing.aclose()

    def _tell(self, words: str) -> None:
        if words != self._told:
            logger.warning("%s", words)
        self._told = words
