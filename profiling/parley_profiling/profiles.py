"""Profiles: statistics of call records for one (model, task class, hardware, settings), cold and warm apart.

Pure: records in, profiles out. Which records, and how a profile is shown, is left to others.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_profiling.intervals import summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from parley_profiling.intervals import Summary
    from parley_providers.records import CallRecord

MIN_PREFILL_TOKENS = 64
"""Below this many uncached tokens prefill is fixed cost, not a rate (public timings of 1,400 runs of llama.cpp)."""

_ANSWERED = frozenset({"ok", "length"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProfileKey:
    """What must be equal for two calls to be comparable; "" is unknown.

    `identity` is the model's digest, or its name where the digest is unknown. `offload` is the share of the model that
    lies in video memory, in per cent. `settings` are the runner options as JSON with sorted names. `constrained` tells
    answers that had to follow a schema from free ones: they differ in length by an order of magnitude.
    """

    provider: str
    identity: str
    hardware: str
    server_version: str
    window_tokens: int
    offload: int
    settings: str
    task_class: str
    constrained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long a person waits, in seconds since the request was sent; None where it was never measured.

    `first_event` is the first piece of any kind, `first_visible` the first visible text, `whole` the end of an answer
    that was complete or reached its length limit; `load` is what the server needed to load the model.
    """

    calls: int
    first_event: Summary | None
    first_visible: Summary | None
    whole: Summary | None
    load: Summary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the calls of one key have shown.

    `model` is the newest name of the model. `prefill` is in uncached prompt tokens per second, `decode` in output
    tokens per second, `output_tokens` counts those of answers. A call whose model had to be loaded is in `cold`, one
    whose model was ready in `warm`, one for which that is unknown in `either`.
    """

    key: ProfileKey
    model: str
    calls: int
    outcomes: Mapping[str, int]
    prefill: Summary | None
    decode: Summary | None
    output_tokens: Summary | None
    warm: Waiting
    cold: Waiting
    either: Waiting

    @property
    def answered(self) -> int:
        """How many calls ended with an answer."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in _ANSWERED)


def profiles_of(records: Iterable[CallRecord]) -> tuple[Profile, ...]:
    """One profile for each key among `records`, in the order of the keys."""
    groups: dict[ProfileKey, list[CallRecord]] = {}
    for record in records:
        groups.setdefault(key_of(record), []).append(record)
    return tuple(_profile(key, groups[key]) for key in sorted(groups))


def key_of(record: CallRecord) -> ProfileKey:
    """The key under which `record` counts."""
    return ProfileKey(
        provider=record.provider,
        identity=record.model_digest or record.model,
        task_class=record.task_class,
        constrained=record.constrained,
        hardware=record.hardware or "",
        server_version=record.server_version or "",
        window_tokens=record.window_tokens or 0,
        offload=_offload(record),
        settings=json.dumps(record.settings, sort_keys=True, ensure_ascii=False),
    )


def prefill_rate(record: CallRecord) -> float | None:
    """Uncached prompt tokens per second; None where the cached part or the time is unknown, or too few were read."""
    usage = record.usage
    if usage.prompt_tokens is None or usage.cached_prompt_tokens is None:
        return None
    uncached = usage.prompt_tokens - usage.cached_prompt_tokens
    return _rate(uncached, record.timings.prefill_ns) if uncached >= MIN_PREFILL_TOKENS else None


def decode_rate(record: CallRecord) -> float | None:
    """Output tokens per second; None where either is unknown."""
    return _rate(record.usage.output_tokens, record.timings.decode_ns)


def _profile(key: ProfileKey, records: Sequence[CallRecord]) -> Profile:
    return Profile(
        key=key,
        model=max(records, key=lambda record: record.started_at).model,
        calls=len(records),
        outcomes=dict(Counter(record.outcome for record in records).most_common()),
        prefill=_summary(records, prefill_rate),
        decode=_summary(records, decode_rate),
        output_tokens=_summary(records, _answer_tokens),
        warm=_waiting([record for record in records if record.cold is False]),
        cold=_waiting([record for record in records if record.cold is True]),
        either=_waiting([record for record in records if record.cold is None]),
    )


def _waiting(records: Sequence[CallRecord]) -> Waiting:
    return Waiting(
        calls=len(records),
        first_event=_summary(records, lambda record: _seconds(record.first_event_ns)),
        first_visible=_summary(records, lambda record: _seconds(record.first_visible_ns)),
        whole=_summary(records, lambda record: _seconds(record.wall_ns) if record.outcome in _ANSWERED else None),
        load=_summary(records, lambda record: _seconds(record.timings.load_ns)),
    )


def _summary(records: Iterable[CallRecord], measure: Callable[[CallRecord], float | None]) -> Summary | None:
    return summarise([value for record in records if (value := measure(record)) is not None])


def _answer_tokens(record: CallRecord) -> float | None:
    return record.usage.output_tokens if record.outcome in _ANSWERED else None


def _rate(tokens: int | None, duration_ns: int | None) -> float | None:
    return tokens * 1e9 / duration_ns if tokens and duration_ns else None


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / 1e9


def _offload(record: CallRecord) -> int:
    if not record.size_bytes or record.vram_bytes is None:
        return 0
    return round(100 * record.vram_bytes / record.size_bytes)
