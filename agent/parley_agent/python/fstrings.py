"""Where the expressions inside f-strings stand, before Python 3.12.

There the tokenizer sees an f-string as one string, and the parser's positions inside it are wrong for nested format
specifications, triple quotes and continuation lines. Each expression is found again by the rules of CPython 3.11
(`fstring_find_expr` in Parser/string_parser.c), parsed by itself, compared with what the parser made of it, and put in
its place with true positions.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.lexer import lex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HAS_FSTRING = re.compile(r"""\b(?:f|fr|rf)['"]""", re.IGNORECASE)
_PREFIX = re.compile(r"[a-z]*", re.IGNORECASE)
_OPENING = "([{"
_CLOSING = ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Ways between the positions of syntax nodes (1-based line, column in UTF-8 bytes) and offsets (code points)."""

    offset: Callable[[int, int], int]
    position: Callable[[int], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A replacement field: its expression is `text[start:end]`; `nested` are the fields of its format specification."""

    start: int
    end: int
    nested: tuple[_Field, ...]


def relocate(tree: ast.AST, text: str, place: Place) -> None:
    """Give every node inside an f-string of `tree` its true position in `text`; changes the tree in place."""
    if not _HAS_FSTRING.search(text):
        return
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr):
            pending += _place_fields(node, _fields_of(node, text, place), text, place)
        else:
            for name in node._fields:
                child = getattr(node, name, None)
                if isinstance(child, list):
                    pending += (each for each in child if isinstance(each, ast.AST))
                elif isinstance(child, ast.AST) and child._fields:
                    pending.append(child)


def _fields_of(node: ast.JoinedStr, text: str, place: Place) -> tuple[_Field, ...]:
    start = place.offset(node.lineno, node.col_offset)
    end = place.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    found: list[_Field] = []
    for token in lex(text, start, end):
        prefix = _PREFIX.match(token.text)
        letters = prefix.group().lower() if prefix else ""
        if token.kind != "string" or "f" not in letters:
            continue
        quotes = 3 if token.text[len(letters) :].startswith(('"""', "'''")) else 1
        scan = _Scan(text, token.span.start + len(letters) + quotes, token.span.end - quotes, raw="r" in letters)
        found += scan.fields(nested=False)
    return tuple(found)


def _place_fields(node: ast.JoinedStr, fields: tuple[_Field, ...], text: str, place: Place) -> list[ast.AST]:
    """Replace the expressions of `node` by placed ones; returns them, since they may hold f-strings themselves."""
    values = [value for value in node.values if isinstance(value, ast.FormattedValue)]
    if len(values) != len(fields):
        raise _lost(node)
    placed: list[ast.AST] = []
    for value, field in zip(values, fields, strict=True):
        expression = _parse(text, field, place)
        if ast.dump(expression) != ast.dump(value.value):
            raise _lost(node)
        value.value = expression
        placed.append(expression)
        if isinstance(value.format_spec, ast.JoinedStr):
            placed += _place_fields(value.format_spec, field.nested, text, place)
    return placed


def _lost(node: ast.expr) -> EditRefusedError:
    return EditRefusedError("f-string", f"The f-string in line {node.lineno} could not be read; nothing was changed.")


def _parse(text: str, field: _Field, place: Place) -> ast.expr:
    expression = ast.parse(f"({text[field.start : field.end]})", mode="eval").body
    line, column = place.position(field.start)
    for node in ast.walk(expression):
        if isinstance(node, (ast.expr, ast.arg, ast.keyword)):
            first, last = node.lineno, node.end_lineno or node.lineno
            node.col_offset += column - 1 if first == 1 else 0
            node.end_col_offset = (node.end_col_offset or 0) + (column - 1 if last == 1 else 0)
            node.lineno, node.end_lineno = first + line - 1, last + line - 1
    return expression


class _Scan:
    """One pass over the inside of an f-string token."""

    def __init__(self, text: str, start: int, end: int, *, raw: bool) -> None:
        self._text, self._at, self._end, self._raw = text, start, end, raw

    def fields(self, *, nested: bool) -> Iterator[_Field]:
        """The fields up to the end, or in a format specification up to its closing brace."""
        while self._at < self._end:
            char = self._text[self._at]
            following = self._text[self._at + 1 : self._at + 2]
            if char == "\\" and not self._raw:
                self._skip_escape(following)
            elif not nested and char in "{}" and following == char:
                self._at += 2
            elif char == "{":
                yield self._field()
            elif char == "}" and nested:
                return
            else:
                self._at += 1

    def _skip_escape(self, following: str) -> None:
        if following == "N" and self._text[self._at + 2 : self._at + 3] == "{":
            self._at = self._text.index("}", self._at) + 1
        else:
            self._at += 1 if following in ("{", "}") else 2

    def _field(self) -> _Field:
        start = self._at + 1
        self._at = start
        self._skip_expression()
        end = self._at
        while self._text[self._at] in "= \t\r\n\f":
            self._at += 1
        if self._text[self._at] == "!":
            self._at += 2
            while self._text[self._at] in " \t\r\n\f":
                self._at += 1
        specification: tuple[_Field, ...] = ()
        if self._text[self._at] == ":":
            self._at += 1
            specification = tuple(self.fields(nested=True))
        self._at += 1
        return _Field(start=start, end=end, nested=specification)

    def _skip_expression(self) -> None:
        depth = 0
        while True:
            char, following = self._text[self._at], self._text[self._at + 1]
            if char in "'\"":
                self._skip_string()
                continue
            if depth == 0 and char in "!=<>" and following == "=":
                self._at += 2
                continue
            if depth == 0 and char in "!:=}":
                return
            depth += (char in _OPENING) - (char in _CLOSING)
            self._at += 1

    def _skip_string(self) -> None:
        quote = self._text[self._at]
        if self._text.startswith(quote * 3, self._at):
            quote *= 3
        self._at = self._text.index(quote, self._at + len(quote)) + len(quote)
