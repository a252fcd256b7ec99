"""What can still be read of a damaged file: events one by one where pages are lost, and bytes that are what they were.

Opening a store refuses a damaged file, because answers from it would have holes that nobody sees. Here the holes are
counted; what comes out can be brought into a new store.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from parley_events.blobs import blob_name, missing
from parley_events.errors import DamagedEventError
from parley_events.events import EVERYTHING, RecordedEvent
from parley_events.stores.sqlite.faults import translated
from parley_events.stores.sqlite.location import check_is_no_folder
from parley_events.stores.sqlite.statements import COLUMNS, select

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from parley_events.events import Query

PAGE_EVENTS = 500
# How far to look for more where a damaged file no longer tells how many events it had.
BLIND = 100_000


class SalvagedEvents:
    """The events and bytes of a damaged file, as far as they can be read; use it as a context.

    Of each aggregate it gives the events up to the first that is lost: those after it would be another history.
    `events` counts those that were given, `left_out` those that could be read and were not given.

    Args:
        path: The file, of which a copy may be the wiser choice on a disk that fails.
    """

    def __init__(self, path: Path) -> None:
        self.events = self.left_out = 0
        self._path = path.absolute()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            EventStoreError: not even its list of tables can be read.
        """
        check_is_no_folder(self._path)
        try:
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
            self._connection.execute("PRAGMA writable_schema = ON")  # a file that is shorter than it says is opened
            self._connection.execute("SELECT position FROM events LIMIT 0")
        except sqlite3.Error as error:
            self.__exit__()
            raise translated(error, str(self._path)) from error
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        if self._connection is not None:
            self._connection.close()

    async def load_all(self, query: Query = EVERYTHING) -> AsyncGenerator[RecordedEvent, None]:
        """The events of a query, by position."""
        heads: dict[tuple[str, str], int] = {}
        for event in self._readable():
            key = (event.stream_id, event.aggregate_id)
            if event.sequence != heads.get(key, 0) + 1:
                self.left_out += 1
                continue
            heads[key] = event.sequence
            if query.matches(event):
                self.events += 1
                yield event

    async def blob(self, name: str) -> bytes:
        """The bytes of a name.

        Raises:
            MissingBlobError: there are none, or they are not those any more.
        """
        with suppress(sqlite3.Error):
            for (data,) in self._open.execute("SELECT data FROM blobs WHERE name = ?", (name,)).fetchall():
                if blob_name(data) == name:
                    return bytes(data)
        raise missing(name)

    def _readable(self) -> Iterator[RecordedEvent]:
        position, last = 0, self._last()
        while position < last:
            try:
                page = select(self._open, EVERYTHING, position, PAGE_EVENTS)
            except sqlite3.Error:
                page = [*self._one_by_one(position, min(position + PAGE_EVENTS, last))]
                position += PAGE_EVENTS
            else:
                position = page[-1].position if len(page) == PAGE_EVENTS else last
            yield from filter(_whole, page)

    def _one_by_one(self, after: int, until: int) -> Iterator[RecordedEvent]:
        for position in range(after + 1, until + 1):
            with suppress(sqlite3.Error):
                found = self._open.execute(f"SELECT {COLUMNS} FROM events WHERE position = ?", (position,))  # noqa: S608 - names only
                yield from map(RecordedEvent._make, found.fetchall())

    def _last(self) -> int:
        """A position that no event is beyond, as far as can be known."""
        known = []
        for question in ("SELECT max(position) FROM events", "SELECT seq FROM sqlite_sequence WHERE name = 'events'"):
            with suppress(sqlite3.Error):
                known += [last for (last,) in self._open.execute(question).fetchall() if isinstance(last, int)]
        return max(known, default=BLIND)

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._connection is not None  # noqa: S101 - a context
        return self._connection


def _whole(event: RecordedEvent) -> bool:
    try:
        event.check()
    except DamagedEventError:
        return False
    return True
