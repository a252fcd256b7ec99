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
from parley_events.stores.postgres.bounds import ANSWER_S, cut_off, silent
from parley_events.stores.postgres.connection import CANCEL_S, connect_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from parley_events.stores.postgres.connection import Place

ResultT = TypeVar("ResultT")
THREADS = 2


class _Reading:
    """One read: its connection, while it has one, is cut off when it takes too long; never the next read's."""

    def __init__(self) -> None:
        self.is_cut = False
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            if self._connection is not None:
                cut_off(self._connection)

    def begin(self, connection: Connection) -> None:
        with self._lock:
            self._connection = connection
            if self.is_cut:
                cut_off(connection)

    def end(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if self.is_cut and connection is not None:
            connection.close()  # it may not have seen that it was cut off, and the next read shall not be who finds out


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

    async def read(self, work: Callable[[Connection], ResultT], answer_s: float = ANSWER_S) -> ResultT:
        """What `work` reads within so many seconds.

        Raises:
            psycopg.Error: the database does not answer, or refuses.
        """
        self._check_open()
        loop, reading = asyncio.get_running_loop(), _Reading()
        timer = loop.call_later(answer_s, reading.cut)
        try:
            return await loop.run_in_executor(self._pool, self._work, work, reading)
        except psycopg.Error as error:
            if reading.is_cut:
                raise silent(answer_s) from error
            raise
        except asyncio.CancelledError:
            reading.cut()  # else its thread would wait for an answer that nobody wants, perhaps for ever
            raise
        finally:
            timer.cancel()

    async def aclose(self) -> None:
        """End what is being read, the threads and their connections."""
        self._closed = True
        await asyncio.to_thread(self._close)

    def _work(self, work: Callable[[Connection], ResultT], reading: _Reading) -> ResultT:
        self._check_open()  # perhaps it was closed while this waited for its thread
        if reading.is_cut:
            raise psycopg.OperationalError("there was no thread for it in time")
        try:
            connection = self._connected(reading)
            reading.begin(connection)
            return work(connection)
        finally:
            reading.end()

    def _connected(self, reading: _Reading) -> Connection:
        """This thread's connection, which is made if there is none, or none any more."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            if connection is not None:
                self._connections.discard(connection)
                connection.close()
            connection = self._local.connection = connect_reader(self._place, reading.begin)
            self._connections.add(connection)
        return connection

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosedError("The event store is closed. Open it with `async with`.")

    def _close(self) -> None:
        for connection in tuple(self._connections):
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=CANCEL_S)
        # Who does not answer to this does not answer to the thread either.
        impatient = threading.Timer(CANCEL_S, self._cut)
        impatient.name = "parley-events-read-end"
        impatient.start()
        self._pool.shutdown()
        impatient.cancel()
        for connection in self._connections:
            connection.close()

    def _cut(self) -> None:
        for connection in tuple(self._connections):
            cut_off(connection)
