"""The threads that read events, each with its own connection.

A page of events comes in dozens of pieces. The event loop would be woken for each; a thread waits for them inside
the driver, where the interpreter is free for others.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from parley_events.errors import StoreClosedError
from parley_events.stores.postgres.connection import connect_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from parley_events.stores.postgres.connection import Place

ResultT = TypeVar("ResultT")
THREADS = 2
CANCEL_S = 5.0


class Reader:
    """Reads of one store, off the event loop.

    Args:
        place: The database.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="parley-events-read")
        self._local = threading.local()
        self._connections: set[Connection] = set()
        self._closed = False

    async def read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """What `work` reads.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        if self._closed:
            raise StoreClosedError("The event store is closed. Open it with `async with`.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._work, work)

    async def aclose(self) -> None:
        """End what is being read, the threads and their connections."""
        self._closed = True
        await asyncio.to_thread(self._close)

    def _work(self, work: Callable[[Connection], ResultT]) -> ResultT:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            if connection is not None:
                self._connections.discard(connection)
                connection.close()
            connection = self._local.connection = connect_reader(self._place)
            self._connections.add(connection)
        return work(connection)

    def _close(self) -> None:
        for connection in tuple(self._connections):
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                with suppress(psycopg.Error):  # who does not answer to this does not answer to the thread either
                    connection.cancel_safe(timeout=CANCEL_S)
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()
