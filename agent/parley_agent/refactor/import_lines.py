"""Import statements that a rewrite brings: which of them are new and needed, and where they go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit
from parley_agent.refactor.layout import newline_of
from parley_agent.syntax import imports

if TYPE_CHECKING:
    from parley_agent.refactor.target import Place

# What a file may have to begin with, before any import.
_HEAD = re.compile(
    r"""\A\ufeff?(?:
        (?: \#! | // | \#(?!\s*include) | /\*[\s\S]*?\*/ | package\b | <\?php | ["']use\ strict["']
          | "{3}[\s\S]*?"{3} | [']{3}[\s\S]*?[']{3} ) [^\n]*\n
        | [ \t]*\r?\n
    )*""",
    re.VERBOSE,
)


def import_edits(place: Place, lines: tuple[str, ...], used: str) -> list[TextEdit]:
    """The edit that adds those of `lines` which the file lacks and the code `used` needs; none, or one."""
    text = place.document.text
    spans = [span for span in imports(place.tree) if not place.target.span.contains(span)]
    known = {_squeezed(text[span.start : span.end]) for span in spans}
    new = [line for line in dict.fromkeys(lines) if _squeezed(line) not in known and _is_used(line, used)]
    if not new:
        return []
    newline = newline_of(text)
    future = [line for line in new if line.startswith("from __future__")]
    new = [line for line in new if line not in future]
    if not new:
        return []
    block = newline.join(line.replace("\n", newline) for line in new)
    ahead = [span for span in spans if span.end <= place.target.span.start]
    if ahead:
        at = _behind_comment(text, max(span.end for span in ahead))
        return [TextEdit(span=Span(start=at, end=at), new_text=newline + block)]
    head = _HEAD.match(text)
    at = min(head.end() if head else 0, place.target.span.start)
    return [TextEdit(span=Span(start=at, end=at), new_text=block + newline + newline)]


def _behind_comment(text: str, at: int) -> int:
    """The end of the line whose statement ends at `at`, if only a comment follows it there; else `at`."""
    rest = text[at:].split("\n", 1)[0].rstrip()
    return at + len(rest) if rest.lstrip().startswith(("#", "//")) else at


def _is_used(line: str, used: str) -> bool:
    """Whether a name of the statement occurs in the code: the last words of a path are what it binds."""
    return bool(set(re.findall(r"\w+", line)) & set(re.findall(r"\w+", used)))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
