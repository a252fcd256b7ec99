"""Who writes which refactoring down: one that was given up stays so, whoever has more to tell of it later.

What is written belongs to `recording`, and doing it beside the work to `recording_behind`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from parley_agent.refactor.recording import Recorder
    from parley_events.store import EventStore

logger = logging.getLogger(__name__)
REMEMBERED = 1000


class Recorders:
    """Recorders of refactorings, by their correlation id; events without those before them would tell of nothing.

    Args:
        store: The event store, once it is open; None keeps nothing.
    """

    def __init__(self, store: Callable[[], Awaitable[EventStore | None]]) -> None:
        self._store = store
        self._given_up: deque[str] = deque(maxlen=REMEMBERED)

    async def of(self, correlation_id: str) -> Recorder:
        """What keeps one refactoring's events, once their store is open; it keeps none if that cannot be opened."""
        from parley_agent.refactor.recording import Recorder

        if not correlation_id or correlation_id in self._given_up:
            return Recorder(None, correlation_id)
        store = None
        try:
            store = await self._store()
        finally:
            if store is None:
                self._given_up.append(correlation_id)
        return Recorder(store, correlation_id, self._given_up.append)

    async def soon(self, correlation_id: str) -> Recorder:
        """The same for who cannot go on working meanwhile: it keeps none, either, if the store takes long to open."""
        from parley_agent.refactor.recording import Recorder
        from parley_agent.refactor.recording_behind import OPENING_S

        try:
            async with asyncio.timeout(OPENING_S):
                return await self.of(correlation_id)
        except TimeoutError:
            logger.info("what became of %s is not kept: the event store is still being opened", correlation_id)
            return Recorder(None, correlation_id)
