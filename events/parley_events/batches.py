"""From appends that were asked for to rows that can be inserted: checked, redacted, numbered. Pure.

Every store uses it within its own transaction: `prepare` before, `plan` inside. What a store must find out first is
`Found`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from parley_events.encoding import json_text, metadata_text
from parley_events.errors import (
    ConflictError,
    DuplicateEventError,
    EventStoreError,
    InvalidEventError,
    NoSuchAggregateError,
)
from parley_events.events import recorded, to_microseconds
from parley_events.store import Appended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley_events.events import Metadata, NewEvent, RecordedEvent, Row
    from parley_events.store import Cursor, Instruments
    from parley_events.types import Forked

AggregateKey: TypeAlias = tuple[str, str]

MAX_NAME_LENGTH = 200
MAX_VERSION = 2**31 - 1  # PostgreSQL's integer


class PreparedEvent(NamedTuple):
    """One event, checked and redacted, its data as JSON text."""

    event_type: str
    event_version: int
    data_json: str
    event_id: str
    created_at_us: int


@dataclass(slots=True, kw_only=True, eq=False)
class Batch:
    """One append, ready for a transaction."""

    key: AggregateKey
    events: Sequence[PreparedEvent]
    metadata_json: str
    expected_sequence: int | None
    advance: Cursor | None
    forked: Forked | None = None

    @property
    def keys(self) -> tuple[AggregateKey, ...]:
        """The aggregates whose sequences decide about it: its own, and the one that it is forked from."""
        return (self.key,) if self.forked is None else (self.key, (self.key[0], self.forked.parent))


class KnownEvent(NamedTuple):
    """Where an event id is stored already."""

    key: AggregateKey
    sequence: int
    position: int


@dataclass(slots=True, kw_only=True)
class Found:
    """What a store read at the start of its transaction; `plan` carries it forward from batch to batch.

    `heads` has the sequence of every aggregate concerned (0: new), `position` the store's, `cursors` those to be
    advanced. `known` has the event ids that were looked up and found; None if none were looked up, which is the usual
    case, because a repeated append is rare and the database refuses a doubled id anyway.
    """

    heads: dict[AggregateKey, int]
    position: int
    cursors: dict[str, int] = field(default_factory=dict)
    known: dict[str, KnownEvent] | None = None


Outcome: TypeAlias = Appended | EventStoreError


@dataclass(slots=True, kw_only=True)
class Planned:
    """What to insert, where cursors and sequences go, and the answer to each batch, in the batches' order."""

    rows: list[RecordedEvent] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)
    heads: dict[AggregateKey, int] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def conflicts(self) -> bool:
        """Whether any batch conflicts: it may be a repeated one, which looking up its event ids tells."""
        return any(isinstance(outcome, ConflictError) for outcome in self.outcomes)


def prepare(
    key: AggregateKey,
    events: Sequence[NewEvent],
    instruments: Instruments,
    *,
    expected_sequence: int | None,
    metadata: Metadata | None,
    advance: Cursor | None,
) -> Batch:
    """The append as a batch.

    Raises:
        InvalidEventError: a name, an id, a version or some data cannot be stored.
    """
    _check_name("the name of a stream", key[0])
    _check_name("the name of an aggregate", key[1])
    for each in events:
        _check(each)
    if not events and advance is None:
        raise InvalidEventError(f"There is nothing to append to {key[0]}/{key[1]}: no event was given.")
    redact, now_us = instruments.redact, to_microseconds(instruments.now())
    prepared = [
        PreparedEvent(
            each.event_type,
            each.event_version,
            json_text(each.data, redact, each.event_type),
            each.event_id or instruments.new_id(),
            now_us if each.created_at is None else to_microseconds(each.created_at),
        )
        for each in events
    ]
    if len(prepared) > 1 and len({each.event_id for each in prepared}) < len(prepared):
        raise DuplicateEventError(f"Two events of one append to {key[0]}/{key[1]} have the same id.")
    return Batch(
        key=key,
        events=prepared,
        metadata_json="{}" if metadata is None else metadata_text(metadata, redact),
        expected_sequence=expected_sequence,
        advance=advance,
    )


def plan(batches: Sequence[Batch], found: Found) -> Planned:
    """Number the batches' events one after the other, as if each were alone; `found` is moved along."""
    planned = Planned(heads=found.heads)
    rows: list[Row] = []
    for batch in batches:
        outcome = None if found.known is None else _repeated(batch, found.known)
        planned.outcomes.append(outcome or _refused(batch, found) or _number(batch, found, planned.cursors, rows))
    planned.rows = recorded(rows)
    return planned


def event_ids(batches: Sequence[Batch]) -> list[str]:
    """The ids of all their events."""
    return [event.event_id for batch in batches for event in batch.events]


def _number(batch: Batch, found: Found, cursors: dict[str, int], rows: list[Row]) -> Appended:
    own = _rows(batch, found.heads[batch.key], found.position)
    rows += own
    if found.known is not None:
        for row in recorded(own):
            found.known[row.event_id] = KnownEvent(batch.key, row.sequence, row.position)
    found.heads[batch.key] += len(own)
    found.position += len(own)
    if batch.advance is not None:
        found.cursors[batch.advance.name] = cursors[batch.advance.name] = batch.advance.position
    return Appended(sequence=found.heads[batch.key], position=found.position, rows=own)


def _rows(batch: Batch, sequence: int, position: int) -> list[Row]:
    (stream_id, aggregate_id), metadata = batch.key, batch.metadata_json
    rows: list[Row] = []
    for event_type, version, data, event_id, at_us in batch.events:
        sequence += 1
        position += 1
        rows.append((position, stream_id, event_type, aggregate_id, sequence, version, data, metadata, at_us, event_id))
    return rows


def _refused(batch: Batch, found: Found) -> EventStoreError | None:
    head = found.heads[batch.key]
    if batch.forked is not None and not 0 < batch.forked.sequence <= found.heads[batch.keys[-1]]:
        parent = f"{batch.key[0]}/{batch.forked.parent}"
        return NoSuchAggregateError(
            f"{parent} has no event number {batch.forked.sequence} to fork at. `parley events show {parent}` lists "
            "what it has."
        )
    if batch.expected_sequence is not None and batch.expected_sequence != head:
        return ConflictError(
            f"{batch.key[0]}/{batch.key[1]} is at sequence {head}, not at {batch.expected_sequence}: something else "
            "was appended meanwhile. Load it and decide again.",
            expected=batch.expected_sequence,
            actual=head,
        )
    if batch.advance is not None and found.cursors.get(batch.advance.name, 0) >= batch.advance.position:
        at = found.cursors[batch.advance.name]
        return ConflictError(
            f"The cursor {batch.advance.name!r} is at position {at} already, so {batch.advance.position} was dealt "
            "with before.",
            expected=batch.advance.position,
            actual=at,
        )
    return None


def _repeated(batch: Batch, known: Mapping[str, KnownEvent]) -> Outcome | None:
    places = [known.get(event.event_id) for event in batch.events]
    stored = [place for place in places if place is not None]
    if not stored:
        return None
    first, last = stored[0], stored[-1]
    consecutive = [first.sequence + offset for offset in range(len(batch.events))]
    if [place.sequence for place in stored] == consecutive and all(place.key == batch.key for place in stored):
        rows = _rows(batch, first.sequence - 1, first.position - 1)
        return Appended(sequence=last.sequence, position=last.position, repeated=True, rows=rows)
    return DuplicateEventError(
        f"The event id {batch.events[places.index(first)].event_id!r} is stored already, as number {first.sequence} of "
        f"{first.key[0]}/{first.key[1]}: an id must belong to one event for ever."
    )


def _check(event: NewEvent) -> None:
    """What no database takes must not reach one: it would fail everything that is committed with it."""
    _check_name("the name of an event type", event.event_type)
    if event.event_id:
        _check_name("the id of an event", event.event_id)
    if not 0 < event.event_version <= MAX_VERSION:
        raise InvalidEventError(
            f"{event.event_version} cannot be the version of a {event.event_type}: it must be 1 to {MAX_VERSION:,}."
        )


def _check_name(what: str, name: str) -> None:
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidEventError(
            f"{name[:40]!r} cannot be {what}: it must have 1 to {MAX_NAME_LENGTH} printable characters."
        )
