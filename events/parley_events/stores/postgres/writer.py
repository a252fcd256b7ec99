"""How appends become commits: whoever comes first takes all that wait into one transaction.

Positions are given under an advisory lock that is held to the commit, so the order of positions is the order of
commits, without gaps, whichever process appends. A lost connection is tried again with the same event ids, which
stores nothing twice.

Who appended last expects to find the store as it was left, and sends lock and rows at once: one way to the database
and back. If somebody else has written, nothing is stored by that, and a transaction looks everything up first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors

from parley_events.batches import plan
from parley_events.errors import EventStoreError
from parley_events.stores.postgres.bounds import ANSWER_S
from parley_events.stores.postgres.database import Asking
from parley_events.stores.postgres.last_commit import LastCommit
from parley_events.stores.postgres.schema import LOCK
from parley_events.stores.postgres.statements import find, insert, insert_after, known_events, unchanged_since

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import AsyncConnection

    from parley_events.batches import Batch, Outcome, Planned
    from parley_events.events import RecordedEvent
    from parley_events.store import Appended
    from parley_events.stores.postgres.database import Database

MAX_BATCHES = 500
IF_LOST = (
    "Whether the events that were being stored are there is not known: storing the same ones again stores them once."
)


@dataclass(slots=True, kw_only=True, eq=False)
class _Append:
    batch: Batch
    outcome: Outcome | None = None


class Writer:
    """Appends of one process, in the order in which they were asked for.

    Args:
        database: Where they are committed.
        committed: Is told what was committed.
        answer_s: How long one commit may take, in seconds.
    """

    def __init__(
        self, database: Database, committed: Callable[[Sequence[RecordedEvent]], None], *, answer_s: float = ANSWER_S
    ) -> None:
        self._database, self._committed = database, committed
        self._asking = Asking(what="storing events", answer_s=answer_s, if_lost=IF_LOST)
        self._last = LastCommit()
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

    async def _commit_waiting(self, mine: _Append) -> None:
        jobs, self._waiting = self._waiting[:MAX_BATCHES], self._waiting[MAX_BATCHES:]
        batches = [job.batch for job in jobs]
        attempts = 0

        async def once(connection: AsyncConnection) -> Planned:
            nonlocal attempts
            attempts += 1
            return await self._commit(connection, batches, look_up=attempts > 1)

        try:
            planned = await self._database.ask(once, self._asking)
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
            await asyncio.sleep(0)  # who listens hears of it before who appends prepares the next

    async def _commit(self, connection: AsyncConnection, batches: list[Batch], *, look_up: bool) -> Planned:
        """Plan and insert, hoping that no event id is stored already; look them up only if one may be."""
        if not look_up:
            try:
                planned = await self._at_once(connection, batches)
                planned = planned or await self._transaction(connection, batches, look_up=False)
            except errors.UniqueViolation:
                pass
            else:
                if not planned.conflicts:
                    return planned
        return await self._transaction(connection, batches, look_up=True)

    async def _at_once(self, connection: AsyncConnection, batches: list[Batch]) -> Planned | None:
        """What was stored where the last commit left off, or None if nothing was."""
        found = self._last.found(batches)
        if found is None:
            return None
        planned = plan(batches, found)
        if planned.conflicts or not await insert_after(connection, planned, self._last):
            return None
        self._last.was(planned, unchanged=True)
        return planned

    async def _transaction(self, connection: AsyncConnection, batches: list[Batch], *, look_up: bool) -> Planned:
        async with connection.pipeline(), connection.transaction():
            await connection.execute(LOCK)
            unchanged = await unchanged_since(connection, self._last)
            found = await find(connection, batches)
            if look_up:
                found.known = await known_events(connection, batches)
            planned = plan(batches, found)
            if look_up or not planned.conflicts:
                await insert(connection, planned)
        if look_up or not planned.conflicts:
            self._last.was(planned, unchanged=await unchanged())
        return planned
