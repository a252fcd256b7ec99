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
from typing import TYPE_CHECKING, Any

from parley_events.blobs import blob_name, names_in
from parley_events.errors import ConflictError, InvalidEventError, MissingBlobError
from parley_events.events import EVERYTHING, Metadata, NewEvent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from parley_events.events import Query, RecordedEvent
    from parley_events.store import EventStore

FORMAT = {"kind": "parley-events", "format": 1}
CHUNK_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought: new events, events that were there already, and blobs."""

    events: int
    repeated: int
    blobs: int


async def exported(store: EventStore, query: Query = EVERYTHING) -> AsyncGenerator[str, None]:
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
        ConflictError: the store has other events under the same aggregate and sequence.
    """
    events = repeated = blobs = 0
    chunk: list[tuple[int, dict[str, Any]]] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        line = _parsed(number, text)
        if number == 1 or line["kind"] == FORMAT["kind"]:
            _check_format(line)
        elif line["kind"] == "blob":
            blobs += await _bring_blob(store, number, line)
        else:
            chunk.append((number, line))
        if len(chunk) == CHUNK_LINES:
            new = await _bring(store, chunk)
            events, repeated, chunk = events + new, repeated + len(chunk) - new, []
    new = await _bring(store, chunk)
    return Imported(events=events + new, repeated=repeated + len(chunk) - new, blobs=blobs)


async def _bring(store: EventStore, chunk: list[tuple[int, dict[str, Any]]]) -> int:
    """How many of the events were new. They are asked for at once, in order, so that they share commits."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_bring_event(store, number, line)) for number, line in chunk]
    except* (ConflictError, InvalidEventError) as failed:
        first = failed.exceptions[0]
        raise first from None
    return sum(task.result() for task in tasks)


async def _bring_event(store: EventStore, number: int, line: dict[str, Any]) -> bool:
    try:
        event = NewEvent(
            event_type=line["event_type"],
            event_version=line["event_version"],
            data=line["data"],
            event_id=line["event_id"],
            created_at=datetime.fromisoformat(line["created_at"]),
        )
        metadata = Metadata(**line["metadata"])
        stream_id, aggregate_id, sequence = line["stream_id"], line["aggregate_id"], line["sequence"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEventError(f"Line {number} is not a whole event: {error!r}.") from error
    answer = await store.append(stream_id, aggregate_id, [event], expected_sequence=sequence - 1, metadata=metadata)
    return not answer.repeated


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
    except ValueError as error:
        raise InvalidEventError(f"Line {number} is not JSON: {error}.") from error
    if not isinstance(line, dict) or line.get("kind") not in ("event", "blob", FORMAT["kind"]):
        raise InvalidEventError(f"Line {number} is neither an event nor a blob. Was it made by `parley events export`?")
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
