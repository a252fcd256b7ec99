"""The text of a docstring: cleaned of what a model may have put around or into it, wrapped, and written as a literal.

Where it goes belongs to `docstring`.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import unicodedata

_FENCE = re.compile(r"^\s*(?:```|~~~)\s*\w*\s*$")
_QUOTED = re.compile(r"""^[rRuU]?(\"{3}|'{3})(.*)\1$""", re.DOTALL)
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])\s+|\*{0,2}\w+(?: \([^)]*\))?:\s+")
_LINE_END = re.compile(r"\r\n|\r|\n|\u2028|\u2029|\x85")
_UNWRAPPED = (">>>", "...", "..", ":", "|", "+-", "http://", "https://")


def cleaned(text: str) -> str:
    r"""The text without fences, quotes and characters that do not print; lines end in "\\n", tabs are spaces.

    Characters that reorder or hide text (Unicode's format class) are dropped: they could make code read as it is not.
    """
    text = _LINE_END.sub("\n", text).strip()
    lines = [line for line in text.split("\n") if not _FENCE.match(line)]
    text = "\n".join(lines).strip()
    quoted = _QUOTED.match(text)
    text = (quoted.group(2) if quoted else text).expandtabs(4)
    text = "".join(char for char in text if char == "\n" or _prints(char))
    lines = [line.rstrip() for line in inspect.cleandoc(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def literal(text: str, indent: str, width: int, newline: str) -> str:
    """A string literal for the cleaned `text`, to stand behind `indent`, in PEP 257's one- or multi-line form.

    `width` is the longest line wanted, in columns; doctests, tables and long words are not broken.
    """
    room = max(20, width - len(indent.expandtabs(4)))
    one_line = _closed(_sentence(text))
    if "\n" not in text and len(one_line) + 6 <= room:
        return f'"""{one_line}"""'
    lines = _wrapped(text, room)
    body = newline.join(f"{indent}{line}" if line else "" for line in _escaped("\n".join(lines)).split("\n"))
    return f'"""{body.removeprefix(indent)}{newline}{indent}"""'


def _prints(char: str) -> bool:
    return char == " " or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _sentence(text: str) -> str:
    return f"{text}." if text[-1:].isalnum() or text[-1:] in (")", "]", "`") else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _closed(text: str) -> str:
    """Escaped so that the closing quotes can follow at once."""
    bare = text.rstrip('"')
    return _escaped(bare) + '\\"' * (len(text) - len(bare))


def _wrapped(text: str, room: int) -> list[str]:
    """Lines that are too long, broken; the others stay as they are. The first one has the opening quotes before it."""
    first, *rest = text.split("\n")
    lines = _wrapped_line(first, room - 3)
    for line in rest:
        lines += _wrapped_line(line, room)
    return lines


def _wrapped_line(line: str, room: int) -> list[str]:
    stripped = line.lstrip()
    if len(line) <= room or stripped.startswith(_UNWRAPPED):
        return [line]
    margin = line[: len(line) - len(stripped)]
    hanging = margin + ("    " if _ITEM.match(stripped) else "")
    return textwrap.wrap(
        stripped,
        room,
        initial_indent=margin,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
