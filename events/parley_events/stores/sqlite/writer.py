"""The one thread of this process that writes: it drains the queue of appends into one transaction at a time.

A commit to the disk costs hundreds of times what a row costs, so everything that waits goes into the next one.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from parley_events.batches import plan
from parley_events.errors import EventStoreError, StoreBusyError, StoreClosedError, StoreUnusableError
from parley_events.store import Trouble
from parley_events.stores.sqlite.connection import BUSY_MS, connect_writer
from parley_events.stores.sqlite.faults import translated
from parley_events.stores.sqlite.statements import Heads, find, insert, known_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from parley_events.batches import Batch, Outcome, Planned
    from parley_events.events import RecordedEvent
    from parley_events.store import Appended

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

MAX_BATCHES = 2000
PATIENCE_S = 90.0
# In a crowd, those who were just answered ask again at once: a moment's wait after each takes them into one commit,
# instead of committing two halves of the crowd in turn.
CROWD = 8
LINGER_S = 0.0003


@dataclass(slots=True, kw_only=True, eq=False)
class _Append:
    batch: Batch
    answer: asyncio.Future[Appended]


@dataclass(slots=True, kw_only=True, eq=False)
class _Write:
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    transaction: bool


class Writer:
    """Appends and other writes of one process, committed in the order in which they were asked for.

    Args:
        path: The database, which exists.
        committed: Is told, in the loop's thread, what was committed, right after the appends were answered.
        report: Is told, in the loop's thread, when the database is locked.
        patience_s: How long a lock held by another process is waited for, in seconds.
    """

    def __init__(
        self,
        path: Path,
        committed: Callable[[Sequence[RecordedEvent]], None],
        report: Callable[[Trouble], None],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._path = path
        self._committed = committed
        self._report = report
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Append | _Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="parley-events-write", daemon=True)
        self._inode: int | None = None
        self._closing = threading.Event()
        self._ended = False
        self._heads = Heads()
        self._linger_s = 0.0

    async def start(self) -> None:
        """Begin; the database is open when this returns.

        Raises:
            EventStoreError: it cannot be opened.
        """
        self._thread.start()
        await self.write(lambda _connection: None, transaction=False)

    async def append(self, batch: Batch) -> Appended:
        """Store a batch with the next commit.

        A caller that is cancelled while it waits does not know whether the events were stored; asking again with the
        same event ids is safe.
        """
        answer: asyncio.Future[Appended] = self._loop.create_future()
        self._put(_Append(batch=batch, answer=answer))
        return await answer

    async def write(self, work: Callable[[sqlite3.Connection], ResultT], *, transaction: bool = True) -> ResultT:
        """Do something else in a transaction of its own, or outside of any."""
        answer: asyncio.Future[ResultT] = self._loop.create_future()
        self._put(_Write(work=work, answer=answer, transaction=transaction))
        return await answer

    async def aclose(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._closing.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, job: _Append | _Write) -> None:
        if self._closing.is_set():
            raise StoreClosedError("The event store is closed. Open it with `async with`.")
        self._jobs.put(job)

    def _run(self) -> None:
        try:
            connection = connect_writer(self._path)
        except sqlite3.Error as error:
            self._refuse_all(translated(error, str(self._path)))
            return
        self._inode = self._path.stat().st_ino
        try:
            while appends := self._next(connection):
                self._append(connection, appends)
        finally:
            connection.close()

    def _refuse_all(self, error: EventStoreError) -> None:
        while (job := self._jobs.get()) is not None:
            self._answer([(job.answer, error)], ())

    def _next(self, connection: sqlite3.Connection) -> list[_Append]:
        """The appends that wait; other writes that come first are done. Nothing: it is time to end."""
        appends: list[_Append] = []
        while not self._ended and len(appends) < MAX_BATCHES:
            try:
                job = self._jobs.get(timeout=self._linger_s if appends else None)
            except queue.Empty:
                break
            if job is None:
                self._ended = True
            elif job.answer.cancelled():
                continue
            elif isinstance(job, _Append):
                appends.append(job)
            else:
                if appends:
                    self._append(connection, appends)
                    appends = []
                self._write(connection, job)
        self._linger_s = LINGER_S if len(appends) >= CROWD else 0.0
        return appends

    def _append(self, connection: sqlite3.Connection, appends: list[_Append]) -> None:
        batches = [each.batch for each in appends]
        outcomes: Sequence[Outcome]
        rows: Sequence[RecordedEvent] = ()
        try:
            planned = self._transaction(connection, lambda within: _commit(within, batches, self._heads))
            outcomes, rows = planned.outcomes, planned.rows
            self._heads.committed(planned.heads)
        except EventStoreError as error:
            outcomes = [error] * len(appends)
        self._answer([(each.answer, outcome) for each, outcome in zip(appends, outcomes, strict=True)], rows)

    def _write(self, connection: sqlite3.Connection, job: _Write) -> None:
        outcome: Any
        self._heads.forget()
        try:
            outcome = self._transaction(connection, job.work) if job.transaction else job.work(connection)
        except EventStoreError as error:
            outcome = error
        except sqlite3.Error as error:
            outcome = translated(error, str(self._path))
        self._answer([(job.answer, outcome)], ())

    def _transaction(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        try:
            self._begin(connection)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise translated(error, str(self._path)) from error
        return result

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Take the write lock; wait for another process that holds it, up to the patience."""
        self._check_file()
        deadline = time.monotonic() + self._patience_s
        told = False
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                trouble = translated(error, str(self._path))
                if not isinstance(trouble, StoreBusyError) or self._closing.is_set() or time.monotonic() > deadline:
                    raise trouble from error
                if not told:
                    told = True
                    self._tell(Trouble(what="storing events", error=trouble, attempt=1, retry_in_s=BUSY_MS / 1000))
            else:
                return

    def _check_file(self) -> None:
        """A file that was deleted or replaced would take our commits with it."""
        try:
            inode = self._path.stat().st_ino
        except OSError:
            inode = None
        if inode != self._inode:
            raise StoreUnusableError(
                f"The event store {self._path} was moved, deleted or replaced while it was open. Nothing of this was "
                "stored. Put it back, or start Parley again."
            )

    def _answer(self, answers: list[tuple[asyncio.Future[Any], Any]], rows: Sequence[RecordedEvent]) -> None:
        self._in_loop(_settle, answers, self._committed, rows)

    def _tell(self, trouble: Trouble) -> None:
        logger.warning("%s: %s", trouble.what, trouble.error)
        self._in_loop(self._report, trouble)

    def _in_loop(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop ended before the store was closed: nobody waits any more
            logger.warning("the event loop ended while events were being stored")


def _commit(connection: sqlite3.Connection, batches: list[Batch], heads: Heads) -> Planned:
    """Plan and insert, hoping that no event id is stored already; look them up only if one may be."""
    planned = plan(batches, find(connection, batches, heads))
    if not planned.conflicts:
        connection.execute("SAVEPOINT hope")
        try:
            insert(connection, planned)
        except sqlite3.IntegrityError:
            connection.execute("ROLLBACK TO hope")
        else:
            return planned
    found = find(connection, batches, heads)
    found.known = known_events(connection, batches)
    planned = plan(batches, found)
    insert(connection, planned)
    return planned


def _settle(
    answers: list[tuple[asyncio.Future[Any], Any]],
    committed: Callable[[Sequence[RecordedEvent]], None],
    rows: Sequence[RecordedEvent],
) -> None:
    for answer, outcome in answers:
        if answer.done():
            continue
        if isinstance(outcome, EventStoreError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
    committed(rows)
