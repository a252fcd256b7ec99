"""What every store does alike before its database is asked: prepares appends, pages through queries, subscribes.

Committing a prepared append, and all reading, belongs to each store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from parley_events.batches import prepare
from parley_events.events import EVERYTHING
from parley_events.paging import in_pages
from parley_events.subscription import Subscription

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Sequence

    from parley_events.batches import Batch
    from parley_events.events import Metadata, NewEvent, Query, RecordedEvent
    from parley_events.feed import Feed
    from parley_events.store import Appended, Cursor, Instruments
    from parley_events.types import Forked


class PreparingStore(ABC):
    """The part of an `EventStore` that needs no database.

    Args:
        instruments: Clock, ids, redaction, and who is told of trouble.
    """

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

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
        """See `EventStore`."""
        batch = prepare(
            (stream_id, aggregate_id),
            events,
            self._instruments,
            expected_sequence=expected_sequence,
            metadata=metadata,
            advance=advance,
        )
        batch.forked = forked
        return await self._commit(batch)

    def load_all(self, query: Query = EVERYTHING) -> AsyncGenerator[RecordedEvent, None]:
        """See `EventStore`."""
        return in_pages(self, query)

    def subscribe(self, query: Query = EVERYTHING, *, after: int = 0, name: str | None = None) -> Subscription:
        """See `EventStore`."""
        return Subscription(self, self._feed, query, after=after, name=name, report=self._instruments.report)

    @abstractmethod
    async def load_from(self, position: int, query: Query = EVERYTHING, *, limit: int = 1000) -> list[RecordedEvent]:
        """See `EventStore`."""

    @abstractmethod
    async def head(self) -> int:
        """See `EventStore`."""

    @abstractmethod
    async def cursor(self, name: str) -> int:
        """See `EventStore`."""

    @abstractmethod
    async def save_cursor(self, cursor: Cursor) -> None:
        """See `EventStore`."""

    @abstractmethod
    def _commit(self, batch: Batch) -> Awaitable[Appended]:
        """Store a batch durably, numbered by `batches.plan`."""

    @property
    @abstractmethod
    def _feed(self) -> Feed:
        """What hands new events to subscribers."""
