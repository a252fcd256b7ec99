"""How events look in a terminal: one line each, times of this place, control characters made visible."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer

from parley_agent.refactor.events import STREAM
from parley_agent.refactor.replay import replayed
from parley_agent.system_event import SYSTEM_EVENTS
from parley_events.errors import DamagedEventError, UnknownEventError
from parley_events.history import history
from parley_events.line_format import event_line as as_object
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.plain_text import printable
from parley_server.cli import moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from parley_events.events import RecordedEvent
    from parley_events.history import Difference
    from parley_events.lines import Imported
    from parley_events.store import AggregateSummary, EventStore, Removal, StoreSize
    from parley_events.verify import Verified

EMPTY = """Nothing is kept here yet. Every refactoring is, by itself:

  parley refactor FILE:START-END "add a docstring"

then `parley events list` names it, and `parley events replay refactorings/…` shows it again.
"""
_PIPED_WIDTH = 160
_RANDOM = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMED = 20


async def gist(store: EventStore, each: AggregateSummary) -> str:
    """What an aggregate was about, in a few words: of a refactoring its task, its file, and what became of it."""
    if each.stream_id != STREAM:
        return ""
    try:
        state = replayed(map(SYSTEM_EVENTS.read, await history(store, each.stream_id, each.aggregate_id)))
    except UnknownEventError as error:
        return f"has a {error.event_type} that this Parley does not know"
    except DamagedEventError as error:
        return f"has an event whose {error.what} is damaged"
    if state.asked is None:
        return ""
    by = f", by {state.routes[-1].model}" if state.routes else ""
    return f"{state.asked.task or 'as asked'} in {state.asked.uri.rpartition('/')[2]}: {state.status}{by}"


def summary_line(each: AggregateSummary, about: str) -> str:
    """One aggregate; by the beginning of its name where the whole of it leaves no room in the terminal."""
    for aggregate_id in (each.aggregate_id, _beginning(each.aggregate_id)):
        name = f"{each.stream_id}/{aggregate_id}"
        line = printable(f"{_local(each.last_at)}  {counted(each.events, 'event'):>10}  {name}  {about}").rstrip()
        if len(line) <= _columns():
            break
    return line


def summary_json(each: AggregateSummary) -> str:
    """One aggregate, for machines."""
    return _json(
        {
            "stream_id": each.stream_id,
            "aggregate_id": each.aggregate_id,
            "events": each.events,
            "first_at": each.first_at.isoformat(),
            "last_at": each.last_at.isoformat(),
            "last_position": each.last_position,
        }
    )


def event_line(event: RecordedEvent, *, whole: bool) -> str:
    """One event; its data shortened to the terminal's width unless it is wanted whole."""
    head = f"{event.sequence:>4}  {_local(event.created_at)}  {printable(event.event_type)}"
    if whole:
        stored = (event.data_json, event.metadata_json)
        return "\n      ".join((f"{head}  v{event.event_version}  {event.event_id}", *map(printable, stored)))
    told = "  ".join(_member(name, value) for name, value in event.data.items() if value not in (None, [], ""))
    return _cut(f"{head:<44}  {printable(told)}")


def history_lines(happened: Sequence[RecordedEvent], *, whole: bool = False) -> Iterator[str]:
    """Every event; where a fork begins with another's part, each part under its name."""
    parts = [[*part] for _, part in groupby(happened, key=lambda event: event.aggregate_id)]
    for part in parts:
        if len(parts) > 1:
            yield printable(f"{part[0].stream_id}/{part[0].aggregate_id}:")
        for event in part:
            yield event_line(event, whole=whole)


def difference_lines(names: tuple[str, str], differing: Difference) -> Iterator[str]:
    """How two histories differ, as `diff` does it: shared, then what only the first has and what only the second."""
    yield printable(f"--- {names[0]}")
    yield printable(f"+++ {names[1]}")
    yield f"  {counted(len(differing.shared), 'event')} shared"
    for sign, side in (("-", differing.left), ("+", differing.right)):
        for event in side:
            yield _cut(f"{sign} {event_line(event, whole=False)}")


def difference_json(names: tuple[str, str], differing: Difference) -> Iterator[str]:
    """The same for machines: how many are shared, then each event that only one has, with whose it is."""
    yield _json({"kind": "difference", "left": names[0], "right": names[1], "shared": len(differing.shared)})
    for side, events in (("left", differing.left), ("right", differing.right)):
        for event in events:
            yield _json({**as_object(event), "side": side})


def tail_line(event: RecordedEvent) -> str:
    """One event as it is watched: of whichever aggregate, so its name comes first."""
    name = printable(f"{event.stream_id}/{_beginning(event.aggregate_id)}")
    return _cut(f"{event.position:>6}  {name} {event_line(event, whole=False)}")


def event_json(event: RecordedEvent) -> str:
    """One event, for machines."""
    return _json(as_object(event))


def verified_lines(found: Verified) -> Iterator[str]:
    """What a check found."""
    for problem in found.problems:
        yield f"✗ {printable(problem)}"
    for note in found.notes:
        yield f"· {printable(note)}"
    events, aggregates = counted(found.events, "event"), counted(found.aggregates, "aggregate")
    whole = "DAMAGED" if found.problems else "all is well"
    yield f"{events} of {aggregates}, {counted(found.blobs, 'blob')}: {whole}."


def verified_json(found: Verified) -> str:
    """What a check found, for machines."""
    return _json(asdict(found))


def imported_line(brought: Imported) -> str:
    """What an import brought."""
    new = f"{counted(brought.events, 'event')} and {counted(brought.blobs, 'blob')}"
    line = f"{new}; {counted(brought.repeated, 'event')} {'was' if brought.repeated == 1 else 'were'} there already."
    if not brought.masked:
        return line
    return (
        f"{line}\n{counted(brought.masked, 'blob')} held what this Parley takes for a secret: it was masked, and "
        "events name what is kept."
    )


def imported_json(brought: Imported) -> str:
    """What an import brought, for machines."""
    return _json(asdict(brought))


def removal_line(removal: Removal) -> str:
    """How much is to be removed."""
    return f"{counted(len(removal.aggregates), 'aggregate')} and {counted(len(removal.blobs), 'blob')}"


def removed_lines(removal: Removal, every: Sequence[AggregateSummary]) -> Iterator[str]:
    """The aggregates that are to be removed, the newest of many last."""
    gone = frozenset(removal.aggregates)
    going = [each for each in every if (each.stream_id, each.aggregate_id) in gone]
    if len(going) > _NAMED:
        yield f"… and {len(going) - _NAMED:,} older ones"
    for each in going[-_NAMED:]:
        yield summary_line(each, "")


def size_lines(size: StoreSize) -> str:
    """How much there is."""
    on_disk = "unknown" if size.bytes is None else _bytes(size.bytes)
    lines = [
        f"events      {size.events:,} (the last is at position {size.head:,})",
        f"aggregates  {size.aggregates:,}",
        f"blobs       {size.blobs:,} ({_bytes(size.blob_bytes)})",
        f"snapshots   {size.snapshots:,}",
        f"on disk     {on_disk}",
    ]
    lines += [f"cursor      {printable(each.name)}: {size.head - each.position:,} behind" for each in size.cursors]
    return "\n".join(lines)


def size_json(size: StoreSize) -> str:
    """How much there is, for machines."""
    return _json(
        {
            "events": size.events,
            "aggregates": size.aggregates,
            "head": size.head,
            "blobs": size.blobs,
            "blob_bytes": size.blob_bytes,
            "snapshots": size.snapshots,
            "bytes": size.bytes,
            "cursors": {each.name: each.position for each in size.cursors},
        }
    )


def counted(count: int, what: str) -> str:
    """So many of something, such as "1 event" or "1,200 events"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def moment_before(age: str) -> datetime:
    """The moment that lies an age such as 30d back."""
    try:
        back = moments.age(age)
        if back is None:
            raise typer.BadParameter(f"{age!r} is not an age such as 12h, 30d or 8w.")
        return SYSTEM_CLOCK.now() - back
    except OverflowError:
        raise typer.BadParameter(f"{age!r} lies before the year 1.") from None


def _bytes(count: int) -> str:
    return f"{count / 1e3:,.1f} kB" if count < 1_000_000 else f"{count / 1e6:,.1f} MB"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _member(name: str, value: object) -> str:
    if name.endswith("_ns") and isinstance(value, int):
        return f"{name.removesuffix('_ns')}={value / 1e9:.2f}s"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith("sha256:"):
        text = text[:15]
    return f"{name}={_shortened(' '.join(text.split()), 50)}"


def _beginning(aggregate_id: str) -> str:
    """Eight digits of a random name tell it from the others; any other name is kept whole."""
    return aggregate_id[:8] if _RANDOM.fullmatch(aggregate_id) else aggregate_id


def _cut(line: str) -> str:
    """The line, no longer than the terminal is wide."""
    return _shortened(line, _columns())


def _columns() -> int:
    return shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
