"""Parsing a text anew from the tree of one that is much like it, which costs what changed and not what is there.

The tree is the one that parsing from nothing would give. Which older tree to start from belongs to `tree`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.same_ends import same_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import tree_sitter

_PAGE_BYTES = 4_096
_SLICE = 256
"""How often the parser asks in a slice: a few milliseconds."""


def reparsing(
    parser: tree_sitter.Parser, old: tree_sitter.Tree, before: bytes, after: bytes
) -> Generator[None, None, tree_sitter.Tree]:
    """The tree of `after`, as `parsing` gives it, made from `old`, which is the tree of `before` and stays as it is."""
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
    return (yield from parsing(parser, after, known))


def parsing(
    parser: tree_sitter.Parser, data: bytes, known: tree_sitter.Tree | None = None
) -> Generator[None, None, tree_sitter.Tree]:
    """Parse `data`, a slice at each item, and return its tree; what is not asked on leaves none.

    Other threads get their turn also within a slice: the parser gives way only while Python code runs. It asks for text
    every few pages of it, and whether it shall stop every hundred steps: after an error the steps between two pages
    are many.
    """
    slice_ = _Slice()
    while True:
        try:
            if known is None:
                return parser.parse(_pages(data), progress_callback=slice_.is_over)
            return parser.parse(_pages(data), known, progress_callback=slice_.is_over)
        except ValueError:
            # A parser that was stopped says no more than one that cannot parse; asked again, it goes on.
            if not slice_.begin_next():
                raise
        yield


def _pages(data: bytes) -> Callable[[int, tree_sitter.Point], bytes]:
    return lambda at, _: data[at : at + _PAGE_BYTES]


class _Slice:
    """Counts how often the parser asks whether it shall stop."""

    def __init__(self) -> None:
        self._asked = 0

    def is_over(self, *_: int) -> bool:
        self._asked += 1
        return self._asked > _SLICE

    def begin_next(self) -> bool:
        """Whether this one was over."""
        was_over, self._asked = self._asked > _SLICE, 0
        return was_over


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
