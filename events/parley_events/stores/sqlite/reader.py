"""The threads that read, each with its own connection; transactions are short, for a long one lets the log grow."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from parley_events.errors import StoreClosedError
from parley_events.stores.sqlite.connection import connect_reader
from parley_events.stores.sqlite.faults import FAULTS, translated
from parley_events.stores.sqlite.opened_file import OpenedFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

ResultT = TypeVar("ResultT")
THREADS = 2
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
        """What `work` reads.

        Raises:
            StoreUnusableError: the file was deleted or replaced since.
        """
        if self._closed:
            raise StoreClosedError("The event store is closed. Open it with `async with`.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._work, work)

    async def aclose(self) -> None:
        """End the threads, and close their connections."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        for connection in self._connections:
            connection.close()

    def _work(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        try:
            self._file.check(_GONE)
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect_reader(self._path)
                self._connections.append(connection)
                self._file.check(_GONE)  # if not, it was opened on what came in its place, and is not kept
                self._local.connection = connection
            return work(connection)
        except FAULTS as error:
            raise translated(error, str(self._path)) from error
