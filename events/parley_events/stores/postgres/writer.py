"""How appends become commits: whoever comes first takes all that wait into one transaction.

Positions are given under an advisory lock that is held to the commit, so the order of positions is the order of
commits, without gaps, whichever process appends. A lost connection is tried again with the same event ids, which
stores nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import errors

from parley_events.batches import plan
from parley_events.errors import EventStoreError, StoreBusyError, StoreUnavailableError
from parley_events.store import Trouble
from parley_events.stores.postgres.faults import translated
from parley_events.stores.postgres.schema import LOCK
from parley_events.stores.postgres.statements import find, insert, known_events
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from parley_events.batches import Batch, Outcome, Planned
    from parley_events.events import RecordedEvent
    from parley_events.store import Appended

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

MAX_BATCHES = 500
PATIENCE_S = 90.0


@dataclass(slots=True, kw_only=True, eq=False)
class _Append:
    batch: Batch
    outcome: Outcome | None = None


class Writer:
    """Appends of one process, in the order in which they were asked for.

    Args:
        pool: Where connections come from.
        place: The database, for messages.
        committed: Is told what was committed.
        report: Is told when the database does not answer.
        patience_s: How long to try, in seconds.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        place: str,
        committed: Callable[[Sequence[RecordedEvent]], None],
        report: Callable[[Trouble], None],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._pool, self._place, self._committed, self._report = pool, place, committed, report
        self._patience_s = patience_s
        self._waiting: list[_Append] = []
        self._turn = asyncio.Lock()

    async def append(self, batch: Batch) -> Appended:
        """Store a batch with the next commit; see `EventStore.append`."""
        mine = _Append(batch=batch)
        self._waiting.append(mine)
        try:
            async with self._turn:
                while mine.outcome is None:
                    await self._commit_waiting(mine)
        except BaseException:
            if mine in self._waiting:
                self._waiting.remove(mine)
            raise
        if isinstance(mine.outcome, EventStoreError):
            raise mine.outcome
        return mine.outcome

    async def patiently(self, work: Callable[[AsyncConnection], Awaitable[ResultT]], what: str) -> ResultT:
        """Do something that may be done twice, again and again while the database does not answer."""
        deadline = asyncio.get_running_loop().time() + self._patience_s
        attempt = 0
        while True:
            try:
                async with self._pool.connection() as connection:
                    return await work(connection)
            except psycopg.Error as error:
                trouble = translated(error, self._place)
                attempt += 1
                delay_s = backoff_s(attempt)
                passes_by = isinstance(trouble, StoreBusyError | StoreUnavailableError)
                if not passes_by or asyncio.get_running_loop().time() + delay_s > deadline:
                    raise trouble from error
                logger.warning("%s: %s", what, trouble)
                self._report(Trouble(what=what, error=trouble, attempt=attempt, retry_in_s=delay_s))
                await self._pool.check()
                await asyncio.sleep(delay_s)

    async def _commit_waiting(self, mine: _Append) -> None:
        jobs, self._waiting = self._waiting[:MAX_BATCHES], self._waiting[MAX_BATCHES:]
        batches = [job.batch for job in jobs]
        attempts = 0

        async def once(connection: AsyncConnection) -> Planned:
            nonlocal attempts
            attempts += 1
            return await _commit(connection, batches, look_up=attempts > 1)

        try:
            planned = await self.patiently(once, "storing events")
        except EventStoreError as error:
            for job in jobs:
                job.outcome = error
        except BaseException:  # cancelled: the others' appends are for the next one whose turn it is
            self._waiting[:0] = [job for job in jobs if job is not mine]
            raise
        else:
            for job, outcome in zip(jobs, planned.outcomes, strict=True):
                job.outcome = outcome
            self._committed(planned.rows)


async def _commit(connection: AsyncConnection, batches: list[Batch], *, look_up: bool) -> Planned:
    """Plan and insert, hoping that no event id is stored already; look them up only if one may be."""
    if not look_up:
        try:
            planned = await _transaction(connection, batches, look_up=False)
        except errors.UniqueViolation:
            pass
        else:
            if not planned.conflicts:
                return planned
    return await _transaction(connection, batches, look_up=True)


async def _transaction(connection: AsyncConnection, batches: list[Batch], *, look_up: bool) -> Planned:
    async with connection.pipeline(), connection.transaction():
        await connection.execute(LOCK)
        found = await find(connection, batches)
        if look_up:
            found.known = await known_events(connection, batches)
        planned = plan(batches, found)
        if look_up or not planned.conflicts:
            await insert(connection, planned)
    return planned
