"""A store as JSON Lines, and back: for backups, for moving from one database to another, and for other programs.

The first line names the format, then come the bytes that events name, then the events by position. Cursors and
snapshots are not part of it: they belong to who reads a store. Times, ids and sequences are kept; positions are given
anew. What a line looks like is in `line_format`.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from parley_events.blobs import names_in, renamed_in
from parley_events.errors import (
    ConflictError,
    DuplicateEventError,
    EventStoreError,
    InvalidEventError,
    MissingBlobError,
)
from parley_events.events import EVERYTHING
from parley_events.line_format import (
    FORMAT,
    NO_EXPORT,
    BlobLine,
    EventLine,
    blob_line,
    event_line,
    line_text,
    read_line,
)
from parley_events.paging import telling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from parley_events.events import Query, RecordedEvent
    from parley_events.paging import Reached
    from parley_events.store import EventStore

# What is stored at once, so that it shares commits: so many events, or so many characters of lines.
CHUNK_LINES = 1000
CHUNK_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought: new events and blobs, and events that were there already.

    `masked` counts the blobs that hold what this store's redaction masks and that of the export did not, so that they
    are kept under another name.
    """

    events: int = 0
    repeated: int = 0
    blobs: int = 0
    masked: int = 0


class Exportable(Protocol):
    """What an export needs of a store."""

    def load_all(self, query: Query = ...) -> AsyncGenerator[RecordedEvent, None]:
        """See `EventStore`."""
        ...

    async def blob(self, name: str) -> bytes:
        """See `EventStore`."""
        ...


async def exported(
    store: Exportable, query: Query = EVERYTHING, told: Callable[[Reached], object] = lambda _reached: None
) -> AsyncGenerator[str, None]:
    """The lines of a query's events, each without its line end; bytes come just before the first event that names them.

    Bytes that are missing are left out; `verify` tells of them. `told` hears again and again how far it is.
    """
    yield line_text(FORMAT)
    written: set[str] = set()
    async with aclosing(telling(store.load_all(query), told)) as events:
        async for event in events:
            for name in names_in(event.data_json):
                if name not in written:
                    written.add(name)
                    try:
                        data = await store.blob(name)
                    except MissingBlobError:
                        continue
                    yield line_text(blob_line(name, data))
            yield line_text(event_line(event))


async def imported(
    store: EventStore, lines: Iterable[str], told: Callable[[Imported], object] = lambda _so_far: None
) -> Imported:
    """Bring lines into a store; what is there already is left as it is, so an import may be repeated.

    Bytes that the store redacts further get another name by it, and the events that follow are stored with that name.

    Args:
        store: Where to.
        lines: What `exported` gave.
        told: Is called with what was brought so far, whenever some of it was stored.

    Raises:
        InvalidEventError: a line is no such line, whose number the message has, and what came before it is stored; or
            there is none at all.
        ConflictError: the store has other events under the same aggregate and sequence, or lines are missing.
    """
    under_way = _Import(store, await store.blob_names())
    is_empty = True
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        is_empty = False
        try:
            line = read_line(number, text)
        except InvalidEventError:
            await under_way.store_events()
            raise
        if isinstance(line, BlobLine):
            await under_way.bring_blob(line)
        elif line is not None and under_way.take(line, len(text)):
            told(await under_way.store_events())
    if is_empty:  # an export of nothing names its format: this one broke off before that
        raise InvalidEventError(f"There is no line to bring in. {NO_EXPORT}")
    return await under_way.store_events()


class _Import:
    """What is waiting to be stored, and what was."""

    def __init__(self, store: EventStore, there: frozenset[str]) -> None:
        self._store = store
        self._there = set(there)
        self._so_far = Imported()
        self._waiting: list[EventLine] = []
        self._characters = 0
        self._renamed: dict[str, str] = {}

    def take(self, line: EventLine, characters: int) -> bool:
        """Keep an event for later; whether it is time to store what was kept."""
        self._waiting.append(_naming(line, self._renamed))
        self._characters += characters
        return len(self._waiting) >= CHUNK_LINES or self._characters >= CHUNK_CHARACTERS

    async def store_events(self) -> Imported:
        """What was brought so far, those that waited included. They are asked for at once, in order."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_bring_event(self._store, each)) for each in self._waiting]
        outcomes = [task.result() for task in tasks]
        for outcome in outcomes:
            if isinstance(outcome, EventStoreError):
                raise outcome
        self._waiting, self._characters = [], 0
        new, known = outcomes.count(True), outcomes.count(False)
        before = self._so_far
        self._so_far = replace(before, events=before.events + new, repeated=before.repeated + known)
        return self._so_far

    async def bring_blob(self, line: BlobLine) -> None:
        """Store bytes: also those that are there, which makes them young, so that nobody removes them meanwhile."""
        name = await self._store.put_blob(line.data)
        before = self._so_far
        if name not in self._there:
            self._there.add(name)
            self._so_far = replace(before, blobs=before.blobs + 1)
        if name != line.name:
            self._renamed[line.name] = name
            self._so_far = replace(self._so_far, masked=before.masked + 1)


def _naming(line: EventLine, renamed: dict[str, str]) -> EventLine:
    """The same event, naming bytes as they are called here."""
    if not renamed:
        return line
    data = json.loads(renamed_in(json.dumps(line.event.data, ensure_ascii=False), renamed))
    return replace(line, event=replace(line.event, data=data))


async def _bring_event(store: EventStore, line: EventLine) -> bool | EventStoreError:
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
