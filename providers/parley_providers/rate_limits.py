"""What servers tell of their rate limits, in one type: how much there is, how much is left, and when there is more.

Reading a refusal's body belongs to each vendor's adapter; waiting to the chain.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF = ("requests", "tokens", "input-tokens", "output-tokens")
# Anthropic: `anthropic-ratelimit-tokens-remaining`. OpenAI, and who speaks as it does: `x-ratelimit-remaining-tokens`.
# OpenRouter, of requests: `x-ratelimit-remaining`.
_NAMES = (
    *((of, f"anthropic-ratelimit-{of}-{{}}") for of in _OF),
    *((of, f"x-ratelimit-{{}}-{of}") for of in _OF),
    ("requests", "x-ratelimit-{}"),
)
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS_S = (86_400.0, 3600.0, 60.0, 1.0, 0.001)
# A number as large as this is no duration but a time since 1970, in seconds; a thousand times that, in milliseconds.
_EPOCH_S = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One limit `of` requests, tokens, …: `most` in all, `left` now, `reset_s` until there are more, in seconds."""

    of: str
    most: int | None = None
    left: int | None = None
    reset_s: float | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left of it; a limit of nothing at all is one that does not count."""
        return self.left == 0 and self.most != 0

    def __str__(self) -> str:
        """For a person: "tokens: 0 of 40,000 left, more in 12 s", or "requests: 12 of 50 left, full again in 30 s"."""
        of = "" if self.most is None else f" of {self.most:,}"
        left = f"at most {self.most:,}" if self.left is None else f"{self.left:,}{of} left"
        when = "full again" if self.left else "more"
        return f"{self.of}: {left}" + ("" if self.reset_s is None else f", {when} in {math.ceil(self.reset_s)} s")


def limits_of(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """The limits that a response's headers tell; `headers` must look names up whatever their case."""
    found: dict[str, RateLimit] = {}
    for of, name in _NAMES:
        most, left = _count(headers.get(name.format("limit"))), _count(headers.get(name.format("remaining")))
        if (most is not None or left is not None) and of not in found:
            reset_s = _reset_s(headers.get(name.format("reset")), headers.get("date"))
            found[of] = RateLimit(of=of.replace("-", " "), most=most, left=left, reset_s=reset_s)
    return tuple(found.values())


def wait_s(limits: tuple[RateLimit, ...]) -> float | None:
    """Seconds until every limit that is used up has more; None where none is, or where that is not told."""
    told = [each.reset_s for each in limits if each.left == 0 and each.reset_s is not None]
    return max(told, default=None)


def seconds_of(duration: str) -> float | None:
    """The seconds of a duration such as "6m0s", "17s" or "20ms"; None where it is none."""
    found = _DURATION.fullmatch(duration.strip())
    if found is None or not any(found.groups()):
        return None
    return sum(float(value) * unit for value, unit in zip(found.groups(), _UNITS_S, strict=True) if value)


def _reset_s(value: str | None, date: str | None) -> float | None:
    """A reset as the vendors write it: a duration, seconds, or a time, measured from the response's own `Date`."""
    if value is None:
        return None
    number = _number(value)
    if number is None:
        duration = seconds_of(value)
        return duration if duration is not None else _until_s(_time(value), date)
    if number < _EPOCH_S:
        return max(0.0, number)
    return _until_s(number if number < _EPOCH_S * 1000 else number / 1000, date)


def _until_s(epoch_s: float | None, date: str | None) -> float | None:
    try:
        return None if epoch_s is None else max(0.0, epoch_s - parsedate_to_datetime(date or "").timestamp())
    except (TypeError, ValueError):
        return None


def _time(value: str) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None


def _count(value: str | None) -> int | None:
    number = None if value is None else _number(value)
    return None if number is None else int(number)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < 1e18 else None
