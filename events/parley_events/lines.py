"""A store as JSON Lines, and back: for backups, for moving from one database to another, and for other programs.

The first line names the format, then come the bytes that events name, then the events by position. Cursors and
snapshots are not part of it: they belong to who reads a store. Times, ids and sequences are kept; positions are given
anew.
"""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from parley_events.blobs import blob_name, names_in
from parley_events.errors import (
    ConflictError,
    DuplicateEventError,
    EventStoreError,
    InvalidEventError,
    MissingBlobError,
)
from parley_events.events import EVERYTHING, Metadata, NewEvent, from_microseconds, to_microseconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from parley_events.events import Query, RecordedEvent
    from parley_events.store import EventStore

MemberT = TypeVar("MemberT", str, int, dict[str, Any])

FORMAT = {"kind": "parley-events", "format": 1}
CHUNK_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought: new events, events that were there already, and blobs."""

    events: int
    repeated: int
    blobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventLine:
    number: int
    key: tuple[str, str]
    sequence: int
    event: NewEvent
    metadata: Metadata


class Exportable(Protocol):
    """What an export needs of a store."""

    def load_all(self, query: Query = ...) -> AsyncGenerator[RecordedEvent, None]:
        """See `EventStore`."""
        ...

    async def blob(self, name: str) -> bytes:
        """See `EventStore`."""
        ...


async def exported(store: Exportable, query: Query = EVERYTHING) -> AsyncGenerator[str, None]:
    """The lines of a query's events, each without its line end; bytes come just before the first event that names them.

    Bytes that are missing are left out; `verify` tells of them.
    """
    yield _line(FORMAT)
    written: set[str] = set()
    async with aclosing(store.load_all(query)) as events:
        async for event in events:
            for name in names_in(event.data_json):
                if name not in written:
                    written.add(name)
                    try:
                        data = await store.blob(name)
                    except MissingBlobError:
                        continue
                    yield _line({"kind": "blob", "name": name, "base64": base64.b64encode(data).decode()})
            yield _line(event_line(event))


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


async def imported(store: EventStore, lines: Iterable[str]) -> Imported:
    """Bring lines into a store; what is there already is left as it is, so an import may be repeated.

    Raises:
        InvalidEventError: a line is no such line; the message has its number. What came before it is stored.
        ConflictError: the store has other events under the same aggregate and sequence, or lines are missing.
    """
    events = repeated = blobs = 0
    chunk: list[_EventLine] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = _parsed(number, text)
            if line["kind"] == "blob":
                blobs += await _bring_blob(store, number, line)
            elif line["kind"] == "event":
                chunk.append(_event_of(number, line))
        except InvalidEventError:
            await _bring(store, chunk)
            raise
        if len(chunk) == CHUNK_LINES:
            new = await _bring(store, chunk)
            events, repeated, chunk = events + new, repeated + len(chunk) - new, []
    new = await _bring(store, chunk)
    return Imported(events=events + new, repeated=repeated + len(chunk) - new, blobs=blobs)


async def _bring(store: EventStore, chunk: list[_EventLine]) -> int:
    """How many of the events were new. They are asked for at once, in order, so that they share commits."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_bring_event(store, each)) for each in chunk]
    outcomes = [task.result() for task in tasks]
    for outcome in outcomes:
        if isinstance(outcome, EventStoreError):
            raise outcome
    return outcomes.count(True)


async def _bring_event(store: EventStore, line: _EventLine) -> bool | EventStoreError:
    """Whether it was new. Errors are given back, so that one does not cancel those that came before it."""
    stream_id, aggregate_id = line.key
    try:
        answer = await store.append(
            stream_id, aggregate_id, [line.event], expected_sequence=line.sequence - 1, metadata=line.metadata
        )
    except ConflictError as error:
        return ConflictError(
            f"Line {line.number} is number {line.sequence} of {stream_id}/{aggregate_id}, of which this store has "
            f"{error.actual}. Either lines before it are missing, or the store has another history under that name: "
            "bring the lines into a new store (`--store FILE`).",
            expected=error.expected,
            actual=error.actual,
        )
    except (InvalidEventError, DuplicateEventError) as error:
        return type(error)(f"Line {line.number} cannot be stored. {error}")
    except EventStoreError as error:  # the store's own trouble, such as a full disk
        return error
    return not answer.repeated


def _event_of(number: int, line: dict[str, Any]) -> _EventLine:
    try:
        return _EventLine(
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


async def _bring_blob(store: EventStore, number: int, line: dict[str, Any]) -> int:
    try:
        data = base64.b64decode(line["base64"], validate=True)
        name = str(line["name"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEventError(f"Line {number} is not a whole blob: {error!r}.") from error
    if blob_name(data) != name:
        raise InvalidEventError(f"Line {number} is damaged: its bytes are not those that are called {name!r}.")
    await store.put_blob(data)
    return 1


def _parsed(number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(
            f"Line {number} is not JSON ({error}). The lines before it were brought in; if the file was cut off, bring "
            "in a whole one: what is there already does no harm."
        ) from error
    if not isinstance(line, dict) or line.get("kind") not in ("event", "blob", FORMAT["kind"]):
        raise InvalidEventError(f"Line {number} is neither an event nor a blob. Was it made by `parley events export`?")
    if number == 1 or line["kind"] == FORMAT["kind"]:
        _check_format(line)
    return line


def _check_format(line: dict[str, Any]) -> None:
    if line["kind"] != FORMAT["kind"]:
        raise InvalidEventError("The first line does not name the format. Was it made by `parley events export`?")
    if line.get("format") != FORMAT["format"]:
        raise InvalidEventError(
            f"The lines have format {line.get('format')!r}; this Parley reads format {FORMAT['format']}. Update Parley."
        )


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
