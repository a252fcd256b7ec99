"""Parsing a text anew from the tree of one that is much like it, which costs what changed and not what is there.

The tree is the one that parsing from nothing would give. Which older tree to start from belongs to `tree`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.same_ends import same_ends

if TYPE_CHECKING:
    import tree_sitter

_PIECE_BYTES = 4_096


def reparsed(parser: tree_sitter.Parser, old: tree_sitter.Tree, before: bytes, after: bytes) -> tree_sitter.Tree:
    """The tree of `after`, made from `old`, which is the tree of `before` and stays as it is."""
    start, old_end, new_end = _difference(before, after)
    known = old.copy()
    known.edit(
        start_byte=start,
        old_end_byte=old_end,
        new_end_byte=new_end,
        start_point=_point(before, start),
        old_end_point=_point(before, old_end),
        new_end_point=_point(after, new_end),
    )
    return parse_in_turns(parser, after, known)


def parse_in_turns(parser: tree_sitter.Parser, data: bytes, known: tree_sitter.Tree | None = None) -> tree_sitter.Tree:
    """The tree of `data`. Other threads get their turn meanwhile: the parser gives way only while Python code runs.

    It asks for text every few pages of it, and whether it shall stop every hundred steps: after an error the steps
    between two pages are many.
    """

    def piece(at: int, _: tree_sitter.Point) -> bytes:
        return data[at : at + _PIECE_BYTES]

    if known is None:
        return parser.parse(piece, progress_callback=_never_stop)
    return parser.parse(piece, known, progress_callback=_never_stop)


def _never_stop(*_: int) -> bool:
    return False


def alikeness(before: str, after: str) -> int:
    """How many characters of `after` stand in `before`, at its beginning and its end; 0 where most do not."""
    same = sum(same_ends(before, after))
    return same if 2 * same >= len(after) else 0


def _difference(before: bytes, after: bytes) -> tuple[int, int, int]:
    """Where the two begin to differ, and where that ends in each; between whole characters of UTF-8."""
    start, tail = same_ends(before, after)
    while start and _is_inside_character(before, start) | _is_inside_character(after, start):
        start -= 1
    while tail and _is_inside_character(before, len(before) - tail) | _is_inside_character(after, len(after) - tail):
        tail -= 1
    return start, len(before) - tail, len(after) - tail


def _is_inside_character(data: bytes, at: int) -> bool:
    return at < len(data) and data[at] & 0xC0 == 0x80


def _point(data: bytes, at: int) -> tuple[int, int]:
    """Row and column, in bytes."""
    return data.count(b"\n", 0, at), at - (data.rfind(b"\n", 0, at) + 1)
