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

from parley_events.errors import EventStoreError, StoreBusyError, StoreClosedError, StoreUnusableError
from parley_events.store import Trouble
from parley_events.stores.sqlite.commits import commit_at_once, commit_within
from parley_events.stores.sqlite.connection import BUSY_MS, connect_writer, reserve_log
from parley_events.stores.sqlite.faults import translated
from parley_events.stores.sqlite.statements import Heads

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
# In a crowd, those who were just answered ask again in the same turn of the loop; they are handed over together, when
# it ends, so that the thread is woken once and not while the loop still works.
CROWD = 4
# Who stores but a few events never needs the log's room.
RESERVE_AFTER = 8


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
        self._asked: list[_Append | _Write] = []
        self._crowd = False
        self._jobs: queue.SimpleQueue[list[_Append | _Write] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="parley-events-write", daemon=True)
        self._inode: int | None = None
        self._closing = threading.Event()
        self._ended = False
        self._heads = Heads()
        self._commits = 0

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
        self._hand_over()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, job: _Append | _Write) -> None:
        if self._closing.is_set():
            raise StoreClosedError("The event store is closed. Open it with `async with`.")
        self._asked.append(job)
        if not self._crowd:
            self._hand_over()
        elif len(self._asked) == 1:
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._asked:
            self._jobs.put(self._asked)
            self._asked = []

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
        while (jobs := self._jobs.get()) is not None:
            self._answer([(job.answer, error) for job in jobs], ())

    def _next(self, connection: sqlite3.Connection) -> list[_Append]:
        """The appends that wait; other writes that come first are done. Nothing: it is time to end."""
        appends: list[_Append] = []
        while not self._ended and len(appends) < MAX_BATCHES:
            try:
                jobs = self._jobs.get(block=not appends)
            except queue.Empty:
                break
            self._ended = jobs is None
            for job in jobs or ():
                if job.answer.cancelled():
                    continue
                if isinstance(job, _Append):
                    appends.append(job)
                else:
                    if appends:
                        self._append(connection, appends)
                        appends = []
                    self._write(connection, job)
        return appends

    def _append(self, connection: sqlite3.Connection, appends: list[_Append]) -> None:
        batches = [each.batch for each in appends]
        outcomes: Sequence[Outcome]
        rows: Sequence[RecordedEvent] = ()
        try:
            planned = self._commit(connection, batches)
            outcomes, rows = planned.outcomes, planned.rows
            self._heads.committed(planned)
        except EventStoreError as error:
            outcomes = [error] * len(appends)
            self._heads.forget()  # whether an error of the disk came before or after the commit is not known
        self._answer([(each.answer, outcome) for each, outcome in zip(appends, outcomes, strict=True)], rows)
        self._commits += 1
        if self._commits == RESERVE_AFTER:
            reserve_log(connection, self._path)

    def _commit(self, connection: sqlite3.Connection, batches: list[Batch]) -> Planned:
        planned = self._patiently(lambda: commit_at_once(connection, batches, self._heads))
        if planned is None:
            planned = self._transaction(connection, lambda within: commit_within(within, batches, self._heads))
        return planned

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
        self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        try:
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

    def _patiently(self, take_lock: Callable[[], ResultT]) -> ResultT:
        """Do what takes the write lock first; wait for another process that holds it, up to the patience."""
        self._check_file()
        deadline = time.monotonic() + self._patience_s
        told = False
        while True:
            try:
                return take_lock()
            except sqlite3.Error as error:
                trouble = translated(error, str(self._path))
                if not isinstance(trouble, StoreBusyError) or self._closing.is_set() or time.monotonic() > deadline:
                    raise trouble from error
                if not told:
                    told = True
                    self._tell(Trouble(what="storing events", error=trouble, attempt=1, retry_in_s=BUSY_MS / 1000))

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
        self._in_loop(self._settle, answers, rows)

    def _tell(self, trouble: Trouble) -> None:
        logger.warning("%s: %s", trouble.what, trouble.error)
        self._in_loop(self._report, trouble)

    def _in_loop(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop ended before the store was closed: nobody waits any more
            logger.warning("the event loop ended while events were being stored")

    def _settle(self, answers: list[tuple[asyncio.Future[Any], Any]], rows: Sequence[RecordedEvent]) -> None:
        self._crowd = len(answers) >= CROWD
        for answer, outcome in answers:
            if answer.done():
                continue
            if isinstance(outcome, EventStoreError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        self._committed(rows)
