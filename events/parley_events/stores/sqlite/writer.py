"""The one thread of this process that writes: it drains the queue of appends into one transaction at a time.

A commit to the disk costs hundreds of times what a row costs, so everything that waits goes into the next one.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from parley_events.errors import StoreBusyError, StoreClosedError
from parley_events.store import Trouble
from parley_events.stores.sqlite.commits import commit_at_once, commit_within
from parley_events.stores.sqlite.connection import BUSY_MS, connect_writer, reserve_log
from parley_events.stores.sqlite.faults import FAULTS, translated
from parley_events.stores.sqlite.line import Line, Write
from parley_events.stores.sqlite.opened_file import OpenedFile
from parley_events.stores.sqlite.statements import Heads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from parley_events.batches import Batch, Outcome, Planned
    from parley_events.errors import EventStoreError
    from parley_events.events import RecordedEvent
    from parley_events.store import Appended
    from parley_events.stores.sqlite.line import Answer, Job

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")

PATIENCE_S = 90.0
# Who stores but a few events never needs the log's room.
RESERVE_AFTER = 8


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
        self._report = report
        self._patience_s = patience_s
        self._line = Line(committed)
        self._thread = threading.Thread(target=self._run, name="parley-events-write", daemon=True)
        self._file = OpenedFile(path)
        self._closing = threading.Event()
        self._heads = Heads()
        self._commits = 0

    async def start(self) -> None:
        """Begin; the database is open when this returns.

        Raises:
            EventStoreError: it cannot be opened.
        """
        self._thread.start()
        await self.write(lambda _connection: None, transaction=False)

    def append(self, batch: Batch) -> Awaitable[Appended]:
        """Store a batch with the next commit.

        A caller that is cancelled while it waits does not know whether the events were stored; asking again with the
        same event ids is safe.
        """
        self._check_open()
        return self._line.ask(batch)

    async def write(self, work: Callable[[sqlite3.Connection], ResultT], *, transaction: bool = True) -> ResultT:
        """Do something else in a transaction of its own, or outside of any."""
        self._check_open()
        answer: asyncio.Future[ResultT] = self._line.ask(Write(work=work, transaction=transaction))
        return await answer

    async def aclose(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._closing.set()
        self._line.end()
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._end))

    def _end(self) -> None:
        """On a thread, so that it happens also where whoever closes is cancelled."""
        self._thread.join()
        self._line.close()

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise StoreClosedError("The event store is closed. Open it with `async with`.")

    def _run(self) -> None:
        try:
            connection = connect_writer(self._path)
        except sqlite3.Error as error:
            self._refuse_all(translated(error, str(self._path)))
            return
        try:
            while (jobs := self._line.take()) is not None:
                self._do(connection, jobs)
        finally:
            connection.close()

    def _do(self, connection: sqlite3.Connection, jobs: Sequence[Job]) -> None:
        appends: list[tuple[Batch, Answer]] = []
        for work, answer in jobs:
            if answer.cancelled():
                self._line.answer([(answer, None)])
            elif isinstance(work, Write):
                self._append(connection, appends)
                appends = []
                self._write(connection, work, answer)
            else:
                appends.append((work, answer))
        self._append(connection, appends)

    def _refuse_all(self, error: EventStoreError) -> None:
        while (jobs := self._line.take()) is not None:
            self._line.answer([(answer, error) for _, answer in jobs])

    def _append(self, connection: sqlite3.Connection, appends: Sequence[tuple[Batch, Answer]]) -> None:
        if not appends:
            return
        outcomes: Sequence[Outcome | Exception]
        rows: Sequence[RecordedEvent] = ()
        try:
            planned = self._commit(connection, [batch for batch, _ in appends])
            outcomes, rows = planned.outcomes, planned.rows
            self._heads.committed(planned)
        except Exception as error:  # noqa: BLE001 - the boundary of the thread: who asked hears whatever it is
            outcomes = [error] * len(appends)
            self._heads.forget()  # whether an error of the disk came before or after the commit is not known
        self._line.answer(list(zip([answer for _, answer in appends], outcomes, strict=True)), rows)
        self._commits += 1
        if self._commits == RESERVE_AFTER:
            reserve_log(connection, self._path)

    def _commit(self, connection: sqlite3.Connection, batches: list[Batch]) -> Planned:
        planned = self._patiently(lambda: commit_at_once(connection, batches, self._heads))
        if planned is None:
            planned = self._transaction(connection, lambda within: commit_within(within, batches, self._heads))
        return planned

    def _write(self, connection: sqlite3.Connection, write: Write, answer: Answer) -> None:
        outcome: object
        self._heads.forget()
        try:
            outcome = self._transaction(connection, write.work) if write.transaction else write.work(connection)
        except FAULTS as error:
            outcome = translated(error, str(self._path))
        except Exception as error:  # noqa: BLE001 - as above
            outcome = error
        self._line.answer([(answer, outcome)])

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
        except FAULTS as error:
            raise translated(error, str(self._path)) from error
        return result

    def _patiently(self, take_lock: Callable[[], ResultT]) -> ResultT:
        """Do what takes the write lock first; wait for another process that holds it, up to the patience."""
        self._file.check("Nothing of this was stored.")
        deadline = time.monotonic() + self._patience_s
        told = False
        while True:
            try:
                return take_lock()
            except FAULTS as error:
                trouble = translated(error, str(self._path))
                if not isinstance(trouble, StoreBusyError) or self._closing.is_set() or time.monotonic() > deadline:
                    raise trouble from error
                if not told:
                    told = True
                    self._tell(Trouble(what="storing events", error=trouble, attempt=1, retry_in_s=BUSY_MS / 1000))

    def _tell(self, trouble: Trouble) -> None:
        logger.warning("%s: %s", trouble.what, trouble.error)
        self._line.in_loop(self._report, trouble)
