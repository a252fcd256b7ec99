"""Giving a definition the comment that documents it, as its language writes such comments; nothing else changes."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.syntax.equality import equal_without_comments
from parley_agent.syntax.language import DocStyle
from parley_agent.syntax.names import comments
from parley_agent.syntax.reading import parse

if TYPE_CHECKING:
    from parley_agent.syntax.definitions import Definition
    from parley_agent.syntax.tree import Tree

_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a style writes a comment: what opens it, precedes each line and closes it; None: no such line."""

    line: str
    opens: str | None = None
    closes: str | None = None


_FORMS: dict[DocStyle, _Form] = {
    DocStyle.JSDOC: _Form(opens="/**", line=" * ", closes=" */"),
    DocStyle.SLASHES: _Form(line="// "),
    DocStyle.TRIPLE_SLASHES: _Form(line="/// "),
    DocStyle.XML: _Form(opens="/// <summary>", line="/// ", closes="/// </summary>"),
    DocStyle.HASHES: _Form(line="# "),
    DocStyle.DASHES: _Form(line="--- "),
}


def can_document(tree: Tree) -> bool:
    """Whether definitions of the tree's language are documented by a comment."""
    return tree.language.doc_style is not None


def has_doc_comment(tree: Tree, definition: Definition) -> bool:
    """Whether a comment that documents the definition stands directly above it."""
    return _existing(tree, definition) is not None


def set_doc_comment(tree: Tree, definition: Definition, text: str, *, replace: bool = False) -> str:
    """The text with `text`, cleaned and wrapped, as the comment directly above the definition.

    An existing doc comment is replaced only if `replace` says so; else the edit is refused.

    Raises:
        EditRefusedError: there is one already, the text says nothing, or the language has no such comments.
    """
    style = tree.language.doc_style
    if style is None:
        raise EditRefusedError("language", f"{tree.language.name} documents no definition by a comment above it.")
    existing = _existing(tree, definition)
    if existing is not None and not replace:
        raise EditRefusedError("has-docstring", f"{definition.name} has a doc comment already.")
    lines = _cleaned(text, style, _WIDTH - len(definition.indent.expandtabs(4)))
    if not any(char.isalnum() for line in lines for char in line):
        raise EditRefusedError("empty", "The doc comment was empty.")
    newline = "\r\n" if "\r\n" in tree.text else "\n"
    comment = _written(lines, style, definition.indent, newline)
    start, end = existing or (_place(tree, definition), _place(tree, definition))
    result = tree.text[:start] + comment + tree.text[end:]
    if not equal_without_comments(tree, parse(result, tree.language)):
        raise EditRefusedError("unproved", "The doc comment could not be put in without changing the code.")
    return result


def _existing(tree: Tree, definition: Definition) -> tuple[int, int] | None:
    """From the start of its first line to the start of the line after it."""
    pattern = re.compile(tree.language.doc_comment)
    above = [span for span in comments(tree, definition.span) if span.end <= definition.signature.start]
    found = [span for span in above if pattern.match(tree.text, span.start)]
    if not found:
        return None
    end = tree.text.find("\n", found[-1].end) + 1
    return tree.text.rfind("\n", 0, found[0].start) + 1, end


def _place(tree: Tree, definition: Definition) -> int:
    before = tree.text[tree.text.rfind("\n", 0, definition.span.start) + 1 : definition.span.start]
    if before.strip():
        raise EditRefusedError("layout", f"{definition.name} does not begin its line, so no comment fits above it.")
    return definition.span.start


def _written(lines: list[str], style: DocStyle, indent: str, newline: str) -> str:
    form = _FORMS[style]
    if style is DocStyle.JSDOC and len(lines) == 1:
        return f"{indent}/** {lines[0]} */{newline}"
    written = [f"{form.line}{line}".rstrip() for line in lines]
    whole = [each for each in (form.opens, *written, form.closes) if each is not None]
    return "".join(f"{indent}{line}{newline}" for line in whole)


def _cleaned(text: str, style: DocStyle, width: int) -> list[str]:
    text = "".join(char for char in text.expandtabs(4) if char.isprintable() or char == "\n")
    text = re.sub(r"\A\s*```\w*\n|\n?```\s*\Z", "", text)
    bare = [_without_markers(line) for line in textwrap.dedent(text).strip().split("\n")]
    if style is DocStyle.JSDOC:
        # Java reads \\u as an escape in comments too, unless its backslash is escaped.
        bare = [line.replace("*/", "* /").replace("\\u", "\\\\u") for line in bare]
    if style is DocStyle.XML:
        bare = [re.sub(r"</?summary>", "", line).strip() for line in bare]
        bare = [line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in bare]
    wrapped = (textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""] for line in bare)
    lines = [line for group in wrapped for line in group]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def _without_markers(line: str) -> str:
    """A model may answer with the comment instead of its text."""
    return re.sub(r"\s*\*+/\s*$", "", re.sub(r"^\s*(/\*\*+|///?!?|\*(?=\s|$)|#(?=\s)|---?(?=\s)|\"\"\")\s?", "", line))
