"""Profiles as JSON, for `parley profile --json`, editors and scripts: names carry their units, unknown is null.

A table for a terminal belongs to the front end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from parley_profiling.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_profiling.intervals import Interval, Summary
    from parley_profiling.profiles import Profile, Waiting
    from parley_providers.messages import JsonObject


def document(profiles: Iterable[Profile]) -> JsonObject:
    """All profiles, with the confidence level of their intervals."""
    return {"format": 1, "level": LEVEL, "profiles": [_profile(profile) for profile in profiles]}


def _profile(profile: Profile) -> JsonObject:
    key = profile.key
    return {
        "model": profile.model,
        "provider": key.provider,
        "digest": None if key.identity == profile.model else key.identity,
        "task_class": key.task_class,
        "constrained": key.constrained,
        "hardware": key.hardware or None,
        "server_version": key.server_version or None,
        "window_tokens": key.window_tokens or None,
        "offload_percent": key.offload,
        "settings": json.loads(key.settings),
        "calls": profile.calls,
        "outcomes": dict(profile.outcomes),
        "prefill_tokens_per_s": _summary(profile.prefill),
        "decode_tokens_per_s": _summary(profile.decode),
        "output_tokens": _summary(profile.output_tokens),
        "warm": _waiting(profile.warm),
        "cold": _waiting(profile.cold),
        "unknown": _waiting(profile.either),
    }


def _waiting(waiting: Waiting) -> JsonObject:
    return {
        "calls": waiting.calls,
        "first_token_s": _summary(waiting.first_event),
        "first_text_s": _summary(waiting.first_visible),
        "whole_answer_s": _summary(waiting.whole),
        "load_s": _summary(waiting.load),
    }


def _summary(summary: Summary | None) -> JsonObject | None:
    if summary is None:
        return None
    return {
        "n": summary.count,
        "mean": summary.mean,
        "p50": summary.p50,
        "p90": summary.p90,
        "mean_interval": _interval(summary.mean_interval),
        "prediction_interval": _interval(summary.prediction),
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
