"""Taking call records: a bounded queue and one named thread that writes it, so that no answer waits for a disk.

Opening the file and explaining its errors belongs to `files`.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from parley_profiling.errors import CorruptStoreError, StoreError, UnusableStoreError
from parley_profiling.stores.day import set_aside
from parley_profiling.stores.files import explained, inode, move_aside, open_for_writing
from parley_profiling.stores.items import Lost, Released, write_items
from parley_profiling.stores.reader import read_breakers
from parley_providers.errors import BudgetUnknownError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

    from parley_profiling.stores.items import Item
    from parley_providers.breaker import StoredBreaker
    from parley_providers.clock import Clock
    from parley_providers.records import CallRecord
    from parley_providers.spending import Claim

_log = logging.getLogger(__name__)
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A connection, and which file it was opened on: another process, or a person, may have replaced that since."""

    database: Database
    inode: int | None


class CallStore:
    """Keeps call records and breakers in the file at `path`: a `CallObserver`, a `BreakerStore` and a `Ledger`.

    Nothing is opened, imported or started before the first record. While the file cannot be written, up to `capacity`
    records wait, and the log says once what is wrong; what does not fit is dropped and counted. A damaged file is moved
    aside. In a file from a newer Parley nothing is written at all.

    Args:
        path: The file; its folder is made if it is missing.
        clock: Names the moment in the name of a damaged file.
        capacity: How many records may wait.
        busy_s: How long one attempt waits for another process, in seconds.
    """

    def __init__(self, path: Path, *, clock: Clock, capacity: int = 4096, busy_s: float = 2.0) -> None:
        self._path = path
        self._clock = clock
        self._capacity = capacity
        self._busy_s = busy_s
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._writing = 0
        self._lost = 0
        self._closing = False
        self._ends_at_s = 0.0
        self._refused = False
        self._told_full = False
        self._problem: str | None = None
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str | None:
        """Why records are not being written now, for the person; None while all is well."""
        return self._problem

    def observe(self, record: CallRecord) -> None:
        """See `CallObserver`: at once, and never raises."""
        self._take(record)

    def save(self, breaker: StoredBreaker) -> None:
        """See `BreakerStore`: at once, and never raises."""
        self._take(breaker)

    def load(self) -> tuple[StoredBreaker, ...]:
        """See `BreakerStore`: what cannot be read is told in the log and counts as nothing kept."""
        try:
            return read_breakers(self._path)
        except StoreError as error:
            _log.warning("%s", error)
            return ()

    def set_aside(self, claim: Claim) -> float | None:
        """See `Ledger`."""
        way_out = "Take budget.day_usd away, or ask a local model. Nothing was sent."
        try:
            total = set_aside(self._path, claim, busy_s=self._busy_s)
        except StoreError as error:
            unknown = f"What this day cost so far cannot be told, so its budget cannot be kept: {error} {way_out}"
            raise BudgetUnknownError(unknown) from error
        if total is not None and not total.whole:
            raise BudgetUnknownError(
                f"What this day (UTC) cost before its records were found damaged is unknown, so its budget cannot be "
                f"kept. Tomorrow it can again. {way_out}"
            )
        return None if total is None else total.used_usd

    def release(self, reservation_id: str) -> None:
        """See `Ledger`: after the records that were taken before; one that cannot be written stays set aside."""
        self._take(Released(reservation_id=reservation_id))

    def flush(self, *, timeout_s: float) -> bool:
        """Wait until all records taken so far are written, at most `timeout_s` seconds; whether they are."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_s)

    def close(self, *, timeout_s: float = 5.0) -> int:
        """Write what waits, trying for at most `timeout_s` seconds, and take no more; how many were lost in all."""
        with self._changed:
            self._closing, self._ends_at_s = True, monotonic() + timeout_s
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            atexit.unregister(self.close)
        with self._changed:
            unwritten = 0 if thread is None or not thread.is_alive() else len(self._waiting) + self._writing
            lost = self._lost + unwritten
        if unwritten:
            _log.warning("%d call records were not written to %s before the end", unwritten, self._path)
        return lost

    def _take(self, record: Item) -> None:
        with self._changed:
            if self._closing or self._refused or self._is_full():
                self._lost += 1
                return
            self._waiting.append(record)
            if self._thread is None:
                self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="parley-call-records", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            self._thread, self._refused = None, True
            self._waiting.clear()
            self._lost += 1
            _log.warning("call records are not kept: %s", error)
        else:
            atexit.register(self.close)

    def _run(self) -> None:
        opened: _Open | None = None
        try:
            while batch := self._next_batch():
                try:
                    opened = self._write(opened, batch)
                except Exception as error:  # noqa: BLE001 - the boundary of the thread: those after it are kept
                    if opened is not None:  # whatever became of it
                        opened.database.close()
                        opened = None
                    self._dropped(error)
        finally:
            if opened is not None:
                opened.database.close()

    def _next_batch(self) -> list[Item]:
        """What waits, as soon as something does; empty when the store is closed and nothing does."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closing)
            batch = list(self._waiting)
            self._waiting.clear()
            self._writing = len(batch)
            return batch

    def _write(self, opened: _Open | None, batch: list[Item]) -> _Open | None:
        """Write `batch`, or put it back and wait until another attempt makes sense; the connection to go on with."""
        found = inode(self._path)
        if opened is not None and opened.inode != found:
            opened.database.close()
            opened = None
        try:
            if opened is None:
                database = open_for_writing(self._path, busy_s=self._busy_s)
                opened = _Open(database=database, inode=inode(self._path))
            with explained(self._path):
                write_items(opened.database, batch)
        except StoreError as error:
            if opened is not None:
                opened.database.close()
            self._recover(error, batch, found if opened is None else opened.inode)
            return None
        with self._changed:
            self._writing, self._problem = 0, None
            self._changed.notify_all()
        return opened

    def _recover(self, error: StoreError, batch: list[Item], damaged_inode: int | None) -> None:
        if isinstance(error, CorruptStoreError):
            error = self._begin_anew(error, damaged_inode)
        if self._problem != str(error):
            _log.warning("%s", error)
        with self._changed:
            self._writing, self._problem = 0, str(error)
            if error.retry_after_s is None:
                self._refused = True
                self._lost += len(batch) + len(self._waiting)
                self._waiting.clear()
            elif self._closing and (isinstance(error, UnusableStoreError) or monotonic() >= self._ends_at_s):
                self._lost += len(batch) + len(self._waiting)
                self._waiting.clear()
                _log.warning("%d call records were not written: %s", self._lost, error)
            else:
                self._waiting.extendleft(reversed(batch))
                if self._closing:  # whoever holds the file, as to make it, is mostly done with it before the end
                    self._changed.wait(_PAUSE_S)
                else:
                    self._changed.wait_for(lambda: self._closing, error.retry_after_s)
            self._changed.notify_all()

    def _dropped(self, error: Exception) -> None:
        """Count a batch as lost that failed in a way that nobody thought of, and say so."""
        with self._changed:
            _log.error("%d call records were not kept: %s: %s", self._writing, type(error).__name__, error)
            self._lost += self._writing
            self._writing = 0
            self._changed.notify_all()

    def _begin_anew(self, error: CorruptStoreError, damaged_inode: int | None) -> StoreError:
        """Move the damaged file aside, and note the loss; what to tell, and how soon to try again."""
        now = self._clock.now()
        suffix = f"damaged-{now:%Y%m%dT%H%M%SZ}"
        try:
            aside = move_aside(self._path, suffix=suffix, damaged_inode=damaged_inode)
        except OSError as failure:
            return UnusableStoreError(f"{error} Moving it aside failed: {failure}.")
        if aside is None:
            return error
        with suppress(StoreError), closing(open_for_writing(self._path, busy_s=self._busy_s)) as database:
            write_items(database, [Lost(suffix=suffix, at=now)])
        return CorruptStoreError(f"{self._path} was damaged. It is kept as {aside.name}, and a new one was begun.")

    def _is_idle(self) -> bool:
        return not self._waiting and not self._writing

    def _is_full(self) -> bool:
        if len(self._waiting) + self._writing < self._capacity:
            return False
        if not self._told_full:
            _log.warning("%d call records wait to be written: too many, more are dropped", self._capacity)
            self._told_full = True
        return True
