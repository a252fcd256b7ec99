"""The PostgreSQL event store: joins the pool, the writer and the tail to what `EventStore` promises."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import psycopg

from parley_events.blobs import blob_name, missing, redacted_blob
from parley_events.errors import StoreClosedError, StoreReadOnlyError
from parley_events.events import EVERYTHING
from parley_events.feed import QUEUE_EVENTS, Feed
from parley_events.stores.postgres import upkeep
from parley_events.stores.postgres.bounds import ANSWER_S, WHOLE_STORE_S
from parley_events.stores.postgres.connection import Place, connect, pool_of
from parley_events.stores.postgres.database import PATIENCE_S, Asking, Database
from parley_events.stores.postgres.faults import translated
from parley_events.stores.postgres.reader import Reader
from parley_events.stores.postgres.schema import check_readable, migrate
from parley_events.stores.postgres.statements import HEAD, MOVE_CURSOR, cursor_position, select
from parley_events.stores.postgres.tail import Notifier, PostgresTail
from parley_events.stores.postgres.writer import Writer
from parley_events.stores.preparing import PreparingStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection, Connection
    from psycopg_pool import AsyncConnectionPool

    from parley_events.batches import Batch
    from parley_events.events import Query, RecordedEvent
    from parley_events.store import AggregateSummary, Appended, Cursor, Instruments, Removal, Snapshot, StoreSize

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    database: Database
    feed: Feed
    writer: Writer


class PostgresStore(PreparingStore):
    """An `EventStore` in a PostgreSQL database, which any number of machines may open.

    Args:
        conninfo: A connection string or `postgresql://` address. It may hold a password, so it is never shown.
        instruments: Clock, ids, redaction, and who is told of trouble.
        schema: The schema that holds the tables; it is made if it is missing.
        read_only: Open it only to read; nothing is made or migrated, and a standby will do.
        patience_s: How long to try while the database does not answer, in seconds.
        queue_events: How far a subscriber may fall behind before it is cut off.
        answer_s: How long one answer may take, in seconds, before another connection is tried.
    """

    def __init__(  # noqa: PLR0913 - an address, and bounds that have defaults
        self,
        conninfo: str,
        instruments: Instruments,
        *,
        schema: str = "parley",
        read_only: bool = False,
        patience_s: float = PATIENCE_S,
        queue_events: int = QUEUE_EVENTS,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._place = Place(conninfo=conninfo, schema=schema, read_only=read_only)
        super().__init__(instruments)
        self._patience_s, self._answer_s = patience_s, answer_s
        self._queue_events = queue_events
        self._opened: _Parts | None = None
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            EventStoreError: it cannot be used; the message says why and what to do.
        """
        place = str(self._place)
        try:
            async with await connect(self._place) as connection:
                if self._place.read_only:
                    await check_readable(connection, place, answer_s=self._answer_s)
                else:
                    await migrate(connection, self._place.schema, place, answer_s=self._answer_s)
        except psycopg.Error as error:
            raise translated(error, place) from error
        pool, reader = pool_of(self._place), Reader(self._place)
        await pool.open()
        self._closing.push_async_callback(self._close_pool, pool)
        self._closing.push_async_callback(reader.aclose)
        database = Database(
            pool=pool,
            reader=reader,
            place=self._place,
            report=self._instruments.report,
            patience_s=self._patience_s,
        )
        notifier = Notifier(pool)
        tail = PostgresTail(self._place, self._instruments.report, answer_s=self._answer_s)
        feed = Feed(self.head, tail, queue_events=self._queue_events)

        def committed(events: Sequence[RecordedEvent]) -> None:
            feed.committed(events)
            if events:
                notifier.notify(events[-1].position)

        tasks = await self._closing.enter_async_context(asyncio.TaskGroup())
        for work, name in ((tail.run(feed), "parley-events-tail"), (notifier.run(), "parley-events-notify")):
            self._closing.callback(tasks.create_task(work, name=name).cancel)
        self._closing.callback(tail.stop)
        self._closing.callback(notifier.stop)
        self._closing.callback(feed.close)
        self._opened = _Parts(database=database, feed=feed, writer=Writer(database, committed, answer_s=self._answer_s))
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End subscriptions and close every connection."""
        await self._closing.aclose()

    async def load(self, query: Query, *, limit: int | None = None) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self._read(partial(select, query=query, after=0, limit=limit))

    async def load_from(self, position: int, query: Query = EVERYTHING, *, limit: int = 1000) -> list[RecordedEvent]:
        """See `EventStore`."""
        endless = replace(query, until=None)
        return await self._read(partial(select, query=endless, after=position, limit=limit))

    async def head(self) -> int:
        """See `EventStore`."""

        async def read(connection: AsyncConnection) -> int:
            [[head]] = await (await connection.execute(HEAD)).fetchall()
            return int(head)

        return await self._do(read)

    async def cursor(self, name: str) -> int:
        """See `EventStore`."""
        return await self._do(lambda connection: cursor_position(connection, name))

    async def save_cursor(self, cursor: Cursor) -> None:
        """See `EventStore`."""
        await self._change(lambda connection: connection.execute(MOVE_CURSOR, (cursor.name, cursor.position)))

    async def drop_cursor(self, name: str) -> None:
        """See `EventStore`."""
        await self._change(lambda connection: connection.execute("DELETE FROM cursors WHERE name = %s", (name,)))

    async def snapshot(
        self, stream_id: str, aggregate_id: str, schema_hash: str, *, until_sequence: int | None = None
    ) -> Snapshot | None:
        """See `EventStore`."""
        key = (stream_id, aggregate_id, schema_hash)
        return await self._do(lambda connection: upkeep.read_snapshot(connection, key, until_sequence))

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `EventStore`."""
        await self._change(lambda connection: upkeep.write_snapshot(connection, snapshot))

    async def put_blob(self, data: bytes) -> str:
        """See `EventStore`."""
        stored = redacted_blob(data, self._instruments.redact)
        name, at = blob_name(stored), self._instruments.now()
        await self._change(lambda connection: upkeep.write_blob(connection, name, stored, at))
        return name

    async def blob(self, name: str) -> bytes:
        """See `EventStore`."""
        data = await self._do(lambda connection: upkeep.read_blob(connection, name))
        if data is None:
            raise missing(name)
        return data

    async def blob_names(self, *, stored_before: datetime | None = None) -> frozenset[str]:
        """See `EventStore`."""
        return await self._do(lambda connection: upkeep.blob_names(connection, stored_before))

    async def aggregates(self, stream_id: str | None = None) -> list[AggregateSummary]:
        """See `EventStore`."""
        return await self._do(lambda connection: upkeep.aggregates(connection, stream_id), WHOLE_STORE_S)

    async def size(self) -> StoreSize:
        """See `EventStore`."""
        return await self._do(upkeep.size, WHOLE_STORE_S)

    async def remove(self, removal: Removal) -> Removal:
        """See `EventStore`."""
        return await self._change(lambda connection: upkeep.remove(connection, removal), WHOLE_STORE_S)

    async def vacuum(self) -> None:
        """See `EventStore`."""
        await self._change(upkeep.vacuum, WHOLE_STORE_S)

    async def check(self) -> tuple[str, ...]:
        """See `EventStore`: PostgreSQL checks its pages when it reads them, and reading is what `verify` does."""
        await self.head()
        return ()

    def _commit(self, batch: Batch) -> Awaitable[Appended]:
        self._check_writable()
        return self._parts.writer.append(batch)

    async def _do(
        self, work: Callable[[AsyncConnection], Awaitable[ResultT]], answer_s: float | None = None
    ) -> ResultT:
        asking = Asking(what="asking the event store", answer_s=answer_s or self._answer_s)
        return await self._parts.database.ask(work, asking)

    async def _change(
        self, work: Callable[[AsyncConnection], Awaitable[ResultT]], answer_s: float | None = None
    ) -> ResultT:
        self._check_writable()
        return await self._do(work, answer_s)

    def _check_writable(self) -> None:
        if self._place.read_only:
            raise StoreReadOnlyError(f"The event store {self._place} was opened only to be read.")

    async def _read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        return await self._parts.database.read(work, answer_s=self._answer_s)

    async def _close_pool(self, pool: AsyncConnectionPool) -> None:
        self._opened = None
        await pool.close()

    @property
    def _feed(self) -> Feed:
        return self._parts.feed

    @property
    def _parts(self) -> _Parts:
        if self._opened is None:
            raise StoreClosedError("The event store is not open. Open it with `async with`.")
        return self._opened
