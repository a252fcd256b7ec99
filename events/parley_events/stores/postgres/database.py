"""The database as the rest of a store asks it: again and again while it does not answer, up to the patience.

What is asked, and how often it may be, is the askers' affair.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg

from parley_events.errors import StoreBusyError, StoreUnavailableError
from parley_events.store import Trouble
from parley_events.stores.postgres.faults import translated
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection, Connection
    from psycopg_pool import AsyncConnectionPool

    from parley_events.stores.postgres.reader import Reader

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Connections to one database.

    `place` names it in messages, `report` is told when it does not answer, `patience_s` is how long it is tried, in
    seconds.
    """

    pool: AsyncConnectionPool
    reader: Reader
    place: str
    report: Callable[[Trouble], None]
    patience_s: float = PATIENCE_S

    async def ask(self, work: Callable[[AsyncConnection], Awaitable[ResultT]], what: str) -> ResultT:
        """Do something that may be done twice, on a connection of the event loop.

        Raises:
            EventStoreError: it was refused, or the patience ended.
        """

        async def once() -> ResultT:
            async with self.pool.connection() as connection:
                return await work(connection)

        return await self._patiently(once, what)

    async def read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Read many rows, on a thread.

        Raises:
            EventStoreError: it was refused, or the patience ended.
        """
        return await self._patiently(lambda: self.reader.read(work), "reading events")

    async def _patiently(self, once: Callable[[], Awaitable[ResultT]], what: str) -> ResultT:
        deadline = asyncio.get_running_loop().time() + self.patience_s
        attempt = 0
        while True:
            try:
                return await once()
            except psycopg.Error as error:
                trouble = translated(error, self.place)
                attempt += 1
                delay_s = backoff_s(attempt)
                passes_by = isinstance(trouble, StoreBusyError | StoreUnavailableError)
                if not passes_by or asyncio.get_running_loop().time() + delay_s > deadline:
                    raise trouble from error
                logger.warning("%s: %s", what, trouble)
                self.report(Trouble(what=what, error=trouble, attempt=attempt, retry_in_s=delay_s))
                await self.pool.check()
                await asyncio.sleep(delay_s)
