"""Reading a whole query in pages, alike for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from parley_events.events import to_microseconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_events.events import Query, RecordedEvent

PAGE_EVENTS = 1000


class Pages(Protocol):
    """A store that reads page by page."""

    async def load_from(self, position: int, query: Query = ..., *, limit: int = ...) -> list[RecordedEvent]:
        """See `EventStore`."""
        ...


async def in_pages(pages: Pages, query: Query) -> AsyncGenerator[RecordedEvent, None]:
    """Every event of the query that is stored when its page is read, by position; `until` ends it."""
    until_us = None if query.until is None else to_microseconds(query.until)
    position = 0
    while True:
        page = await pages.load_from(position, query, limit=PAGE_EVENTS)
        for event in page:
            if until_us is not None and event.created_at_us > until_us:
                return
            yield event
        if len(page) < PAGE_EVENTS:
            return
        position = page[-1].position


def until_time(events: list[RecordedEvent], query: Query) -> list[RecordedEvent]:
    """The events before the first that is later than the query's `until`."""
    if query.until is None:
        return events
    until_us = to_microseconds(query.until)
    for index, event in enumerate(events):
        if event.created_at_us > until_us:
            return events[:index]
    return events
