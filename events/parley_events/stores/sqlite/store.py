"""The SQLite event store: joins the writer, the readers and the tail to what `EventStore` promises."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from parley_events.blobs import blob_name, missing, redacted_blob
from parley_events.errors import StoreClosedError, StoreReadOnlyError
from parley_events.events import EVERYTHING, to_microseconds
from parley_events.feed import QUEUE_EVENTS, Feed
from parley_events.stores.preparing import PreparingStore
from parley_events.stores.sqlite import upkeep
from parley_events.stores.sqlite.connection import check_readable, create
from parley_events.stores.sqlite.reader import Reader
from parley_events.stores.sqlite.statements import HEAD, cursor, move_cursor, select
from parley_events.stores.sqlite.tail import SqliteTail
from parley_events.stores.sqlite.writer import PATIENCE_S, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from datetime import datetime

    from parley_events.batches import Batch
    from parley_events.events import Query, RecordedEvent
    from parley_events.store import AggregateSummary, Appended, Cursor, Instruments, Removal, Snapshot, StoreSize


class SqliteStore(PreparingStore):
    """An `EventStore` in one file, which any number of processes of this machine may open.

    Args:
        path: The database's file; it and its folder are made when it is opened.
        instruments: Clock, ids, redaction, and who is told of trouble.
        read_only: Open it only to read; nothing is made or migrated.
        patience_s: How long an append waits while another process holds the lock, in seconds.
        queue_events: How far a subscriber may fall behind before it is cut off.
        mounts: Mount points and kinds of file system; None asks the machine.
    """

    def __init__(
        self,
        path: Path,
        instruments: Instruments,
        *,
        read_only: bool = False,
        patience_s: float = PATIENCE_S,
        queue_events: int = QUEUE_EVENTS,
        mounts: Iterable[tuple[str, str]] | None = None,
    ) -> None:
        self._path = Path(path).absolute()
        super().__init__(instruments)
        self._read_only = read_only
        self._patience_s = patience_s
        self._queue_events = queue_events
        self._mounts = mounts
        self._opened: tuple[Reader, Feed, Writer | None] | None = None
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            StoreUnusableError: it cannot be used; the message says why and what to do.
        """
        if self._read_only:
            await asyncio.to_thread(check_readable, self._path)
        else:
            await asyncio.to_thread(create, self._path, self._mounts)
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def _start(self) -> None:
        tail = SqliteTail(self._path, self._instruments.report)
        feed = Feed(self.head, tail, queue_events=self._queue_events)
        tail.attach(feed)
        reader = Reader(self._path)
        self._closing.push_async_callback(reader.aclose)
        self._closing.push_async_callback(tail.aclose)
        writer = None
        if not self._read_only:
            writer = Writer(self._path, feed.committed, self._instruments.report, patience_s=self._patience_s)
            self._closing.push_async_callback(writer.aclose)
            await writer.start()
        self._closing.callback(feed.close)
        self._opened = (reader, feed, writer)

    async def __aexit__(self, *_error: object) -> None:
        """End subscriptions, finish what is being stored, and close it."""
        await self._closing.aclose()

    async def load(self, query: Query, *, limit: int | None = None) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self._reader.read(partial(select, query=query, after=0, limit=limit))

    async def load_from(self, position: int, query: Query = EVERYTHING, *, limit: int = 1000) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self._reader.read(partial(select, query=replace(query, until=None), after=position, limit=limit))

    async def head(self) -> int:
        """See `EventStore`."""
        return int((await self._reader.read(lambda connection: connection.execute(HEAD).fetchone()))[0])

    async def cursor(self, name: str) -> int:
        """See `EventStore`."""
        return await self._reader.read(partial(cursor, name=name))

    async def save_cursor(self, cursor: Cursor) -> None:
        """See `EventStore`."""
        await self._writer.write(partial(move_cursor, name=cursor.name, position=cursor.position))

    async def drop_cursor(self, name: str) -> None:
        """See `EventStore`."""
        await self._writer.write(partial(upkeep.drop_cursor, name=name))

    async def snapshot(
        self, stream_id: str, aggregate_id: str, schema_hash: str, *, until_sequence: int | None = None
    ) -> Snapshot | None:
        """See `EventStore`."""
        key = (stream_id, aggregate_id, schema_hash)
        return await self._reader.read(partial(upkeep.read_snapshot, key=key, until_sequence=until_sequence))

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `EventStore`."""
        await self._writer.write(partial(upkeep.write_snapshot, snapshot=snapshot))

    async def put_blob(self, data: bytes) -> str:
        """See `EventStore`."""
        stored = redacted_blob(data, self._instruments.redact)
        name = blob_name(stored)
        at_us = to_microseconds(self._instruments.now())
        await self._writer.write(partial(upkeep.write_blob, name=name, data=stored, at_us=at_us))
        return name

    async def blob(self, name: str) -> bytes:
        """See `EventStore`."""
        data = await self._reader.read(partial(upkeep.read_blob, name=name))
        if data is None:
            raise missing(name)
        return data

    async def blob_names(self, *, stored_before: datetime | None = None) -> frozenset[str]:
        """See `EventStore`."""
        before_us = None if stored_before is None else to_microseconds(stored_before)
        return await self._reader.read(partial(upkeep.blob_names, before_us=before_us))

    async def aggregates(self, stream_id: str | None = None) -> list[AggregateSummary]:
        """See `EventStore`."""
        return await self._reader.read(partial(upkeep.aggregates, stream_id=stream_id))

    async def size(self) -> StoreSize:
        """See `EventStore`."""
        return await self._reader.read(partial(upkeep.size, path=self._path))

    async def remove(self, removal: Removal) -> Removal:
        """See `EventStore`."""
        return await self._writer.write(partial(upkeep.remove, removal=removal))

    async def vacuum(self) -> None:
        """See `EventStore`."""
        await self._writer.write(upkeep.vacuum, transaction=False)

    async def check(self) -> tuple[str, ...]:
        """See `EventStore`."""
        return await self._reader.read(upkeep.check)

    def _commit(self, batch: Batch) -> Awaitable[Appended]:
        return self._writer.append(batch)

    @property
    def _parts(self) -> tuple[Reader, Feed, Writer | None]:
        if self._opened is None:
            raise StoreClosedError("The event store is not open. Open it with `async with`.")
        return self._opened

    @property
    def _reader(self) -> Reader:
        return self._parts[0]

    @property
    def _feed(self) -> Feed:
        return self._parts[1]

    @property
    def _writer(self) -> Writer:
        writer = self._parts[2]
        if writer is None:
            raise StoreReadOnlyError(f"The event store {self._path} was opened only to be read.")
        return writer
