"""Times in an option: each names a whole unit, to its end."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
import typer

from parley_server.cli.moments import age, end_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def at(*parts):
    """A moment in UTC."""
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def two_hours_east():
    """A place two hours ahead of UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EAST-2"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
    time.tzset()


@pytest.mark.parametrize(
    ("written", "begin", "unit"),
    [
        ("2026-11-21", at(2026, 11, 20, 22), timedelta(days=1)),
        ("2026-11-21T10", at(2026, 11, 21, 8), timedelta(hours=1)),
        ("2026-11-21T10:30", at(2026, 11, 21, 8, 30), timedelta(minutes=1)),
        ("2026-11-21 10:30:05", at(2026, 11, 21, 8, 30, 5), timedelta(seconds=1)),
        ("20261121T103005", at(2026, 11, 21, 8, 30, 5), timedelta(seconds=1)),
        ("2026-11-21T10:30:05.25", at(2026, 11, 21, 8, 30, 5, 250_000), MICROSECOND),
        ("2026-11-21T10:30Z", at(2026, 11, 21, 10, 30), timedelta(minutes=1)),
        ("2026-11-21T10:30:05+05:30", at(2026, 11, 21, 5, 0, 5), timedelta(seconds=1)),
        ("10:30", at(2026, 11, 21, 8, 30), timedelta(minutes=1)),
        (" 9:05:07 ", at(2026, 11, 21, 7, 5, 7), timedelta(seconds=1)),
        ("90m", at(2026, 11, 21, 10, 30), MICROSECOND),
        ("2w", at(2026, 11, 7, 12), MICROSECOND),
    ],
)
def test_a_time_is_the_end_of_what_it_names(two_hours_east, written, begin, unit):
    """In the time of the place, unless it names a zone; a time of day is today's; an age is exact."""
    assert end_of(written, NOW) == begin + unit - MICROSECOND


@pytest.mark.parametrize(
    "written",
    [
        *("yesterday", "", "10", "25:00", "2026-02-30", "9999-12-31", "2026-11-21Tnoon", "2026-11-21_10:30", "-2h"),
        *("99999999999w", f"{'9' * 5000}d"),
    ],
)
def test_what_is_no_time_is_answered_with_those_there_are(written):
    """Also one that cannot be counted."""
    with pytest.raises(typer.BadParameter, match=r"is not a time such as 2026-11-21T10:30.*10:30 \(today\).*2h"):
        end_of(written, NOW)


def test_an_age_is_a_number_and_its_unit():
    """Minutes, hours, days and weeks; anything else is none."""
    assert [age(text) for text in ("90m", " 12 H", "30d", "8w", "5y", "d", "2.5h")] == [
        timedelta(minutes=90),
        timedelta(hours=12),
        timedelta(days=30),
        timedelta(weeks=8),
        None,
        None,
        None,
    ]
