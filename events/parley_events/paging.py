"""Reading a whole query in pages, alike for every store."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from parley_events.events import to_microseconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_events.events import Query, RecordedEvent

PAGE_EVENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far somebody has come who reads everything: so many events, the last of them at `position`."""

    events: int
    position: int


async def telling(
    events: AsyncGenerator[RecordedEvent, None], told: Callable[[Reached], object]
) -> AsyncGenerator[RecordedEvent, None]:
    """The same events; after each page of them `told` hears how far they have come. Closes them when it is closed."""
    count = 0
    async with aclosing(events):
        async for event in events:
            yield event
            count += 1
            if count % PAGE_EVENTS == 0:
                told(Reached(events=count, position=event.position))


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
