"""Where a function goes that is extracted from another: above it, or, a method, below it. Its text is `extract`'s.

Never between definitions of one name that stand together, as overloads with what implements them, or a property with
its setter: type checkers want them so.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit
from parley_agent.python.module import whole_span

if TYPE_CHECKING:
    from parley_agent.python.module import FunctionNode, Module


def above(module: Module, node: FunctionNode, function: str) -> TextEdit:
    """The text `function` put above the definition `node` and the comments over it."""
    newline = module.newline()
    line = module.line_of(whole_span(module, _family(module, node)[0]).start)
    outer = module.indent_of(line)
    while line > 1 and _is_comment(module, line - 1, outer):
        line -= 1
    blank = newline * (2 if outer else 3)
    at = module.line_starts[line - 1]
    return TextEdit(span=Span(start=at, end=at), new_text=f"{function}{blank}")


def below(module: Module, node: FunctionNode, function: str) -> TextEdit:
    """The text `function` put below the definition `node`."""
    newline = module.newline()
    at = module.line_end(_last_line(module, _family(module, node)[-1]))
    return TextEdit(span=Span(start=at, end=at), new_text=f"{newline}{newline}{function}")


def _family(module: Module, node: FunctionNode) -> list[FunctionNode]:
    """The definitions of the same name that stand one after the other, `node` among them."""
    found: list[FunctionNode] = [node]
    for parent in ast.walk(module.tree):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(parent, block, None)
            if not isinstance(statements, list) or node not in statements:
                continue
            at = statements.index(node)
            before, after = statements[:at][::-1], statements[at + 1 :]
            return [*_leading(before, node.name)[::-1], node, *_leading(after, node.name)]
    return found


def _leading(statements: list[ast.stmt], name: str) -> list[FunctionNode]:
    """The functions called `name` with which the statements begin."""
    found: list[FunctionNode] = []
    for each in statements:
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) or each.name != name:
            break
        found.append(each)
    return found


def _last_line(module: Module, node: FunctionNode) -> int:
    """A method's last line, with comments below it that are indented as its body is."""
    line = node.end_lineno or node.lineno
    outer = module.indent_of(node.lineno)
    while line < len(module.line_starts):
        indent = module.indent_of(line + 1)
        if not _is_comment(module, line + 1, indent) or len(indent) <= len(outer):
            break
        line += 1
    return line


def _is_comment(module: Module, line: int, indent: str) -> bool:
    return module.text.startswith(f"{indent}#", module.line_starts[line - 1])
