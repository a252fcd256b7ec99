"""One line of an export: an event, some bytes or the format's name, as JSON and back. Pure.

Which lines there are, and in which order they are brought into a store, belongs to `lines`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from parley_events.blobs import blob_name
from parley_events.errors import InvalidEventError
from parley_events.events import Metadata, NewEvent, from_microseconds, to_microseconds

if TYPE_CHECKING:
    from parley_events.events import RecordedEvent

MemberT = TypeVar("MemberT", str, int, dict[str, Any])

FORMAT = {"kind": "parley-events", "format": 1}
NO_EXPORT = "Was it made by `parley events export`?"
_CUT_OFF = (
    "The lines before it were brought in; if the file was cut off, bring in a whole one: what is there already does no "
    "harm."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event that is to be stored, and the number of its line."""

    number: int
    key: tuple[str, str]
    sequence: int
    event: NewEvent
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobLine:
    """Bytes, and what events call them."""

    name: str
    data: bytes


Line: TypeAlias = EventLine | BlobLine | None


def line_text(value: dict[str, Any]) -> str:
    """The text of a line, without its end."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def blob_line(name: str, data: bytes) -> dict[str, Any]:
    """Some bytes as a JSON object."""
    return {"kind": "blob", "name": name, "base64": base64.b64encode(data).decode()}


def event_line(event: RecordedEvent) -> dict[str, Any]:
    """One event as a JSON object."""
    metadata = event.metadata
    return {
        "kind": "event",
        "position": event.position,
        "stream_id": event.stream_id,
        "event_type": event.event_type,
        "aggregate_id": event.aggregate_id,
        "sequence": event.sequence,
        "event_version": event.event_version,
        "data": event.data,
        "metadata": {
            "correlation_id": metadata.correlation_id,
            "causation_id": metadata.causation_id,
            "extra": metadata.extra,
        },
        "created_at": event.created_at.isoformat(),
        "event_id": event.event_id,
    }


def read_line(number: int, text: str) -> Line:
    """What a line says; None for the format's name.

    Raises:
        InvalidEventError: it is no such line; the message has its number.
    """
    line = _parsed(number, text)
    if line["kind"] == "event":
        return _event_of(number, line)
    return _blob_of(number, line) if line["kind"] == "blob" else None


def _event_of(number: int, line: dict[str, Any]) -> EventLine:
    try:
        return EventLine(
            number=number,
            key=(_member(line, "stream_id", str), _member(line, "aggregate_id", str)),
            sequence=_member(line, "sequence", int),
            event=NewEvent(
                event_type=_member(line, "event_type", str),
                event_version=_member(line, "event_version", int),
                data=_member(line, "data", dict),
                event_id=_member(line, "event_id", str),
                created_at=_moment(_member(line, "created_at", str)),
            ),
            metadata=_metadata(_member(line, "metadata", dict)),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidEventError(f"Line {number} is not a whole event: {error!r}.") from error


def _blob_of(number: int, line: dict[str, Any]) -> BlobLine:
    try:
        data = base64.b64decode(line["base64"], validate=True)
        name = str(line["name"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEventError(f"Line {number} is not a whole blob: {error!r}.") from error
    if blob_name(data) != name:
        raise InvalidEventError(f"Line {number} is damaged: its bytes are not those that are called {name!r}.")
    return BlobLine(name=name, data=data)


def _member(line: dict[str, Any], name: str, kind: type[MemberT]) -> MemberT:
    value = line[name]
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def _moment(text: str) -> datetime:
    """The moment in UTC: one that a store can give back, with a time zone."""
    return from_microseconds(to_microseconds(datetime.fromisoformat(text)))


def _metadata(stored: dict[str, Any]) -> Metadata:
    metadata = Metadata(**stored)
    for name in ("correlation_id", "causation_id"):
        if stored.get(name) is not None:
            _member(stored, name, str)
    if "extra" in stored:
        _member(stored, "extra", dict)
    return metadata


def _parsed(number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        what_then = NO_EXPORT if number == 1 else _CUT_OFF
        raise InvalidEventError(f"Line {number} is not JSON ({error}). {what_then}") from error
    if not isinstance(line, dict) or line.get("kind") not in ("event", "blob", FORMAT["kind"]):
        raise InvalidEventError(f"Line {number} is neither an event nor a blob. {NO_EXPORT}")
    if number == 1 or line["kind"] == FORMAT["kind"]:
        _check_format(line)
    return line


def _check_format(line: dict[str, Any]) -> None:
    if line["kind"] != FORMAT["kind"]:
        raise InvalidEventError(f"The first line does not name the format. {NO_EXPORT}")
    if line.get("format") != FORMAT["format"]:
        raise InvalidEventError(
            f"The lines have format {line.get('format')!r}; this Parley reads format {FORMAT['format']}. Update Parley."
        )
