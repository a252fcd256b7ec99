"""How far two texts are the same from their beginning and from their end. What lies between is for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    from collections.abc import Callable


def same_ends(before: AnyStr, after: AnyStr) -> tuple[int, int]:
    """The lengths of what both begin with and of what both end with, which do not overlap in either."""
    longest, old, new = min(len(before), len(after)), len(before), len(after)
    start = _common(longest, lambda at, end: before[at:end] == after[at:end])
    tail = _common(longest - start, lambda at, end: before[old - end : old - at] == after[new - end : new - at])
    return start, tail


def _common(longest: int, is_same: Callable[[int, int], bool]) -> int:
    """How far two texts are the same: `is_same(at, end)` compares a piece, in time proportional to its length."""
    same = 0
    step = 1 << max(0, longest.bit_length() - 1)
    while step:
        if same + step <= longest and is_same(same, same + step):
            same += step
        step >>= 1
    return same
