"""The `EventStore` protocol and the values that go with it: what every store does alike.

How, is left to `parley_events.stores`; one contract suite holds them to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeAlias

from parley_events.events import EVERYTHING, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from datetime import datetime

    from parley_events.events import Metadata, NewEvent, Query, RecordedEvent, Row
    from parley_events.subscription import Subscription
    from parley_events.types import Forked

Redactor: TypeAlias = "Callable[[str], str]"

# Bytes that are put again are about to be named by an event: they must not be removed as old. But a file that is asked
# about every minute need not be written down each time.
YOUNG_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something failed in the background and will be tried again in `retry_in_s` seconds."""

    what: str
    error: Exception
    attempt: int
    retry_in_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a store needs from outside.

    `now` and `new_id` are its clock and its source of event ids (see `parley_events.ids`). `redact` sees every string
    before it is stored. `report` is told of trouble in the background; it must return at once.
    """

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    redact: Redactor | None = None
    report: Callable[[Trouble], None] = field(default=lambda _trouble: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where an append ended up: the aggregate's sequence and the store's position after its last event.

    `repeated` says that these very events had been stored before, by an append whose answer was lost. `rows` are
    what was stored, as the fields of `RecordedEvent`.
    """

    sequence: int
    position: int
    repeated: bool = False
    rows: Sequence[Row] = field(default=(), compare=False, repr=False)

    @property
    def events(self) -> list[RecordedEvent]:
        """The events as whoever reads them will find them."""
        return recorded(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a named subscriber has come: it has dealt with every event up to `position`."""

    name: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An aggregate's state at `sequence`, as JSON text; of use only to who has the same `schema_hash`."""

    stream_id: str
    aggregate_id: str
    sequence: int
    schema_hash: str
    state_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateSummary:
    """One aggregate from outside; the times are of its first and its last event, in UTC."""

    stream_id: str
    aggregate_id: str
    events: int
    first_at: datetime
    last_at: datetime
    last_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSize:
    """What a store holds, in numbers; `bytes` on disk, or None where that is not known."""

    events: int
    aggregates: int
    head: int
    blobs: int
    blob_bytes: int
    snapshots: int
    cursors: tuple[Cursor, ...]
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What to remove: whole aggregates, as (stream, aggregate), and blobs by their hash.

    It was decided on when the store's last event was the one at `seen`. What was stored later keeps its aggregate, what
    that is forked from, and the bytes that it names; bytes that were put since `blobs_before` stay, too.
    """

    seen: int
    aggregates: tuple[tuple[str, str], ...] = ()
    blobs: tuple[str, ...] = ()
    blobs_before: datetime | None = None


class EventStore(Protocol):
    """Events, appended atomically and read in the order of their commits. Open it with `async with`.

    Every method may raise `EventStoreError`.
    """

    async def append(  # noqa: PLR0913 - each says what must hold when it is stored
        self,
        stream_id: str,
        aggregate_id: str,
        events: Sequence[NewEvent],
        *,
        expected_sequence: int | None,
        metadata: Metadata | None = None,
        advance: Cursor | None = None,
        forked: Forked | None = None,
    ) -> Appended:
        """Store the events, all or none; when this returns, they are durable.

        `expected_sequence` is the aggregate's sequence that the events were decided on (0: it is new); None appends
        whatever it is. With `advance` the cursor moves in the same transaction, so that a subscriber that answers
        events with events does it exactly once. With `forked` the stream must have the event that it points at when
        these are stored. An append that is cancelled may be stored or not; appended again with the same event ids it
        is stored once.

        Raises:
            NoSuchAggregateError: what `forked` points at is not there.
            ConflictError: the aggregate is at another sequence, or the cursor has passed `advance` already.
        """
        ...

    async def load(self, query: Query, *, limit: int | None = None) -> list[RecordedEvent]:
        """The first `limit` events of the query, by position."""
        ...

    def load_all(self, query: Query = EVERYTHING) -> AsyncGenerator[RecordedEvent, None]:
        """Every event of the query, by position, read in pages; close it with `aclosing`."""
        ...

    async def load_from(self, position: int, query: Query = EVERYTHING, *, limit: int = 1000) -> list[RecordedEvent]:
        """The next events of the query after `position`. A query's `until` is not looked at."""
        ...

    def subscribe(self, query: Query = EVERYTHING, *, after: int = 0, name: str | None = None) -> Subscription:
        """The events of the query after a position, those stored already and then those to come, without an end.

        With a `name`, it resumes where the durable cursor of that name stands, if that is further than `after`.
        """
        ...

    async def head(self) -> int:
        """The position of the last event ever stored; 0 for none."""
        ...

    async def cursor(self, name: str) -> int:
        """The position of a durable cursor; 0 if there is none."""
        ...

    async def save_cursor(self, cursor: Cursor) -> None:
        """Move a durable cursor forwards; it never moves back."""
        ...

    async def drop_cursor(self, name: str) -> None:
        """Forget a durable cursor."""
        ...

    async def snapshot(
        self, stream_id: str, aggregate_id: str, schema_hash: str, *, until_sequence: int | None = None
    ) -> Snapshot | None:
        """The newest snapshot of that schema, up to a sequence."""
        ...

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the older ones of its aggregate and schema go, but for one.

        One of what is not there, because it was removed meanwhile, is not kept.
        """
        ...

    async def put_blob(self, data: bytes) -> str:
        """Store bytes once, redacted where they are text; their name, `sha256:` and 64 hex digits.

        Bytes that are there already count as stored now, if it was more than `YOUNG_AGAIN` ago.
        """
        ...

    async def blob(self, name: str) -> bytes:
        """The bytes of that name.

        Raises:
            MissingBlobError: there are none.
        """
        ...

    async def blob_names(self, *, stored_before: datetime | None = None) -> frozenset[str]:
        """The names of all blobs, or of those stored before a moment."""
        ...

    async def aggregates(self, stream_id: str | None = None) -> list[AggregateSummary]:
        """Every aggregate, of one stream or of all, the one with the newest event last."""
        ...

    async def size(self) -> StoreSize:
        """What the store holds, in numbers."""
        ...

    async def remove(self, removal: Removal) -> Removal:
        """Remove aggregates with their events and snapshots, and blobs; positions are never used again.

        In the same transaction it is looked at what was stored since the removal was decided on. What could go is the
        answer; the rest of it stays.
        """
        ...

    async def vacuum(self) -> None:
        """Give the space of what was removed back to the disk."""
        ...

    async def check(self) -> tuple[str, ...]:
        """What the database itself finds wrong with its files; nothing if all is well."""
        ...
