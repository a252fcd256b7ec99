"""What may be forgotten: whole aggregates that nobody has touched for long, and bytes that no event names any more.

An aggregate is kept or removed whole, and with it everything that its forks stand on; events are never edited.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

from parley_events.blobs import names_in
from parley_events.events import EVERYTHING, Query
from parley_events.history import forked_from
from parley_events.store import Removal

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from parley_events.store import EventStore

# Bytes are stored before the event that names them; younger ones may still be waited for.
YOUNG_BLOB = timedelta(days=1)


async def removable(store: EventStore, *, before: datetime, streams: Collection[str] = ()) -> Removal:
    """What may be removed: aggregates (of some streams, or of all) whose last event is older than `before`.

    An aggregate that a kept fork begins with is kept, and so are bytes younger than a day.
    """
    seen = await store.head()
    every = await store.aggregates()
    old = {
        (each.stream_id, each.aggregate_id)
        for each in every
        if each.last_at < before and (not streams or each.stream_id in streams)
    }
    kept = {(each.stream_id, each.aggregate_id) for each in every} - old
    for key in tuple(kept):
        ancestors = await _ancestors(store, key)
        kept |= ancestors
        old -= ancestors
    blobs = await store.blob_names(stored_before=before - YOUNG_BLOB)
    return Removal(
        seen=seen,
        aggregates=tuple(sorted(old)),
        blobs=tuple(sorted(blobs - await named_blobs(store, without=old))),
        blobs_before=before - YOUNG_BLOB,
    )


async def prune(store: EventStore, removal: Removal, *, vacuum: bool = False) -> Removal:
    """Remove what nobody has used since it was found removable; what that was.

    With `vacuum` the space is given back to the disk, which takes long and as much space again.
    """
    removed = await store.remove(removal)
    if vacuum:
        await store.vacuum()
    return removed


async def named_blobs(store: EventStore, *, without: Collection[tuple[str, str]] = ()) -> set[str]:
    """The names of bytes that events name, some aggregates left aside."""
    named: set[str] = set()
    async with aclosing(store.load_all(EVERYTHING)) as events:
        async for event in events:
            if (event.stream_id, event.aggregate_id) not in without:
                named.update(names_in(event.data_json))
    return named


async def _ancestors(store: EventStore, key: tuple[str, str]) -> set[tuple[str, str]]:
    stream_id, aggregate_id = key
    found: set[tuple[str, str]] = set()
    while True:
        first = await store.load(Query(stream_id=stream_id, aggregate_id=aggregate_id, until_sequence=1))
        parent = forked_from(first)
        if parent is None or (stream_id, parent.parent) in found:  # a circle is a defect, and `history` tells of it
            return found
        aggregate_id = parent.parent
        found.add((stream_id, aggregate_id))
