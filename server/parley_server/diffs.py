"""Shows a proposal as a unified diff, for the terminal and for editors that cannot apply it. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_agent.document import apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley_agent.document import Document, NewFile, TextEdit

_Opcode: TypeAlias = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
_CONTEXT_LINES = 3


def proposal_diff(document: Document, edits: tuple[TextEdit, ...], new_files: tuple[NewFile, ...]) -> str:
    """What `edits` and `new_files` change, as `git diff` would show it; empty when nothing changes."""
    name = document.path or document.uri
    changed = _diff(document.text, apply_edits(document.text, edits), name, name)
    return "".join([changed, *(_diff("", file.text, "/dev/null", file.path) for file in new_files)])


def _diff(before: str, after: str, from_name: str, to_name: str) -> str:
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    shown = [f"--- {from_name}\n+++ {to_name}\n"]
    for hunk in _Known(_opcodes(old, new)).get_grouped_opcodes(_CONTEXT_LINES):
        shown.append(f"@@ -{_extent(hunk[0][1], hunk[-1][2])} +{_extent(hunk[0][3], hunk[-1][4])} @@\n")
        shown.extend(_shown(hunk, old, new))
    return "".join(shown)


class _Known(SequenceMatcher[str]):
    """A comparison whose result is known already; the standard library groups it into hunks."""

    def __init__(self, opcodes: list[_Opcode]) -> None:
        super().__init__()
        self._known = opcodes

    def get_opcodes(self) -> list[_Opcode]:
        return self._known


def _opcodes(old: list[str], new: list[str]) -> list[_Opcode]:
    """What happens to which lines. Only the middle is compared: difflib's cost grows with the product of lengths."""
    head = _same_at_start(old, new)
    tail = _same_at_start(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    middle = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False).get_opcodes()
    moved: list[_Opcode] = [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in middle]
    before: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    after: list[_Opcode] = [("equal", old_end, len(old), new_end, len(new))] if tail else []
    return [*before, *moved, *after]


def _shown(hunk: Sequence[tuple[str, int, int, int, int]], old: list[str], new: list[str]) -> Iterator[str]:
    for tag, i1, i2, j1, j2 in hunk:
        if tag == "equal":
            yield from (_whole_line(f" {line}") for line in old[i1:i2])
        else:
            yield from (_whole_line(f"-{line}") for line in old[i1:i2])
            yield from (_whole_line(f"+{line}") for line in new[j1:j2])


def _extent(start: int, end: int) -> str:
    """Lines as a hunk's header counts them: from 1; an empty range names the line before it."""
    if end - start == 1:
        return str(start + 1)
    return f"{start + 1 if end > start else start},{end - start}"


def _lines(text: str) -> list[str]:
    """The lines with their LF; CR stays part of a line's text."""
    pieces = text.split("\n")
    lines = [piece + "\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines


def _same_at_start(one: list[str], other: list[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _whole_line(line: str) -> str:
    return line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
