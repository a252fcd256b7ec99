"""Where two texts of Python differ, cut out of both at statements of the top level. What follows is for others.

A part parses by itself, and what stands before and after it is the same in both: the tree of the newer text is that of
the older one with the one part's statements in the place of the other's.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import DEFINITIONS, Module, read, whole_span
from parley_agent.same_ends import same_ends

if TYPE_CHECKING:
    import ast


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The part of each text that the other has otherwise; whole lines, each a text that parses."""

    before: str
    after: str


@lru_cache(maxsize=4)
def changed_parts(before: str, after: str) -> Parts | None:
    """The parts in which two texts differ; None where they cannot be cut out, or are not much less than the whole."""
    try:
        module = read(before)
        start, tail = same_ends(before, after)
        first, end = _lines_around(module, start, len(before) - tail)
        parts = Parts(before=before[first:end], after=after[first : len(after) - (len(before) - end)])
        if not _ends_a_line(parts, before[end:]) or 2 * len(parts.before) > len(before):
            return None
        if "__future__" in parts.before + parts.after:
            return None
        read(parts.before)
        read(parts.after)
    except EditRefusedError:
        return None
    return parts


def _lines_around(module: Module, start: int, end: int) -> tuple[int, int]:
    """The statement that holds or precedes `start`, to the first one that begins at or after `end`, as offsets.

    Only statements that begin their line are cut at; those after a semicolon, or after a byte order mark, do not.
    """
    starts = module_starts(module)
    before = bisect_right(starts, start) - 1
    while before > 0 and module.line_starts[module.line_of(starts[before]) - 1] != starts[before]:
        before -= 1
    after = bisect_right(starts, end - 1)
    while after < len(starts) and module.line_starts[module.line_of(starts[after]) - 1] != starts[after]:
        after += 1
    first = starts[before] if before > 0 else 0
    return first, starts[after] if after < len(starts) else len(module.text)


@lru_cache(maxsize=4)
def module_starts(module: Module) -> tuple[int, ...]:
    """Where each statement of the top level begins, with its decorators."""
    return tuple(_start(module, each) for each in module.tree.body)


def _start(module: Module, statement: ast.stmt) -> int:
    return whole_span(module, statement).start if isinstance(statement, DEFINITIONS) else module.start(statement)


def _ends_a_line(parts: Parts, rest: str) -> bool:
    return not rest or all(not each or each[-1] in "\r\n" for each in (parts.before, parts.after))
