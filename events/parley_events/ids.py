"""Event ids that sort by time (RFC 9562, UUID version 7).

A random id would land anywhere in the store's unique index and make appends slower as the store grows; one that
starts with the time lands at its end. Where the time and the random bits come from is the caller's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_events.events import to_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def uuid7(moment: datetime, random_bits: int) -> str:
    """The id of `moment`, to the microsecond, with 64 of `random_bits`.

    RFC 9562, section 5.7: 48 bits of milliseconds, then (method 3 of section 6.2) 12 bits of the fraction of one.
    """
    milliseconds, microseconds = divmod(to_microseconds(moment), 1000)
    time, tail = milliseconds & (1 << 48) - 1, 0b10 << 62 | random_bits & (1 << 62) - 1
    return "%08x-%04x-7%03x-%04x-%012x" % (  # noqa: UP031 - every event has an id, and this takes two thirds of the time
        time >> 16,
        time & 0xFFFF,
        microseconds * 4096 // 1000,
        tail >> 48,
        tail & 0xFFFF_FFFF_FFFF,
    )


def id_maker(now: Callable[[], datetime], random_bits: Callable[[int], int]) -> Callable[[], str]:
    """A function that makes such ids, from a clock and a source of random bits, as `random.Random().getrandbits` is."""

    def new_id() -> str:
        return uuid7(now(), random_bits(62))

    return new_id
