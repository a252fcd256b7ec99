"""The event store of a process: opened at its first use, and once more a while after it could not be."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from parley_events.store import EventStore

logger = logging.getLogger(__name__)

_AGAIN_S = 60.0


class EventKeeping:
    """Opens the event store when something is to be kept, in a task of its own that also closes it.

    A store that cannot be opened, as a database that restarts, keeps nobody from working: events are not kept until
    it can. Nobody waits for another try before a minute has gone, and who gives up waiting for one does not end it.

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
        self._holding: asyncio.Task[None] | None = None
        self._decided = asyncio.Event()
        self._ending = asyncio.Event()
        self._not_before = 0.0
        self._told = ""

    @property
    def problem(self) -> str:
        """Why there is no store at present, as it was told; empty where there is, or nobody has asked for it yet."""
        return "" if self._store is not None else self._told

    async def store(self) -> EventStore | None:
        """The store, once it is open; None while it cannot be opened, which is told once for each reason."""
        if self._open_store is None or self._ending.is_set():
            return None
        if (self._holding is None or self._holding.done()) and self._now() >= self._not_before:
            self._decided.clear()
            # It outlives who asked for it: `aclose` ends it.
            here = asyncio.get_running_loop()
            self._holding = here.create_task(self._hold(self._open_store), name="parley-events-keep")
        await self._decided.wait()
        self._check_sound()
        return self._store

    async def aclose(self) -> None:
        """Close the store, if it was opened, and end its opening."""
        self._ending.set()
        if self._holding is not None:
            if self._store is None:
                self._holding.cancel()
            await asyncio.wait((self._holding,))
        self._decided.set()  # one that was ended before it began did not
        self._check_sound()

    async def _hold(self, open_store: Callable[[], AbstractAsyncContextManager[EventStore]]) -> None:
        from parley_events.errors import EventStoreError

        try:
            async with open_store() as self._store:
                self._tell("events are kept" if self._told else "")
                self._decided.set()
                await self._ending.wait()
        except EventStoreError as error:
            self._not_before = self._now() + _AGAIN_S
            self._tell(f"events are not kept: {error}")
        finally:
            self._store = None
            self._decided.set()

    def _check_sound(self) -> None:
        """Raise what ended the holding, if that was neither trouble of the store nor the end."""
        if self._holding is not None and self._holding.done() and not self._holding.cancelled():
            self._holding.result()

    def _tell(self, words: str) -> None:
        if words != self._told:
            logger.warning("%s", words)
        self._told = words
