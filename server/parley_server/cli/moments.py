"""Times as a person writes them in an option: a date, a time of day, or how long ago.

A time names a whole unit: `10:30` is that minute to its end, `2026-11-21` that day. So what `parley events list`
showed at a second is there when that second is named.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import typer

_AGE = re.compile(r"(\d{1,18})\s*([mhdw])")  # more digits than a time span can have
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?")
_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.IGNORECASE)
_UNITS = {2: timedelta(hours=1), 4: timedelta(minutes=1), 6: timedelta(seconds=1)}


def age(text: str) -> timedelta | None:
    """How long 90m, 12h, 30d or 8w is; None if it is no age.

    Raises:
        OverflowError: longer than can be counted.
    """
    found = _AGE.fullmatch(text.strip().lower())
    return None if found is None else timedelta(minutes=int(found[1]) * _MINUTES[found[2]])


def end_of(text: str, now: datetime) -> datetime:
    """The last microsecond of the time that a person named, as seen at `now`, which has a time zone.

    Raises:
        BadParameter: it is no time; the message says which there are.
    """
    try:
        ago = age(text)
        return now - ago if ago is not None else _end_of_time(text.strip(), now)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time such as 2026-11-21T10:30, 2026-11-21, 10:30 (today), or 2h (so long ago)."
        ) from None


def _end_of_time(text: str, now: datetime) -> datetime:
    if _CLOCK.fullmatch(text):
        text = f"{now.astimezone():%Y-%m-%d}T{'0' if text[1] == ':' else ''}{text}"
    try:
        begin, unit = datetime.combine(date.fromisoformat(text), datetime.min.time()), timedelta(days=1)
    except ValueError:
        begin = datetime.fromisoformat(text)
        _, clock = re.split("[Tt ]", text, maxsplit=1)  # Python takes any character between them
        digits = _ZONE.sub("", clock).replace(":", "")
        unit = _UNITS.get(len(digits), timedelta(microseconds=1))
    return (begin + unit - timedelta(microseconds=1)).astimezone()
