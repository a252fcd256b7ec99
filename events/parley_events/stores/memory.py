"""Events in this process's memory: the plainest store that does what a store must do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from parley_events.batches import Batch, Found, KnownEvent, event_ids, plan
from parley_events.blobs import blob_name, missing, redacted_blob
from parley_events.errors import EventStoreError, StoreClosedError
from parley_events.events import EVERYTHING, MICROSECOND, from_microseconds, to_microseconds
from parley_events.feed import Feed, NoTail
from parley_events.paging import until_time
from parley_events.removing import Meanwhile
from parley_events.store import YOUNG_AGAIN, AggregateSummary, Cursor, StoreSize
from parley_events.stores.preparing import PreparingStore

if TYPE_CHECKING:
    from datetime import datetime

    from parley_events.events import Query, RecordedEvent
    from parley_events.store import Appended, Instruments, Removal, Snapshot


class MemoryStore(PreparingStore):
    """An `EventStore` that forgets everything when it is closed.

    Args:
        instruments: Clock, ids and redaction.
        queue_events: How far a subscriber may fall behind before it is cut off.
    """

    def __init__(self, instruments: Instruments, *, queue_events: int = 10_000) -> None:
        super().__init__(instruments)
        self._following = Feed(self.head, NoTail(), queue_events=queue_events)
        self._events: list[RecordedEvent] = []
        self._head = 0
        self._heads: dict[tuple[str, str], int] = {}
        self._known: dict[str, KnownEvent] = {}
        self._cursors: dict[str, int] = {}
        self._snapshots: dict[tuple[str, str, str], list[Snapshot]] = {}
        self._blobs: dict[str, tuple[bytes, int]] = {}
        self._open = False

    async def __aenter__(self) -> Self:
        """Open it."""
        self._open = True
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close it."""
        self._open = False
        self._following.close()

    async def load(self, query: Query, *, limit: int | None = None) -> list[RecordedEvent]:
        """See `EventStore`."""
        self._check_open()
        return until_time([event for event in self._events if query.matches(event)], query)[:limit]

    async def load_from(self, position: int, query: Query = EVERYTHING, *, limit: int = 1000) -> list[RecordedEvent]:
        """See `EventStore`."""
        self._check_open()
        return [event for event in self._events if event.position > position and query.matches(event)][:limit]

    async def head(self) -> int:
        """See `EventStore`."""
        self._check_open()
        return self._head

    async def cursor(self, name: str) -> int:
        """See `EventStore`."""
        self._check_open()
        return self._cursors.get(name, 0)

    async def save_cursor(self, cursor: Cursor) -> None:
        """See `EventStore`."""
        self._check_open()
        self._cursors[cursor.name] = max(cursor.position, self._cursors.get(cursor.name, 0))

    async def drop_cursor(self, name: str) -> None:
        """See `EventStore`."""
        self._check_open()
        self._cursors.pop(name, None)

    async def snapshot(
        self, stream_id: str, aggregate_id: str, schema_hash: str, *, until_sequence: int | None = None
    ) -> Snapshot | None:
        """See `EventStore`."""
        self._check_open()
        kept = self._snapshots.get((stream_id, aggregate_id, schema_hash), [])
        return next((each for each in kept if until_sequence is None or each.sequence <= until_sequence), None)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `EventStore`."""
        self._check_open()
        key = (snapshot.stream_id, snapshot.aggregate_id, snapshot.schema_hash)
        if snapshot.sequence > self._heads.get(key[:2], 0):
            return
        kept = {each.sequence: each for each in [*self._snapshots.get(key, []), snapshot]}
        self._snapshots[key] = [kept[sequence] for sequence in sorted(kept, reverse=True)[:2]]

    async def put_blob(self, data: bytes) -> str:
        """See `EventStore`."""
        self._check_open()
        stored = redacted_blob(data, self._instruments.redact)
        name, at_us = blob_name(stored), to_microseconds(self._instruments.now())
        if name not in self._blobs or self._blobs[name][1] < at_us - YOUNG_AGAIN // MICROSECOND:
            self._blobs[name] = (stored, at_us)
        return name

    async def blob(self, name: str) -> bytes:
        """See `EventStore`."""
        self._check_open()
        if name not in self._blobs:
            raise missing(name)
        return self._blobs[name][0]

    async def blob_names(self, *, stored_before: datetime | None = None) -> frozenset[str]:
        """See `EventStore`."""
        self._check_open()
        before_us = None if stored_before is None else to_microseconds(stored_before)
        return frozenset(name for name, (_, at) in self._blobs.items() if before_us is None or at < before_us)

    async def aggregates(self, stream_id: str | None = None) -> list[AggregateSummary]:
        """See `EventStore`."""
        self._check_open()
        found: dict[tuple[str, str], AggregateSummary] = {}
        for event in self._events:
            key = (event.stream_id, event.aggregate_id)
            if stream_id in (None, event.stream_id):
                summary = found.pop(key, _summary(event))
                found[key] = replace(
                    summary, events=summary.events + 1, last_at=event.created_at, last_position=event.position
                )
        return list(found.values())

    async def size(self) -> StoreSize:
        """See `EventStore`."""
        self._check_open()
        return StoreSize(
            events=len(self._events),
            aggregates=len({(event.stream_id, event.aggregate_id) for event in self._events}),
            head=self._head,
            blobs=len(self._blobs),
            blob_bytes=sum(len(data) for data, _ in self._blobs.values()),
            snapshots=sum(map(len, self._snapshots.values())),
            cursors=tuple(Cursor(name=name, position=at) for name, at in sorted(self._cursors.items())),
            bytes=None,
        )

    async def remove(self, removal: Removal) -> Removal:
        """See `EventStore`."""
        self._check_open()
        removal = self._remaining(removal)
        gone = frozenset(removal.aggregates)
        self._events = [event for event in self._events if (event.stream_id, event.aggregate_id) not in gone]
        self._known = {name: known for name, known in self._known.items() if known.key not in gone}
        self._heads = {key: head for key, head in self._heads.items() if key not in gone}
        self._snapshots = {key: kept for key, kept in self._snapshots.items() if key[:2] not in gone}
        for name in removal.blobs:
            self._blobs.pop(name, None)
        return removal

    async def vacuum(self) -> None:
        """See `EventStore`: memory needs no such thing."""
        self._check_open()

    async def check(self) -> tuple[str, ...]:
        """See `EventStore`: memory has no files."""
        self._check_open()
        return ()

    async def _commit(self, batch: Batch) -> Appended:
        self._check_open()
        known = {name: self._known[name] for name in event_ids([batch]) if name in self._known}
        heads = {key: self._heads.get(key, 0) for key in batch.keys}
        planned = plan([batch], Found(heads=heads, position=self._head, cursors=dict(self._cursors), known=known))
        [outcome] = planned.outcomes
        if isinstance(outcome, EventStoreError):
            raise outcome
        for row in planned.rows:
            self._events.append(row)
            self._known[row.event_id] = KnownEvent(batch.key, row.sequence, row.position)
            self._heads[batch.key], self._head = row.sequence, row.position
        self._cursors.update(planned.cursors)
        self._following.committed(planned.rows)
        return outcome

    def _remaining(self, removal: Removal) -> Removal:
        meanwhile = Meanwhile(removal)
        meanwhile.saw(event for event in self._events if event.position > removal.seen)
        while (query := meanwhile.unread()) is not None:
            meanwhile.saw(event for event in self._events if query.matches(event))
        may_go = meanwhile.remaining
        before_us = None if may_go.blobs_before is None else to_microseconds(may_go.blobs_before)
        kept = ((name, self._blobs[name][1]) for name in may_go.blobs if name in self._blobs)
        return replace(may_go, blobs=tuple(name for name, at in kept if before_us is None or at < before_us))

    @property
    def _feed(self) -> Feed:
        return self._following

    def _check_open(self) -> None:
        if not self._open:
            raise StoreClosedError("The event store is closed. Open it with `async with`.")


def _summary(event: RecordedEvent) -> AggregateSummary:
    at = from_microseconds(event.created_at_us)
    return AggregateSummary(
        stream_id=event.stream_id,
        aggregate_id=event.aggregate_id,
        events=0,
        first_at=at,
        last_at=at,
        last_position=event.position,
    )
