"""How a refactoring looks when it is replayed in a terminal: each step, how it ended, and its change, checked.

What a refactoring is after some events belongs to the agent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from parley_agent.refactor.events import STREAM
from parley_agent.refactor.recording import text_hash
from parley_agent.refactor.replay import Refactoring, replayed, text_after
from parley_agent.system_event import SYSTEM_EVENTS
from parley_events.errors import MissingBlobError
from parley_providers.plain_text import printable
from parley_server.cli.events_view import counted, history_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley_events.events import RecordedEvent
    from parley_events.store import EventStore
    from parley_profiling.totals import Total

_MASK = "*" * 6
# An event may be kept later than the call began that came of it.
_KEPT_LATER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A refactoring at some point, and the text before its change, where it proposed one and the text is kept.

    `state` is None for an aggregate that is no refactoring. `after` is the text with the change, made again; `lacking`
    says why there is none.
    """

    happened: Sequence[RecordedEvent]
    state: Refactoring | None
    before: str | None = None
    after: str | None = None
    lacking: str = ""

    @property
    def is_masked(self) -> bool:
        """Whether secrets were masked when the text or the change was kept, so that its hash is another."""
        edits = self.state.proposed.edits if self.state and self.state.proposed else ()
        return _MASK in (self.before or "") or any(_MASK in edit.new_text for edit in edits)

    @property
    def same(self) -> bool | None:
        """Whether the text made again has the hash that was kept; None where that cannot be known."""
        if self.state is None or self.state.proposed is None or self.before is None:
            return None
        if self.after is None:
            return False
        if text_hash(self.after) == self.state.proposed.result:
            return True
        return None if self.is_masked else False

    def diff(self) -> Iterator[str]:
        """The change, line by line."""
        from difflib import unified_diff

        if self.after is None or self.before is None or self.state is None or self.state.asked is None:
            return
        old, new = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        for line in unified_diff(old, new, self.state.asked.uri, self.state.asked.uri):
            yield printable(line.rstrip("\r\n"))


async def replay(store: EventStore, happened: Sequence[RecordedEvent]) -> Replay:
    """What became of a refactoring by these events.

    Raises:
        UnknownEventError: a newer Parley, or another program, stored one of them.
    """
    if not happened or happened[0].stream_id != STREAM:
        return Replay(happened=happened, state=None)
    state = replayed(map(SYSTEM_EVENTS.read, happened))
    if state.asked is None or state.proposed is None:
        return Replay(happened=happened, state=state)
    try:
        before = (await store.blob(state.asked.text)).decode()
        return Replay(happened=happened, state=state, before=before, after=text_after(before, state.proposed))
    except MissingBlobError as error:
        return Replay(happened=happened, state=state, lacking=f"The text is not kept any more: {error}")
    except ValueError as error:  # edits that overlap, or bytes that are no text: another program's
        return Replay(happened=happened, state=state, before="", lacking=f"The change cannot be made again: {error}.")


def replay_lines(found: Replay) -> Iterator[str]:
    """Every step, how it ended, and the change."""
    yield from history_lines(found.happened)
    state = found.state
    if state is None:
        return
    yield ""
    for route in state.routes:
        yield printable(f"{route.provider}/{route.model}: {route.why}")
    for problem in state.problems:
        yield printable(f"The answer failed a check: {problem}")
    yield f"{state.status}{f': {printable(state.reason)}' if state.reason else ''}"
    if found.lacking:
        yield printable(found.lacking)
    if state.proposed is None or found.after is None:
        return
    yield from found.diff()
    for file in state.proposed.new_files:
        yield f"new file {printable(file.path)} ({file.text[:19]})"
    if found.same:
        yield f"\nReplayed: the text has the hash that was kept, {state.proposed.result[:19]}."
    elif found.is_masked:
        yield "\nReplayed: secrets in the text were masked when it was kept, so its hash is another."
    else:
        yield f"\nNot the same: the hash is {text_hash(found.after)}, kept was {state.proposed.result}."


def cost(happened: Sequence[RecordedEvent]) -> Total:
    """What the calls of models until the last of these events cost, as far as this machine recorded them.

    Raises:
        StoreError: the records of calls cannot be read.
    """
    from parley_profiling.stores import Selection
    from parley_profiling.totals import total
    from parley_server.app import call_records

    if not happened or happened[0].stream_id != STREAM:
        return total(())
    request, last_at = happened[0].metadata.correlation_id, happened[-1].created_at
    records = call_records(Selection(since=happened[0].created_at - _KEPT_LATER))
    return total(each for each in records if each.correlation_id == request and each.started_at <= last_at)


def cost_lines(spent: Total | None) -> Iterator[str]:
    """The same in a sentence; nothing where no call was recorded, or that is not known."""
    if spent is None or not spent.calls:
        return
    some, more = "+" if spent.uncounted else "", "+" if spent.unpriced else ""
    tokens = f"{spent.prompt_tokens:,}{some} prompt tokens, {spent.output_tokens:,}{some} output tokens"
    known = [
        "tokens unknown" if spent.uncounted == spent.calls else tokens,
        "price unknown" if spent.unpriced == spent.calls else f"US$ {spent.cost_usd:.4f}{more}",
    ]
    yield f"{counted(spent.calls, 'call')} of models: {', '.join(known)}."


def replay_json(found: Replay, spent: Total | None) -> str:
    """The same for machines, as one object; null is unknown."""
    state = found.state or Refactoring()
    document = {
        "events": len(found.happened),
        "status": state.status or None,
        "reason": state.reason or None,
        "task": state.proposed.task if state.proposed else state.asked.task if state.asked else None,
        "uri": state.asked.uri if state.asked else None,
        "routes": [{"provider": r.provider, "model": r.model, "reason": r.reason, "why": r.why} for r in state.routes],
        "attempts": state.attempts,
        "problems": list(state.problems),
        "proof": state.proposed.proof if state.proposed else None,
        "new_files": [file.path for file in state.proposed.new_files] if state.proposed else [],
        "diff": "\n".join(found.diff()) or None,
        "calls": spent.calls if spent else None,
        "prompt_tokens": spent.prompt_tokens if spent and spent.uncounted < spent.calls else None,
        "output_tokens": spent.output_tokens if spent and spent.uncounted < spent.calls else None,
        "cost_usd": spent.cost_usd if spent and spent.unpriced < spent.calls else None,
        "same": found.same,
        "lacking": found.lacking or None,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
