"""Byte offsets of UTF-8 and code-point offsets of the same text, converted in this one place.

tree-sitter counts bytes; everything else in Parley counts code points. Nothing outside this room sees a byte offset.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate

ENCODING = "utf-8"
ERRORS = "surrogatepass"


class Offsets:
    """The two ways to count one text. `data` is its UTF-8; a lone surrogate, as editors can send, takes 3 bytes."""

    __slots__ = ("_starts", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode(ENCODING, ERRORS)
        self._starts: array[int] | None = None if text.isascii() else array("Q", _byte_starts(text))

    def to_byte(self, offset: int) -> int:
        """The byte offset of a code-point offset between 0 and the text's length."""
        return offset if self._starts is None else self._starts[offset]

    def to_code_point(self, offset: int) -> int:
        """The code-point offset of a byte offset; one inside a character counts as that character's start."""
        return offset if self._starts is None else bisect_right(self._starts, offset) - 1

    def slice(self, start_byte: int, end_byte: int) -> str:
        """The text between two byte offsets that lie between characters."""
        return self.data[start_byte:end_byte].decode(ENCODING, ERRORS)


def _byte_starts(text: str) -> accumulate[int]:
    widths = (1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4 for point in map(ord, text))
    return accumulate(widths, initial=0)
