"""Adding up what calls used and cost: by request, session, day or model. Pure; what is unknown stays counted apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from parley_providers.records import CallRecord


class Grouping(StrEnum):
    """What calls are added up by. A day is one of UTC."""

    REQUEST = "request"
    SESSION = "session"
    DAY = "day"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What the calls of one group used: tokens and US dollars as far as they are known.

    `uncounted` is the number of calls whose tokens are unknown, `unpriced` of those whose cost is. `began` is when the
    first was made, `task_class` what they were for, where all were for the same. A cancelled call has not failed.
    """

    group: str
    began: datetime | None = None
    task_class: str | None = None
    calls: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    uncounted: int = 0
    unpriced: int = 0


def totals(records: Iterable[CallRecord], grouping: Grouping) -> tuple[Total, ...]:
    """One total for each group, in the order in which the groups begin."""
    found: dict[str, Total] = {}
    for record in records:
        group = _group(record, grouping)
        begun = found.get(group) or Total(group=group, began=record.started_at, task_class=record.task_class)
        found[group] = _plus(begun, record)
    return tuple(found.values())


def total(records: Iterable[CallRecord]) -> Total:
    """All calls together."""
    whole = Total(group="")
    for record in records:
        whole = _plus(whole, record)
    return whole


def _group(record: CallRecord, grouping: Grouping) -> str:
    match grouping:
        case Grouping.REQUEST:
            return record.correlation_id or record.record_id
        case Grouping.SESSION:
            return record.session_id
        case Grouping.DAY:
            return record.started_at.date().isoformat()
        case Grouping.MODEL:
            return f"{record.provider}/{record.model}"
        case unknown:
            assert_never(unknown)


def _plus(before: Total, record: CallRecord) -> Total:
    usage = record.usage
    return replace(
        before,
        task_class=before.task_class if before.task_class == record.task_class else None,
        calls=before.calls + 1,
        failed=before.failed + (record.outcome not in ("ok", "length", "cancelled")),
        prompt_tokens=before.prompt_tokens + (usage.prompt_tokens or 0),
        cached_prompt_tokens=before.cached_prompt_tokens + (usage.cached_prompt_tokens or 0),
        output_tokens=before.output_tokens + (usage.output_tokens or 0),
        cost_usd=before.cost_usd + (record.cost_usd or 0.0),
        uncounted=before.uncounted + (usage.prompt_tokens is None or usage.output_tokens is None),
        unpriced=before.unpriced + (record.cost_usd is None),
    )
