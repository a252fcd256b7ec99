"""How a definition lies in its text: its header's colon, its body, and what stands between them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.lexer import lex

if TYPE_CHECKING:
    from parley_agent.python.module import DefinitionNode, Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Where a definition's body begins.

    `colon` is the offset of the header's colon, `first` that of the first statement. `indent` is the white space of
    the body's lines: what it has, or for a body on the header's line what it would have. `own_line` tells which.
    """

    colon: int
    first: int
    indent: str
    own_line: bool


def body_of(module: Module, node: DefinitionNode) -> Body:
    """The layout of a definition's body."""
    colon = header_colon(module, node)
    first = _first_offset(module, node)
    gap = [token for token in lex(module.text, colon + 1, first) if token.kind == "newline"]
    own_line = bool(gap) and not any(token.text.startswith("\\") for token in gap)
    if own_line:
        indent = module.indent_of(module.line_of(first))
    else:
        indent = module.indent_of(node.lineno) + module.indent_unit()
    return Body(colon=colon, first=first, indent=indent, own_line=own_line)


def header_colon(module: Module, node: DefinitionNode) -> int:
    """The offset of the colon that ends a definition's header."""
    depth = 0
    for token in lex(module.text, _header_children_end(module, node), _first_offset(module, node)):
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == ":" and depth <= 0:
                return token.span.start
    raise EditRefusedError("position", f"The header of {node.name} could not be read; nothing was changed.")


def _header_children_end(module: Module, node: DefinitionNode) -> int:
    """Where the last expression of a header ends, so that a colon after it is the header's own."""
    end = module.start(node)
    for field in ("args", "returns", "bases", "keywords", "type_params"):
        value = getattr(node, field, None)
        for item in value if isinstance(value, list) else [value] if value is not None else []:
            for each in ast.walk(item):
                line, column = getattr(each, "end_lineno", None), getattr(each, "end_col_offset", None)
                if line is not None and column is not None:
                    end = max(end, module.offset(line, column))
    return end


def _first_offset(module: Module, node: DefinitionNode) -> int:
    """Where the body's first statement begins, its decorators included."""
    first = node.body[0]
    start = module.start(first)
    decorators = getattr(first, "decorator_list", None)
    return module.text.rindex("@", 0, module.start(decorators[0])) if decorators else start
