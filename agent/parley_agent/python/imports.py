"""Adding `from … import …` lines where a person would put them; what needs them belongs to the caller."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit
from parley_agent.python.lexer import lex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_agent.python.module import Module


def import_edits(module: Module, names: Iterable[tuple[str, str]], before: int) -> tuple[TextEdit, ...]:
    """The edits that import each (module, name), all before the offset `before`, where they are needed.

    An existing `from module import …` is extended; else a line is added to the first group of imports if that is the
    standard library's, in its order, or as a group of its own; below the module's docstring and `__future__`.
    """
    wanted: dict[str, list[str]] = {}
    for home, name in sorted(names):
        wanted.setdefault(home, []).append(name)
    edits: list[TextEdit] = []
    fresh: dict[str, list[str]] = {}
    for home, missing in wanted.items():
        existing = _existing(module, home, before)
        if existing is None:
            fresh[home] = missing
        else:
            edits.append(_extending(module, existing, missing))
    lines = [f"from {home} import {', '.join(missing)}" for home, missing in sorted(fresh.items())]
    if lines:
        edits += _adding(module, lines)
    return tuple(edits)


def _existing(module: Module, home: str, before: int) -> ast.ImportFrom | None:
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == home and node.level == 0 and node.names[0].name != "*":
            written = module.text_of(node)
            if module.end(node) <= before and not any(token.kind == "comment" for token in lex(written)):
                return node
    return None


def _extending(module: Module, node: ast.ImportFrom, missing: list[str]) -> TextEdit:
    last = node.names[-1]
    names = [alias.name for alias in node.names]
    if len(missing) == 1 and names == sorted(names) and missing[0] < names[-1]:
        following = next(alias for alias in node.names if alias.name > missing[0])
        at = module.start(following)
        return TextEdit(span=Span(start=at, end=at), new_text=f"{missing[0]},{_gap(module, following)}")
    at = module.end(last)
    return TextEdit(span=Span(start=at, end=at), new_text="".join(f",{_gap(module, last)}{each}" for each in missing))


def _gap(module: Module, alias: ast.alias) -> str:
    """What separates the names of an import: a space, or the line break where each has a line of its own."""
    indent = module.indent_of(alias.lineno)
    alone = module.line_starts[alias.lineno - 1] + len(indent) == module.start(alias)
    return f"{module.newline()}{indent}" if alone and indent else " "


def _adding(module: Module, lines: list[str]) -> list[TextEdit]:
    newline = module.newline()
    preamble = _preamble(module)
    rest = module.tree.body[len(preamble) :]
    group = _first_group(module, rest)
    if group and all(_is_standard(node) for node in group):
        return [_into_group(module, group, line) for line in lines]
    text = newline.join(lines)
    if group:
        at = module.line_starts[group[0].lineno - 1]
        return [TextEdit(span=Span(start=at, end=at), new_text=f"{text}{newline}{newline}")]
    if preamble:
        return [_below(module, preamble[-1], f"{newline}{text}")]
    at = _top(module, rest[0])
    return [TextEdit(span=Span(start=at, end=at), new_text=f"{text}{newline}{newline}{newline}")]


def _preamble(module: Module) -> list[ast.stmt]:
    """The statements that must stay first: the docstring and `from __future__` imports."""
    found: list[ast.stmt] = []
    for index, node in enumerate(module.tree.body):
        docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        found.append(node)
    return found


def _first_group(module: Module, nodes: list[ast.stmt]) -> list[ast.Import | ast.ImportFrom]:
    """The imports that follow the preamble, each on lines of its own, up to the first blank line or comment."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom) or not _has_own_lines(module, node):
            break
        if found and node.lineno != (found[-1].end_lineno or 0) + 1:
            break
        found.append(node)
    return found


def _has_own_lines(module: Module, node: ast.stmt) -> bool:
    after = module.text[module.end(node) : module.line_end(node.end_lineno or node.lineno)].strip()
    return node.col_offset == 0 and (not after or after.startswith("#"))


def _is_standard(node: ast.Import | ast.ImportFrom) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    relative = isinstance(node, ast.ImportFrom) and node.level > 0
    return not relative and all(name.partition(".")[0] in sys.stdlib_module_names for name in names)


def _into_group(module: Module, group: list[ast.Import | ast.ImportFrom], line: str) -> TextEdit:
    """Before the first import that a sorter would put later (`import x` before `from x import y`), else at the end."""
    key = (True, line.split()[1])
    later = next((node for node in group if _sort_key(node) > key), None)
    if later is None:
        return _below(module, group[-1], line)
    at = module.line_starts[later.lineno - 1] if later.lineno > 1 else module.start(later)
    return TextEdit(span=Span(start=at, end=at), new_text=f"{line}{module.newline()}")


def _sort_key(node: ast.Import | ast.ImportFrom) -> tuple[bool, str]:
    if isinstance(node, ast.ImportFrom):
        return True, node.module or ""
    return False, node.names[0].name


def _below(module: Module, node: ast.stmt, text: str) -> TextEdit:
    at = module.line_end(node.end_lineno or node.lineno)
    return TextEdit(span=Span(start=at, end=at), new_text=f"{module.newline()}{text}")


def _top(module: Module, first: ast.stmt) -> int:
    """Above the first statement and the comment that belongs to it, but below a comment that begins the file."""
    decorators = getattr(first, "decorator_list", None)
    line = decorators[0].lineno if decorators else first.lineno
    top = line
    while top > 1 and module.text[module.line_starts[top - 2] : module.line_end(top - 1)].lstrip(" \t\f").startswith(
        "#"
    ):
        top -= 1
    line = line if top == 1 else top
    return module.line_starts[line - 1]
