"""Whether a store is whole: what the database says of its files, and what must hold whatever the database."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from parley_events.blobs import blob_name, names_in, names_of
from parley_events.errors import DamagedEventError, EventStoreError, UnknownEventError
from parley_events.history import forked_from
from parley_events.paging import telling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from parley_events.events import RecordedEvent
    from parley_events.paging import Reached
    from parley_events.store import EventStore


@dataclass(slots=True, kw_only=True)
class Verified:
    """What was found: `problems` mean damage; `notes` are worth knowing, such as what was removed on purpose."""

    events: int = 0
    aggregates: int = 0
    blobs: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def verified(
    store: EventStore,
    told: Callable[[Reached], object] = lambda _reached: None,
    *,
    unkept: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Verified:
    """Read everything there is, and say what is not as it must be.

    Positions rise; sequences count from 1 without gaps; data and metadata are JSON objects; a fork's parent has what
    the fork begins with; bytes are those of their name; no cursor is ahead of the store.

    Args:
        store: What is read.
        told: Hears again and again how far that is.
        unkept: For types of events, the members of their data that are a hash of what is not kept.
    """
    found = Verified()
    try:
        found.problems += await store.check()
        reading = _Reading(found, unkept)
        async with aclosing(telling(store.load_all(), told)) as events:
            async for event in events:
                reading.read(event)
        found.events, found.aggregates = reading.events, len(reading.heads)
        await _check_blobs(store, reading.named, found)
        await _check_ends(store, reading, found)
    except EventStoreError as error:
        found.problems.append(str(error))
    return found


class _Reading:
    """What is remembered while events go by."""

    def __init__(self, found: Verified, unkept: Mapping[str, Collection[str]]) -> None:
        self.heads: dict[tuple[str, str], int] = {}
        self.named: set[str] = set()
        self.events = 0
        self.position = 0
        self._found, self._unkept = found, unkept

    def read(self, event: RecordedEvent) -> None:
        where = f"event {event.position} ({event.stream_id}/{event.aggregate_id} number {event.sequence})"
        if event.position <= self.position:
            self._found.problems.append(f"{where} comes after position {self.position}")
        self.events += 1
        self.position = event.position
        key = (event.stream_id, event.aggregate_id)
        if event.sequence != self.heads.get(key, 0) + 1:
            self._found.problems.append(f"{where} follows number {self.heads.get(key, 0)}")
        self.heads[key] = event.sequence
        try:
            event.check()
        except DamagedEventError as error:
            self._found.problems.append(f"the {error.what} of {where} is no whole JSON object")
            return
        if names_in(event.data_json):
            unkept = self._unkept.get(event.event_type, ())
            self.named.update(names_of([value for member, value in event.data.items() if member not in unkept]))
        self._check_fork(event, where)

    def _check_fork(self, event: RecordedEvent, where: str) -> None:
        try:
            parent = forked_from([event])
        except UnknownEventError as error:
            self._found.problems.append(str(error))
            return
        if parent is None:
            return
        there = 0 if parent.parent == event.aggregate_id else self.heads.get((event.stream_id, parent.parent), 0)
        if there < parent.sequence:
            self._found.problems.append(
                f"{where} forks from {parent.parent} number {parent.sequence}, which is not there"
            )


async def _check_blobs(store: EventStore, named: set[str], found: Verified) -> None:
    names = await store.blob_names()
    found.blobs = len(names)
    for name in sorted(names):
        if blob_name(await store.blob(name)) != name:
            found.problems.append(f"the bytes called {name} are others")
    if lacking := named - names:
        found.notes.append(
            f"bytes that events name are not here, {len(lacking)} in all, such as {min(lacking)}: they were removed, "
            "or did not come along when the store was brought here"
        )


async def _check_ends(store: EventStore, reading: _Reading, found: Verified) -> None:
    size = await store.size()
    if reading.position > reading.events:
        found.notes.append(f"positions are empty, {reading.position - reading.events} in all: events were removed")
    for cursor in size.cursors:
        if cursor.position > size.head:
            found.problems.append(
                f"the cursor {cursor.name} is at {cursor.position}, ahead of the last event {size.head}"
            )
