"""The values of the event store: what is appended, what is read back, and the query that chooses.

Storing them belongs to `parley_events.stores`, typing their data to `parley_events.types`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple, TypeAlias

from parley_events.errors import DamagedEventError

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]
Row: TypeAlias = tuple[Any, ...]  # a value for each field of `RecordedEvent`

MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What an event's cause was.

    Every event of one user request shares `correlation_id`; `causation_id` is the id of the event or command that
    caused this one; `extra` is anything else worth keeping.
    """

    correlation_id: str | None = None
    causation_id: str | None = None
    extra: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be appended.

    `data` is one JSON object. `event_id` makes a repeated append harmless; None lets the store make one, which only
    an append that is never repeated may leave to it. `created_at` is for bringing events back that were stored
    elsewhere; None is now.
    """

    event_type: str
    event_version: int = 1
    data: JsonObject = field(default_factory=dict)
    event_id: str | None = None
    created_at: datetime | None = None


class RecordedEvent(NamedTuple):
    """A stored event: one row, its JSON still text.

    A named tuple and not a dataclass, because a store reads hundreds of thousands of rows a second and building a
    frozen dataclass of ten fields costs four times as much. `position` counts over the whole store, `sequence` from 1
    within the aggregate. `created_at_us` is in microseconds since 1970 in UTC.
    """

    position: int
    stream_id: str
    event_type: str
    aggregate_id: str
    sequence: int
    event_version: int
    data_json: str
    metadata_json: str
    created_at_us: int
    event_id: str

    @property
    def data(self) -> JsonObject:
        """The event's data, parsed anew at each call.

        Raises:
            DamagedEventError: it is no JSON object.
        """
        try:
            return _object(self.data_json)
        except (ValueError, RecursionError) as error:
            raise _damaged(self, "data", error) from error

    @property
    def metadata(self) -> Metadata:
        """The event's metadata, parsed anew at each call.

        Raises:
            DamagedEventError: it is not what metadata looks like.
        """
        try:
            return read_metadata(self.metadata_json)
        except (ValueError, RecursionError) as error:
            raise _damaged(self, "metadata", error) from error

    def check(self) -> None:
        """Make sure that data and metadata can be read.

        Raises:
            DamagedEventError: they cannot.
        """
        _ = self.data, self.metadata

    @property
    def created_at(self) -> datetime:
        """When it was stored, in UTC."""
        return from_microseconds(self.created_at_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which events: every field narrows, and a field left alone does not.

    Sequences are inclusive. `until` takes events up to the first one, of those that the other fields choose, that was
    stored later than that; so what it chooses is a prefix even where a clock was set back.
    """

    stream_id: str | None = None
    aggregate_id: str | None = None
    event_types: tuple[str, ...] = ()
    from_sequence: int = 1
    until_sequence: int | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.aggregate_id is not None and self.stream_id is None:
            raise ValueError(f"A query for the aggregate {self.aggregate_id!r} must name its stream too.")

    def matches(self, event: RecordedEvent) -> bool:
        """Whether the event is one of these, `until` left aside, which needs the events before it."""
        return (
            (self.stream_id is None or event.stream_id == self.stream_id)
            and (self.aggregate_id is None or event.aggregate_id == self.aggregate_id)
            and (not self.event_types or event.event_type in self.event_types)
            and event.sequence >= self.from_sequence
            and (self.until_sequence is None or event.sequence <= self.until_sequence)
        )


EVERYTHING = Query()


def recorded(rows: Iterable[Row]) -> list[RecordedEvent]:
    """Rows with a value for each field as events: what `RecordedEvent._make` does, without a Python call for each."""
    return list(map(tuple.__new__, repeat(RecordedEvent), rows))


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC; `moment` must know its time zone.

    Raises:
        ValueError: it does not.
    """
    if moment.tzinfo is None:
        raise ValueError(f"The time {moment.isoformat()} has no time zone.")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """The moment, in UTC, that is so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def read_metadata(text: str) -> Metadata:
    """Metadata from its stored JSON; keys that are not known are kept in `extra`.

    Raises:
        ValueError: it is no JSON object, or its `extra` is none.
    """
    stored = _object(text)
    correlation_id, causation_id = stored.pop("correlation_id", None), stored.pop("causation_id", None)
    extra = stored.pop("extra", {})
    if not isinstance(extra, dict):
        raise ValueError("its extra is no JSON object")  # noqa: TRY004 - a shape, and no fault of who calls
    return Metadata(correlation_id=correlation_id, causation_id=causation_id, extra={**stored, **extra})


def _object(text: str) -> dict[str, Any]:
    stored = json.loads(text)
    if not isinstance(stored, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - a shape, and no fault of who calls
    return stored


def _damaged(event: RecordedEvent, what: str, why: Exception) -> DamagedEventError:
    name = f"{event.stream_id}/{event.aggregate_id}"
    return DamagedEventError(
        f"The {what} of event {event.position} ({event.event_type}, number {event.sequence} of {name}) is damaged: "
        f"{why}. `parley events show {name} --raw` shows it as it is stored, `parley events verify` finds every such "
        "event, and `parley events export --salvage` saves what comes before.",
        what=what,
    )
