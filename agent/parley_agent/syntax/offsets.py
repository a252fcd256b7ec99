"""Byte offsets of UTF-8 and code-point offsets of the same text, converted in this one place.

tree-sitter counts bytes; everything else in Parley counts code points. Nothing outside this room sees a byte offset.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

ENCODING = "utf-8"
ERRORS = "surrogatepass"
_WIDE = re.compile(r"[^\x00-\x7f]+")


class Offsets:
    """The two ways to count one text. `data` is its UTF-8; a lone surrogate, as editors can send, takes 3 bytes.

    A text is ASCII for the most part: only its runs of other characters are looked at one by one.
    """

    __slots__ = ("_bytes", "_points", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode(ENCODING, ERRORS)
        self._points = array("Q")
        """The offsets behind each character that takes more than one byte."""
        self._bytes = array("Q")
        """The byte offsets there."""
        more = 0
        for found in _WIDE.finditer(text) if len(self.data) != len(text) else ():
            for behind, character in enumerate(found.group(), found.start() + 1):
                more += _more_bytes(character)
                self._points.append(behind)
                self._bytes.append(behind + more)

    def to_byte(self, offset: int) -> int:
        """The byte offset of a code-point offset between 0 and the text's length."""
        before = bisect_right(self._points, offset)
        return offset if not before else self._bytes[before - 1] + offset - self._points[before - 1]

    def to_code_point(self, offset: int) -> int:
        """The code-point offset of a byte offset; one inside a character counts as that character's start."""
        before = bisect_right(self._bytes, offset)
        point = offset if not before else self._points[before - 1] + offset - self._bytes[before - 1]
        # Up to the next wide character each byte is a character; inside that one, they are its start.
        return point if before == len(self._points) else min(point, self._points[before] - 1)

    def slice(self, start_byte: int, end_byte: int) -> str:
        """The text between two byte offsets that lie between characters."""
        return self.data[start_byte:end_byte].decode(ENCODING, ERRORS)


def _more_bytes(character: str) -> int:
    """How many bytes a character takes beyond one."""
    point = ord(character)
    return 1 if point < 0x800 else 2 if point < 0x10000 else 3
