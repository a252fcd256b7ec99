"""How commits of other processes are noticed: a thread asks `PRAGMA data_version`, often in traffic, seldom at rest.

It reads what is new, too, and hands it to the feed; this process's own commits reach the feed sooner, by the writer.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

from parley_events.errors import StoreUnusableError
from parley_events.events import EVERYTHING
from parley_events.store import Trouble
from parley_events.stores.sqlite.connection import connect_reader
from parley_events.stores.sqlite.faults import FAULTS, translated
from parley_events.stores.sqlite.opened_file import OpenedFile
from parley_events.stores.sqlite.statements import select
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from parley_events.feed import Feed

logger = logging.getLogger(__name__)

PAGE_EVENTS = 500
BUSY_INTERVAL_S = 0.001
IDLE_INTERVAL_S = 0.04
BUSY_FOR_S = 0.5


class SqliteTail:
    """Follows the database for a feed while somebody listens.

    Args:
        path: The database, which exists.
        report: Is told, in the loop's thread, of trouble with it.
    """

    def __init__(self, path: Path, report: Callable[[Trouble], None]) -> None:
        self._path = path
        self._file = OpenedFile(path)
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._feed: Feed | None = None
        self._thread: threading.Thread | None = None
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._done = threading.Event()
        self._resumed = False
        self._attempt = 0

    def attach(self, feed: Feed) -> None:
        """Say whom to deliver to; once, before anybody listens."""
        self._feed = feed

    def resume(self) -> None:
        """See `Tail`."""
        self._resumed = True
        self._listening.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="parley-events-tail", daemon=True)
            self._thread.start()

    def pause(self) -> None:
        """See `Tail`. Whoever leaves while it is being closed does not make its thread wait once more."""
        if not self._stop.is_set():
            self._listening.clear()

    async def aclose(self) -> None:
        """End the thread."""
        self._stop.set()
        self._listening.set()
        self._done.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._listening.wait()
            if self._is_gone():
                continue
            try:
                connection = connect_reader(self._path)
                try:
                    self._follow(connection)
                finally:
                    connection.close()
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: nobody would follow any more
                self._attempt += 1
                self._tell(error, self._attempt)
                self._stop.wait(backoff_s(self._attempt))

    def _follow(self, connection: sqlite3.Connection) -> None:
        seen: int | None = None
        busy_until = 0.0
        interval_s = BUSY_INTERVAL_S
        while not self._stop.is_set():
            self._listening.wait()
            if self._resumed:
                self._resumed, seen = False, None
            if self._is_gone():
                return  # once it is back it is opened again: this may have been opened on what came in its place
            [version] = connection.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                self._read(connection)
                self._attempt = 0
                busy_until, interval_s = time.monotonic() + BUSY_FOR_S, BUSY_INTERVAL_S
            elif time.monotonic() > busy_until:
                interval_s = min(IDLE_INTERVAL_S, interval_s * 1.5)
            self._stop.wait(interval_s)

    def _read(self, connection: sqlite3.Connection) -> None:
        assert self._feed is not None  # noqa: S101 - `attach` comes first
        after = self._feed.position
        while not self._stop.is_set():
            page = select(connection, EVERYTHING, after, PAGE_EVENTS)
            if page:
                self._wait_for(self._feed.deliver, after, page)
                after = page[-1].position
            if len(page) < PAGE_EVENTS:
                return

    def _is_gone(self) -> bool:
        """Whether the file was deleted or replaced; then every subscription ends, so that the tail rests."""
        assert self._feed is not None  # noqa: S101 - `attach` comes first
        try:
            self._file.check("Its new events cannot be followed.")
        except StoreUnusableError as error:
            self._wait_for(self._feed.cut, error)
            return True
        return False

    def _wait_for(self, callback: Callable[..., None], *arguments: object) -> None:
        """Let the loop call this, and wait until it has: pages do not pile up."""
        self._done.clear()
        if self._in_loop(self._call, callback, *arguments):
            self._done.wait()

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        finally:
            self._done.set()

    def _tell(self, error: Exception, attempt: int) -> None:
        trouble = Trouble(
            what="following the event store",
            error=translated(error, str(self._path)) if isinstance(error, FAULTS) else error,
            attempt=attempt,
            retry_in_s=backoff_s(attempt),
        )
        logger.warning("%s: %s", trouble.what, trouble.error)
        self._in_loop(self._report, trouble)

    def _in_loop(self, callback: Callable[..., None], *arguments: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop ended before the store was closed: nobody listens any more
            self._stop.set()
            return False
        return True
