"""What an aggregate went through, its parents' part included; forks, time travel, and how two forks differ.

A fork copies nothing: its first event points at (parent, sequence), and reading it reads the parent up to there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_events.errors import ConflictError, UnknownEventError
from parley_events.events import NewEvent, Query
from parley_events.types import Forked

if TYPE_CHECKING:
    from datetime import datetime

    from parley_events.events import Metadata, RecordedEvent
    from parley_events.store import Appended, EventStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in an aggregate's own history: a sequence, a time, both (whichever is first), or neither (now)."""

    sequence: int | None = None
    time: datetime | None = None


NOW = Moment()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two histories: how much they share from the start, and what each has of its own."""

    shared: tuple[RecordedEvent, ...]
    left: tuple[RecordedEvent, ...]
    right: tuple[RecordedEvent, ...]


async def history(store: EventStore, stream_id: str, aggregate_id: str, at: Moment = NOW) -> list[RecordedEvent]:
    """Every event up to a moment, oldest first, beginning with what a fork has of its parents.

    Raises:
        UnknownEventError: an event says that its aggregate is a fork, but not of what was there before it.
    """
    query = Query(stream_id=stream_id, aggregate_id=aggregate_id, until_sequence=at.sequence, until=at.time)
    parts = [await store.load(query)]
    while (parent := forked_from(parts[-1])) is not None:
        query = Query(stream_id=stream_id, aggregate_id=parent.parent, until_sequence=parent.sequence)
        part = await store.load(query)
        if part and part[-1].position >= parts[-1][0].position:  # a circle, which would never end
            raise _no_fork(parts[-1][0], f"what it forks from, {parent.parent} number {parent.sequence}, came later")
        parts.append(part)
    return [event for part in reversed(parts) for event in part]


async def fork(
    store: EventStore,
    stream_id: str,
    parent: str,
    child: str,
    *,
    at_sequence: int,
    metadata: Metadata | None = None,
) -> Appended:
    """Begin `child` as `parent` was after its event `at_sequence`.

    Raises:
        NoSuchAggregateError: the parent has no such event.
        ConflictError: the child exists already.
    """
    forked = Forked(parent=parent, sequence=at_sequence)
    event = NewEvent(event_type=Forked.event_type, data={"parent": parent, "sequence": at_sequence})
    try:
        return await store.append(stream_id, child, [event], expected_sequence=0, metadata=metadata, forked=forked)
    except ConflictError as error:
        raise ConflictError(
            f"There is a {stream_id}/{child} already. Give the fork another name.",
            expected=error.expected,
            actual=error.actual,
        ) from error


async def difference(store: EventStore, stream_id: str, left: str, right: str) -> Difference:
    """How the histories of two aggregates differ, such as of two forks of one parent."""
    lefts, rights = await history(store, stream_id, left), await history(store, stream_id, right)
    shared = 0
    while shared < min(len(lefts), len(rights)) and lefts[shared].event_id == rights[shared].event_id:
        shared += 1
    return Difference(shared=tuple(lefts[:shared]), left=tuple(lefts[shared:]), right=tuple(rights[shared:]))


def forked_from(events: list[RecordedEvent]) -> Forked | None:
    """Where an aggregate was forked from, if its first event says so.

    Raises:
        UnknownEventError: it says so, and not where from.
    """
    if not events or events[0].event_type != Forked.event_type or events[0].sequence != 1:
        return None
    data = events[0].data
    try:
        return Forked(parent=str(data["parent"]), sequence=int(str(data["sequence"])))
    except (KeyError, ValueError) as error:
        raise _no_fork(events[0], "it does not say what it forks from") from error


def _no_fork(event: RecordedEvent, why: str) -> UnknownEventError:
    return UnknownEventError(
        f"Event {event.position} ({event.event_type}, number {event.sequence} of {event.stream_id}/"
        f"{event.aggregate_id}) cannot be read: {why}. Another program may have made it; "
        f"`parley events export --stream {event.stream_id}` shows it as it is stored.",
        event_type=event.event_type,
        event_version=event.event_version,
    )
