"""Call records and breakers as rows, and back: pure, and exact except for what may not or cannot be kept.

Secrets are redacted on the way in. Much of a record is a server's word, whatever that is: text that is none (half a
surrogate pair) is kept as far as it goes, and a figure that no database holds is unknown.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from parley_profiling.redaction import redact, redact_settings
from parley_providers.breaker import BreakerKey, BreakerStatus, StoredBreaker
from parley_providers.records import CallRecord
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = "dict[str, str | int | float | None]"

_SAME = (
    "record_id", "correlation_id", "task_class", "provider", "model", "route_reason", "outcome", "model_digest",
    "server_version", "hardware", "window_tokens", "size_bytes", "vram_bytes", "max_output_tokens", "temperature",
    "first_event_ns", "first_visible_ns", "wall_ns", "cost_usd",
)  # fmt: skip
_USAGE = ("prompt_tokens", "cached_prompt_tokens", "output_tokens", "reasoning_tokens")
_LARGEST = 2**63
_TIMINGS = ("queue_ns", "load_ns", "prefill_ns", "decode_ns", "total_ns")


def to_row(record: CallRecord) -> Row:
    """The row of `record`: unknown is None, times are ISO 8601 in UTC."""
    return _storable(
        {
            **{name: getattr(record, name) for name in _SAME},
            **{name: getattr(record.usage, name) for name in _USAGE},
            **{name: getattr(record.timings, name) for name in _TIMINGS},
            "started_at": timestamp(record.started_at),
            "session_id": record.session_id,
            "origin": redact(record.origin),
            "error": None if record.error is None else redact(record.error),
            "cold": None if record.cold is None else int(record.cold),
            "constrained": int(record.constrained),
            "settings": json.dumps(redact_settings(record.settings), sort_keys=True, ensure_ascii=False, default=str),
        }
    )


def from_row(row: Mapping[str, Any]) -> CallRecord:
    """The record of `row`."""
    return CallRecord(
        **{name: row[name] for name in _SAME},
        session_id=row["session_id"] or "",
        usage=Usage(**{name: row[name] for name in _USAGE}),
        timings=Timings(**{name: row[name] for name in _TIMINGS}),
        started_at=datetime.fromisoformat(row["started_at"]),
        origin=row["origin"],
        error=row["error"],
        cold=None if row["cold"] is None else bool(row["cold"]),
        constrained=bool(row["constrained"]),
        settings=json.loads(row["settings"]),
    )


def breaker_to_row(breaker: StoredBreaker) -> Row:
    """The row of a breaker; its reason is an error's message, so secrets are redacted."""
    return _storable(
        {
            "provider": breaker.key.provider,
            "origin": redact(breaker.key.origin),
            "model": breaker.key.model,
            "status": breaker.status.value,
            "failures": breaker.failures,
            "openings": breaker.openings,
            "until": timestamp(breaker.until),
            "reason": redact(breaker.reason),
        }
    )


def breaker_from_row(row: Mapping[str, Any]) -> StoredBreaker:
    """The breaker of `row`."""
    return StoredBreaker(
        key=BreakerKey(provider=row["provider"], origin=row["origin"], model=row["model"]),
        status=BreakerStatus(row["status"]),
        failures=row["failures"],
        openings=row["openings"],
        until=datetime.fromisoformat(row["until"]),
        reason=row["reason"],
    )


def timestamp(moment: datetime) -> str:
    """`moment` in UTC, of a fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _storable(row: Mapping[str, object]) -> Row:
    """`row` as SQLite takes it."""
    return {name: _stored(value) for name, value in row.items()}


def _stored(value: object) -> str | int | float | None:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case int() if -_LARGEST <= value < _LARGEST:
            return value
        case float():
            return value
        case _:
            return None
