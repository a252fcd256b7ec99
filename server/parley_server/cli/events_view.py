"""How events look in a terminal: one line each, times of this place, control characters made visible."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from parley_agent.refactor.events import STREAM
from parley_agent.refactor.recording import text_hash
from parley_agent.refactor.replay import replayed, text_after
from parley_agent.system_event import SYSTEM_EVENTS
from parley_events.errors import MissingBlobError, UnknownEventError
from parley_events.history import history
from parley_events.lines import event_line as as_object
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from parley_agent.refactor.replay import Refactoring
    from parley_events.events import RecordedEvent
    from parley_events.store import AggregateSummary, EventStore, StoreSize
    from parley_events.verify import Verified

EMPTY = """Nothing is kept here yet. Every refactoring is, by itself:

  parley refactor FILE:START-END "add a docstring"

then `parley events list` names it, and `parley events replay refactorings/…` shows it again."""
_WIDTH = 100
_AGE = re.compile(r"(\d+)\s*([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


async def gist(store: EventStore, each: AggregateSummary) -> str:
    """What an aggregate was about, in a few words: of a refactoring its task, its file, and what became of it."""
    if each.stream_id != STREAM:
        return ""
    try:
        state = replayed(map(SYSTEM_EVENTS.read, await history(store, each.stream_id, each.aggregate_id)))
    except UnknownEventError as error:
        return f"has a {error.event_type} that this Parley does not know"
    if state.asked is None:
        return ""
    return f"{state.asked.task or 'as asked'} in {state.asked.uri.rpartition('/')[2]}: {state.status}"


def summary_line(each: AggregateSummary, about: str) -> str:
    """One aggregate."""
    name = f"{each.stream_id}/{each.aggregate_id}"
    return printable(f"{_local(each.last_at)}  {counted(each.events, 'event'):>10}  {name}  {about}").rstrip()


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
    """One event; its data shortened unless it is wanted whole."""
    head = f"{event.sequence:>4}  {_local(event.created_at)}  {event.event_type}"
    if whole:
        return f"{head}  v{event.event_version}  {event.event_id}\n      {event.data_json}\n      {event.metadata_json}"
    told = "  ".join(f"{name}={_short(value)}" for name, value in event.data.items() if value not in (None, [], ""))
    line = f"{head:<44}  {printable(told)}"
    return line if len(line) <= _WIDTH + 60 else line[: _WIDTH + 59] + "…"


def tail_line(event: RecordedEvent) -> str:
    """One event as it is watched: of whichever aggregate, so its name comes first."""
    name = printable(f"{event.stream_id}/{event.aggregate_id[:8]}")
    return f"{event.position:>6}  {name} {event_line(event, whole=False)}"


def event_json(event: RecordedEvent) -> str:
    """One event, for machines."""
    return _json(as_object(event))


async def replay_refactoring(
    store: EventStore, happened: Sequence[RecordedEvent], say: Callable[[str], object]
) -> bool:
    """Show each step, then the change; whether the replayed text has the hash that was kept."""
    for event in happened:
        say(event_line(event, whole=False))
    if not happened or happened[0].stream_id != STREAM:
        return True
    state = replayed(map(SYSTEM_EVENTS.read, happened))
    say(f"\n{state.status}{f': {printable(state.reason)}' if state.reason else ''}")
    if state.asked is None or state.proposed is None:
        return True
    try:
        before = (await store.blob(state.asked.text)).decode()
    except MissingBlobError as error:
        say(f"The text is not kept any more: {error}")
        return True
    return _show_change(state, before, say)


def _show_change(state: Refactoring, before: str, say: Callable[[str], object]) -> bool:
    from difflib import unified_diff

    assert state.asked is not None  # noqa: S101 - seen by the caller
    assert state.proposed is not None  # noqa: S101 - seen by the caller
    after = text_after(before, state.proposed)
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in unified_diff(old, new, state.asked.uri, state.asked.uri):
        say(printable(line.rstrip("\r\n")))
    for file in state.proposed.new_files:
        say(f"new file {printable(file.path)} ({file.text[:19]})")
    if text_hash(after) == state.proposed.result:
        say(f"\nReplayed: the text has the hash that was kept, {state.proposed.result[:19]}.")
        return True
    if "*" * 6 in before or any("*" * 6 in edit.new_text for edit in state.proposed.edits):
        say("\nReplayed: secrets in the text were masked when it was kept, so its hash is another.")
        return True
    say(f"\nNot the same: the hash is {text_hash(after)}, kept was {state.proposed.result}.")
    return False


def verified_lines(found: Verified) -> Iterator[str]:
    """What a check found."""
    for problem in found.problems:
        yield f"✗ {printable(problem)}"
    for note in found.notes:
        yield f"· {printable(note)}"
    events, aggregates = counted(found.events, "event"), counted(found.aggregates, "aggregate")
    whole = "DAMAGED" if found.problems else "all is well"
    yield f"{events} of {aggregates}, {counted(found.blobs, 'blob')}: {whole}."


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
    found = _AGE.fullmatch(age.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{age!r} is not an age such as 12h, 30d or 8w.")
    try:
        return SYSTEM_CLOCK.now() - timedelta(hours=int(found[1]) * _HOURS[found[2]])
    except OverflowError:
        raise typer.BadParameter(f"{age!r} lies before the year 1.") from None


def _bytes(count: int) -> str:
    return f"{count / 1e3:,.1f} kB" if count < 1_000_000 else f"{count / 1e6:,.1f} MB"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith("sha256:"):
        return text[:15]
    text = " ".join(text.split())
    return text if len(text) <= _WIDTH // 2 else text[: _WIDTH // 2] + "…"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
