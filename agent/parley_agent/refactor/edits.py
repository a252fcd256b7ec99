"""The smallest text edits that lead from one text to another: by lines first, then by words within them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"\w+|\r\n|\n|[^\S\r\n]+|\r|[^\w\s]")
# Beyond this, finding the best match costs more time than a smaller edit is worth.
_MAX_PRODUCT = 4_000_000


def minimal_edits(before: str, after: str) -> tuple[TextEdit, ...]:
    """Edits that turn `before` into `after`: in order, apart from each other, never through a CRLF or a word."""
    edits: list[TextEdit] = []
    for start, end, text in _changes(before.splitlines(keepends=True), after.splitlines(keepends=True), 0):
        old = before[start:end]
        edits += [
            TextEdit(span=Span(start=word_start, end=word_end), new_text=new)
            for word_start, word_end, new in _changes(_WORD.findall(old), _WORD.findall(text), start)
        ]
    return tuple(edits)


def _changes(before: Sequence[str], after: Sequence[str], offset: int) -> list[tuple[int, int, str]]:
    """(start, end, new text) of each difference between two sequences of pieces; offsets count from `offset`."""
    first = _common(before, after)
    last = min(_common(before[::-1], after[::-1]), len(before) - first, len(after) - first)
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    at = offset + sum(map(len, before[:first]))
    if not old and not new:
        return []
    if len(old) * len(new) > _MAX_PRODUCT:
        return [(at, at + sum(map(len, old)), "".join(new))]
    starts = [at]
    for piece in old:
        starts.append(starts[-1] + len(piece))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (starts[i1], starts[i2], "".join(new[j1:j2])) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"
    ]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pieces two sequences have in common at their beginning."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
