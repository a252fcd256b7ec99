"""A parsed Python text: its tree with true positions, and the way from tree to text and back.

What the positions are used for belongs to the modules that edit.
"""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from parley_agent.document import Span, TextEdit, apply_edits
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.fstrings import Place, relocate
from parley_agent.python.parsing import parsed

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
DefinitionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Module:
    """A text and its tree. `line_starts` are offsets in code points; the tree is never changed after parsing."""

    text: str
    tree: ast.Module
    line_starts: tuple[int, ...]

    def offset(self, line: int, column: int) -> int:
        """The offset of a node's position: `line` from 1, `column` in UTF-8 bytes."""
        start = self.line_starts[line - 1]
        piece = self.text[start : start + column]
        if piece.isascii():
            return start + column
        return start + len(piece.encode()[:column].decode())

    def position(self, offset: int) -> tuple[int, int]:
        """The inverse of `offset`."""
        line = self.line_of(offset)
        return line, len(self.text[self.line_starts[line - 1] : offset].encode())

    def line_of(self, offset: int) -> int:
        """The line, from 1, that holds `offset`."""
        return max(1, bisect_right(self.line_starts, offset))

    def span(self, node: ast.stmt | ast.expr | ast.arg | ast.alias | ast.pattern | ast.ExceptHandler) -> Span:
        """Where a node stands; decorators are not part of a definition's span."""
        return Span(start=self.start(node), end=self.end(node))

    def start(self, node: ast.stmt | ast.expr | ast.arg | ast.alias | ast.pattern | ast.ExceptHandler) -> int:
        """The offset of a node's first code point."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr | ast.arg | ast.alias | ast.pattern | ast.ExceptHandler) -> int:
        """The offset after a node's last code point."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def text_of(self, node: ast.stmt | ast.expr | ast.arg | ast.alias | ast.pattern | ast.ExceptHandler) -> str:
        """The node as it is written."""
        return self.text[self.start(node) : self.end(node)]

    def line_end(self, line: int) -> int:
        """The offset where the text of `line` ends, its line break not included."""
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.text)
        return self.line_starts[line - 1] + len(self.text[self.line_starts[line - 1] : end].rstrip("\r\n"))

    def indent_of(self, line: int) -> str:
        """The white space that `line` begins with."""
        text = self.text[self.line_starts[line - 1] : self.line_end(line)]
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    def newline(self) -> str:
        r"""How the text ends its lines: what its first line ends with, or "\n"."""
        found = _LINE_END.search(self.text)
        return found.group() if found else "\n"

    def indent_unit(self) -> str:
        """One step of indentation as the text does it, from its first indented block; four spaces if it has none."""
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            if not isinstance(body, list) or isinstance(node, ast.Module) or not isinstance(body[0], ast.stmt):
                continue
            inner, outer = self.indent_of(body[0].lineno), self.indent_of(getattr(node, "lineno", 1))
            if inner != outer and inner.startswith(outer):
                return inner.removeprefix(outer)
        return "    "

    def edited(self, *edits: TextEdit) -> str:
        """The text after `edits`."""
        return apply_edits(self.text, edits)


@lru_cache(maxsize=4)
def read(source: str) -> Module:
    """Parse `source`; refuses what this interpreter's parser does not take. Remembers the last few texts."""
    try:
        tree = parsed(source.removeprefix(_BOM))
    except SyntaxError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise EditRefusedError(
            "syntax",
            f"Line {error.lineno} is not valid Python {version} ({error.msg}). "
            "Fix it first, or run Parley on the Python version that the code is written for.",
        ) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise EditRefusedError("syntax", f"The text could not be parsed as Python: {error}.") from error
    first = len(source) - len(source.removeprefix(_BOM))
    starts = (first, *(match.end() for match in _LINE_END.finditer(source)))
    module = Module(text=source, tree=tree, line_starts=starts)
    if sys.version_info < (3, 12):
        relocate(tree, source, Place(offset=module.offset, position=module.position))
    return module


def definition_at(module: Module, span: Span) -> DefinitionNode:
    """The definition that `span` is of: the largest inside it, else the innermost around it."""
    found = definitions(module.tree)
    inside = [node for node in found if span.contains(whole_span(module, node))]
    if inside:
        return max(inside, key=lambda node: _length(whole_span(module, node)))
    around = [node for node in found if whole_span(module, node).contains(span)]
    if not around:
        line = module.line_of(span.start)
        raise EditRefusedError("no-definition", f"There is no function, method or class at line {line}.")
    return min(around, key=lambda node: _length(whole_span(module, node)))


@lru_cache(maxsize=4)
def definitions(tree: ast.Module) -> tuple[DefinitionNode, ...]:
    """Every function, method and class; looks at statements only, which is much faster than `ast.walk`."""
    found: list[DefinitionNode] = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, DEFINITIONS):
            found.append(node)
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                pending += inner
    return tuple(found)


def function_at(module: Module, span: Span) -> FunctionNode:
    """The function that `span` is of; a class is refused."""
    node = definition_at(module, span)
    if isinstance(node, ast.ClassDef):
        raise EditRefusedError("not-a-function", f"{node.name} is a class: choose one of its methods.")
    return node


def whole_span(module: Module, node: DefinitionNode) -> Span:
    """A definition with its decorators, from its first code point (not its indentation) to its end."""
    start = module.start(node)
    if node.decorator_list:
        start = module.text.rindex("@", 0, module.start(node.decorator_list[0]))
    return Span(start=start, end=module.end(node))


def _length(span: Span) -> int:
    return span.end - span.start
