"""The threads that read, each with its own connection; transactions are short, for a long one lets the log grow."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from parley_events.errors import StoreClosedError
from parley_events.stores.sqlite.connection import connect_reader
from parley_events.stores.sqlite.faults import FAULTS, translated
from parley_events.stores.sqlite.opened_file import OpenedFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

ResultT = TypeVar("ResultT")
THREADS = 2
AGAIN_S = 0.01  # between two interruptions of a read that goes on
_GONE = "Nothing more can be read from it."


class Reader:
    """Reads of one store, off the event loop.

    Args:
        path: The database, which exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = OpenedFile(path)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="parley-events-read")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False

    async def read(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """What `work` reads. Who is cancelled ends it, so that closing need not wait for what nobody wants any more.

        Raises:
            StoreUnusableError: the file was deleted or replaced since.
        """
        if self._closed:
            raise StoreClosedError("The event store is closed. Open it with `async with`.")
        reading = _Reading()
        future = self._pool.submit(self._work, work, reading)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            _end(reading, future)
            raise

    async def aclose(self) -> None:
        """End the threads, and close their connections."""
        self._closed = True
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._end))

    def _end(self) -> None:
        """On a thread, so that it happens also where whoever closes is cancelled."""
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _work(self, work: Callable[[sqlite3.Connection], ResultT], reading: _Reading) -> ResultT:
        try:
            self._file.check(_GONE)
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect_reader(self._path)
                self._connections.append(connection)
                self._file.check(_GONE)  # if not, it was opened on what came in its place, and is not kept
                self._local.connection = connection
            with reading.on(connection):
                return work(connection)
        except FAULTS as error:
            raise translated(error, str(self._path)) from error


def _end(reading: _Reading, future: Future[ResultT]) -> None:
    """Interrupt a read until it has ended: SQLite forgets an interruption that comes between two statements."""
    if not future.done():
        reading.interrupt()
        asyncio.get_running_loop().call_later(AGAIN_S, _end, reading, future)


class _Reading:
    """One read, which may be interrupted from another thread while it goes on, and does not disturb the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def on(self, connection: sqlite3.Connection) -> Iterator[None]:
        with self._lock:
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    def interrupt(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()
