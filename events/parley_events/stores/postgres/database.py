"""The database as the rest of a store asks it: again and again while it does not answer, up to the patience.

What is asked, and how often it may be, is the askers' affair.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg_pool import PoolTimeout

from parley_events.errors import StoreBusyError, StoreUnavailableError
from parley_events.store import Trouble
from parley_events.stores.postgres.bounds import ANSWER_S, bounded
from parley_events.stores.postgres.connection import connect
from parley_events.stores.postgres.faults import translated
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection, Connection
    from psycopg_pool import AsyncConnectionPool

    from parley_events.stores.postgres.connection import Place
    from parley_events.stores.postgres.reader import Reader

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked, in words for who is told of trouble; how long one answer may take, in seconds.

    `if_lost` is what a person must know if a connection was lost before its answer came.
    """

    what: str
    answer_s: float = ANSWER_S
    if_lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Connections to one database.

    `report` is told when it does not answer, `patience_s` is how long it is tried, in seconds.
    """

    pool: AsyncConnectionPool
    reader: Reader
    place: Place
    report: Callable[[Trouble], None]
    patience_s: float = PATIENCE_S

    async def ask(self, work: Callable[[AsyncConnection], Awaitable[ResultT]], asking: Asking) -> ResultT:
        """Do something that may be done twice, on a connection of the event loop.

        Raises:
            EventStoreError: it was refused, or the patience ended.
        """
        is_lost = False

        async def once() -> ResultT:
            nonlocal is_lost
            async with self.pool.connection() as connection:
                try:
                    with bounded(connection, asking.answer_s):
                        return await work(connection)
                finally:
                    is_lost = is_lost or connection.closed

        try:
            return await self._patiently(once, asking.what)
        except (StoreBusyError, StoreUnavailableError) as error:
            if not is_lost or not asking.if_lost:
                raise
            lost = f"The connection to the event store {self.place} was lost on the way"
            said = str(error) if isinstance(error, StoreUnavailableError) else f"{lost}, and it is locked since."
            raise StoreUnavailableError(f"{said} {asking.if_lost}") from error

    async def read(self, work: Callable[[Connection], ResultT], *, answer_s: float = ANSWER_S) -> ResultT:
        """Read many rows, on a thread.

        Raises:
            EventStoreError: it was refused, or the patience ended.
        """
        return await self._patiently(lambda: self.reader.read(work, answer_s), "reading events")

    async def _patiently(self, once: Callable[[], Awaitable[ResultT]], what: str) -> ResultT:
        deadline = asyncio.get_running_loop().time() + self.patience_s
        attempt = 0
        while True:
            try:
                return await once()
            except psycopg.Error as error:
                trouble = translated(await self._reason(error), str(self.place))
                attempt += 1
                delay_s = backoff_s(attempt)
                passes_by = isinstance(trouble, StoreBusyError | StoreUnavailableError)
                if not passes_by or asyncio.get_running_loop().time() + delay_s > deadline:
                    raise trouble from error
                logger.warning("%s: %s", what, trouble)
                self.report(Trouble(what=what, error=trouble, attempt=attempt, retry_in_s=delay_s))
                if isinstance(trouble, StoreUnavailableError):
                    await self.pool.drain()
                await asyncio.sleep(delay_s)

    async def _reason(self, error: psycopg.Error) -> psycopg.Error:
        """Why the pool has no connection, which it does not say: perhaps one that does not pass."""
        if not isinstance(error, PoolTimeout):
            return error
        try:
            await (await connect(self.place)).close()
        except psycopg.Error as reason:
            return reason
        return error
