"""Indentation and line ends: from the document's to the plain ones that a model is shown, and back."""

from __future__ import annotations

_LONG_STRING_QUOTES = ('"""', "'''", "`", "<<")


def dedented(code: str, indent: str) -> str:
    """`code` with plain newlines and, where every line begins with it, without `indent`."""
    plain = code.replace("\r\n", "\n")
    if not can_dedent(plain, indent):
        return plain
    return "\n".join(line[len(indent) :] for line in plain.split("\n"))


def can_dedent(code: str, indent: str) -> bool:
    """Whether removing `indent` from every line of `code` loses nothing, such as text within a string."""
    may_hold_text = any(quote in code for quote in _LONG_STRING_QUOTES)
    return all(line.startswith(indent) or not (line if may_hold_text else line.strip()) for line in code.split("\n"))


def indented(code: str, indent: str) -> str:
    """`code` with `indent` before every line that is not empty."""
    return "\n".join(indent + line if line else line for line in code.split("\n"))


def newline_of(text: str) -> str:
    """How most lines of `text` end."""
    windows = text.count("\r\n")
    return "\r\n" if windows * 2 > text.count("\n") else "\n"
