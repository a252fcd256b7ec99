"""Lines and columns of a text in the three position encodings of LSP: the one place where they become offsets.

A line ends at LF, CRLF or CR, and nowhere else: form feeds and Unicode's separators are ordinary characters here, other
than in `str.splitlines`. Offsets count code points. Pure; the wire's own types belong to `from_lsp` and `to_lsp`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate, count
from operator import add
from typing import NamedTuple


class PositionEncoding(StrEnum):
    """What a column counts: bytes, 16-bit units or code points."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    UTF_32 = "utf-32"


class LineColumn(NamedTuple):
    """A zero-based line and a zero-based column in units of the encoding."""

    line: int
    column: int


class LineIndex:
    """Where the lines of `text` start, so that positions become offsets and back in constant time for ASCII lines.

    Args:
        text: The text.
        starts: Where its lines start, if that is known already.
    """

    __slots__ = ("_starts", "_text")

    def __init__(self, text: str, starts: list[int] | None = None) -> None:
        self._text = text
        self._starts = _line_starts(text) if starts is None else starts

    def changed(self, start: int, end: int, text: str) -> LineIndex:
        """The lines of `text`, which is this one's but for what stands between `start` and `end`.

        Only the lines there are looked for: a long text is not looked through at every key.
        """
        longer = len(text) - len(self._text)
        # The line before counts: a CR at its end may have become half of a CRLF, or no longer be one.
        before = max(0, bisect_right(self._starts, start) - 2)
        behind = bisect_right(self._starts, end)
        first, last = self._starts[before], end + longer
        here = (first + found.end() for found in _LINE_END.finditer(text[first : last + 1]))
        starts = self._starts[: before + 1]
        starts += (each for each in here if each <= last)
        starts += map(longer.__add__, self._starts[behind:]) if longer else self._starts[behind:]
        return LineIndex(text, starts)

    def __len__(self) -> int:
        """How many lines there are: one more than line ends."""
        return len(self._starts)

    def offset(self, position: LineColumn, encoding: PositionEncoding) -> int:
        """The offset of `position`.

        As LSP asks, a column past the end of its line means that end. A line past the last means the end of the text,
        and a column inside a character means the start of that character.
        """
        line, column = position
        if line < 0:
            return 0
        if line >= len(self._starts):
            return len(self._text)
        start = self._starts[line]
        content = self._text[start : self._line_end(line)]
        return start + _code_points(content, max(0, column), encoding)

    def position(self, offset: int, encoding: PositionEncoding) -> LineColumn:
        """The position of `offset`; an offset between CR and LF is before both."""
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        content = self._text[start : min(offset, self._line_end(line))]
        return LineColumn(line, _units(content, encoding))

    def line_start(self, line: int) -> int:
        """The offset at which a line starts; the end of the text for a line past the last."""
        return self._starts[line] if line < len(self._starts) else len(self._text)

    def _line_end(self, line: int) -> int:
        """The offset before the line's own end-of-line characters."""
        if line + 1 == len(self._starts):
            return len(self._text)
        end = self._starts[line + 1] - 1
        if self._text[end] == "\n" and end > self._starts[line] and self._text[end - 1] == "\r":
            end -= 1
        return end


_LINE_END = re.compile(r"\r\n|\n|\r")
_LONE_RETURN = re.compile(r"\r(?!\n)")


def _line_starts(text: str) -> list[int]:
    if "\r" in text and _LONE_RETURN.search(text):
        return [0, *(found.end() for found in _LINE_END.finditer(text))]
    *lines, _last = text.split("\n")
    return [0, *map(add, accumulate(map(len, lines)), count(1))]


def _units(content: str, encoding: PositionEncoding) -> int:
    if encoding is PositionEncoding.UTF_32 or content.isascii():
        return len(content)
    if encoding is PositionEncoding.UTF_8:
        return len(content.encode("utf-8", "surrogatepass"))
    return len(content.encode("utf-16-le", "surrogatepass")) // 2


def _code_points(content: str, column: int, encoding: PositionEncoding) -> int:
    if encoding is PositionEncoding.UTF_32 or content.isascii():
        return min(column, len(content))
    if encoding is PositionEncoding.UTF_8:
        return _code_points_of_bytes(content.encode("utf-8", "surrogatepass"), column)
    return _code_points_of_units(content.encode("utf-16-le", "surrogatepass"), column)


def _code_points_of_bytes(encoded: bytes, column: int) -> int:
    while 0 < column < len(encoded) and encoded[column] & 0xC0 == 0x80:
        column -= 1
    return len(encoded[:column].decode("utf-8", "surrogatepass"))


def _code_points_of_units(encoded: bytes, column: int) -> int:
    if 0 < column < len(encoded) // 2 and _high(encoded, column - 1) and _low(encoded, column):
        column -= 1
    return len(encoded[: 2 * column].decode("utf-16-le", "surrogatepass"))


def _high(encoded: bytes, unit: int) -> bool:
    return 0xD8 <= encoded[2 * unit + 1] <= 0xDB


def _low(encoded: bytes, unit: int) -> bool:
    return 0xDC <= encoded[2 * unit + 1] <= 0xDF
