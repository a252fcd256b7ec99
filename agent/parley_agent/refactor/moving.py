"""Moves edits from the text that they were made for to the text that the person has made of it meanwhile. Pure.

An edit is moved only where the person changed nothing near it: at least one unchanged line lies between. Whether the
result is good belongs to `rebasing`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
# Beyond this, finding the best match costs more time than a smaller change is worth.
_MAX_PRODUCT = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """`width` lines of the base became other lines: `grown` more than they were.

    The same change can often be told of several places, as with a line that is doubled: those lie between the lines
    `first` and `end`, without `end`.
    """

    first: int
    end: int
    width: int
    grown: int

    def is_apart(self, first: int, end: int) -> bool:
        """Whether other lines lie outside of every such place, and a line away from one of them."""
        is_before = self.end <= first and self.first + self.width < first
        return is_before or (end <= self.first and end < self.end - self.width)


class Movement:
    """What a person made of the `base`, by lines, and where its untouched places are `now`."""

    def __init__(self, base: str, now: str) -> None:
        old, new = _LINE.findall(base), _LINE.findall(now)
        self.base, self.now = base, now
        self.hunks = tuple(_hunks(old, new))
        self._old_starts = [0, *accumulate(map(len, old))]
        self._new_starts = [0, *accumulate(map(len, new))]

    def moved_edits(self, edits: tuple[TextEdit, ...]) -> tuple[TextEdit, ...] | None:
        """The edits as they are made of the text of now; None where one is not apart from the person's changes."""
        found: list[TextEdit] = []
        for edit in edits:
            first, end = self._lines(edit)
            if not self._is_apart(first, end):
                return None
            found.append(TextEdit(span=self._shifted(edit.span, first), new_text=edit.new_text))
        return tuple(found)

    def moved_span(self, span: Span) -> Span | None:
        """Where the text of `span` is now; None where the person changed something in it or next to it."""
        first = self._line(span.start)
        if not self._is_apart(first, self._line(max(span.start, span.end - 1)) + 1):
            return None
        return self._shifted(span, first)

    def _is_apart(self, first: int, end: int) -> bool:
        return all(hunk.is_apart(first, end) for hunk in self.hunks)

    def _shifted(self, span: Span, line: int) -> Span:
        grown = sum(hunk.grown for hunk in self.hunks if hunk.end <= line)
        by = self._new_starts[line + grown] - self._old_starts[line]
        return Span(start=span.start + by, end=span.end + by)

    def _lines(self, edit: TextEdit) -> tuple[int, int]:
        """The first line that an edit touches, and the one after the last: none for lines that it inserts whole."""
        first, last = self._line(edit.span.start), self._line(edit.span.end)
        ends_whole = edit.span.end == self._old_starts[last] and (
            edit.new_text.endswith(("\n", "\r")) if edit.new_text else edit.span.start == self._old_starts[first]
        )
        return first, last if ends_whole else last + 1

    def _line(self, offset: int) -> int:
        """The line of an offset; the end of a text that ends with a line's end is the line after the last."""
        line = bisect_right(self._old_starts, offset) - 1
        ends_open = line > 0 and line == len(self._old_starts) - 1 and not self.base.endswith(("\n", "\r"))
        return line - 1 if ends_open else line


def _hunks(old: list[str], new: list[str]) -> Iterator[Hunk]:
    for i1, i2, j1, j2 in _differences(old, new):
        first, end = i1, i2
        if i1 == i2:
            first, end = _slid(old, i1, new[j1:j2])
        elif j1 == j2:
            first, end = _slid_deletion(old, i1, i2)
        yield Hunk(first=first, end=end, width=i2 - i1, grown=(j2 - j1) - (i2 - i1))


def _differences(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    head = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), len(old) - head, len(new) - head)
    middle, other = old[head : len(old) - tail], new[head : len(new) - tail]
    if not middle and not other:
        return
    if len(middle) * len(other) > _MAX_PRODUCT:
        yield head, len(old) - tail, head, len(new) - tail
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, middle, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield head + i1, head + i2, head + j1, head + j2


def _slid(old: list[str], at: int, inserted: list[str]) -> tuple[int, int]:
    """All places where inserting the same, turned round, gives the same text: from the first to the last."""
    first, end, count = at, at, len(inserted)
    while first > 0 and old[first - 1] == inserted[(first - 1 - at) % count]:
        first -= 1
    while end < len(old) and old[end] == inserted[(end - at) % count]:
        end += 1
    return first, end


def _slid_deletion(old: list[str], start: int, end: int) -> tuple[int, int]:
    first, last = start, end
    while first > 0 and old[first - 1] == old[first - 1 + end - start]:
        first -= 1
    while last < len(old) and old[last] == old[last - (end - start)]:
        last += 1
    return first, last


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
