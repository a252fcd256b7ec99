"""Giving a function, method or class its docstring; no other character of the text changes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit
from parley_agent.python.by_parts import same_without_docstrings
from parley_agent.python.docstring_text import cleaned, literal
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.layout import body_of
from parley_agent.python.module import definition_at, read

if TYPE_CHECKING:
    from parley_agent.python.module import DefinitionNode, Module

_MIN_WIDTH, _MAX_WIDTH = 79, 120
_TYPE_COMMENT = re.compile(r"[ \t]*#[ \t]*type:[ \t]*\(")


def has_docstring(source: str, definition: Span) -> bool:
    """Whether the definition has a docstring."""
    return _docstring(definition_at(read(source), definition)) is not None


def set_docstring(source: str, definition: Span, text: str, *, replace: bool = False) -> str:
    """The text with `text`, cleaned and wrapped, as the definition's docstring.

    An existing docstring is replaced only if `replace` says so; else the edit is refused.
    """
    module = read(source)
    node = definition_at(module, definition)
    existing = _docstring(node)
    if existing is not None and not replace:
        raise EditRefusedError("has-docstring", f"{node.name} has a docstring already.")
    content = cleaned(text)
    if not any(char.isalnum() for char in content):
        raise EditRefusedError("empty", "The docstring was empty.")
    edit = _replacing(module, node, existing, content) if existing else _inserting(module, node, content)
    result = module.edited(edit)
    if not same_without_docstrings(source, result):
        raise EditRefusedError("unproved", "The docstring could not be put in without changing the code.")
    return result


def _docstring(node: DefinitionNode) -> ast.Expr | None:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def _replacing(module: Module, node: DefinitionNode, existing: ast.Expr, content: str) -> TextEdit:
    written = literal(content, body_of(module, node).indent, _width(module), module.newline())
    return TextEdit(span=module.span(existing.value), new_text=written)


def _inserting(module: Module, node: DefinitionNode, content: str) -> TextEdit:
    body = body_of(module, node)
    newline = module.newline()
    written = literal(content, body.indent, _width(module), newline)
    blank = newline if _wants_blank_line(node) else ""
    if not body.own_line:
        new_text = f"{newline}{body.indent}{written}{newline}{blank}{body.indent}"
        return TextEdit(span=Span(start=body.colon + 1, end=body.first), new_text=new_text)
    line = _header_end(module, module.line_of(body.colon), module.line_of(body.first))
    start = module.line_starts[line]
    # A class with a blank line below its header keeps that one.
    blank = blank if module.text[start : module.line_end(line + 1)].strip() else ""
    return TextEdit(span=Span(start=start, end=start), new_text=f"{body.indent}{written}{newline}{blank}")


def _header_end(module: Module, line: int, first: int) -> int:
    """The last line of a header, whose colon is on `line`, with the type comment (PEP 484) above the body's `first`."""
    text, starts = module.text, module.line_starts
    typed = (each for each in range(line + 1, first) if _TYPE_COMMENT.match(text, starts[each - 1]))
    return max(typed, default=line)


def _wants_blank_line(node: DefinitionNode) -> bool:
    """PEP 257: a blank line after a class's docstring; formatters also want one before a nested definition."""
    first = node.body[0]
    only = isinstance(first, ast.Pass) or (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant))
    return (isinstance(node, ast.ClassDef) and not only) or hasattr(first, "decorator_list")


def _width(module: Module) -> int:
    """How long lines may be, in columns: as long as the text's own longest line, between 79 and 120."""
    longest = max((len(line) for line in module.text.splitlines()), default=0)
    return max(_MIN_WIDTH, min(_MAX_WIDTH, longest))
