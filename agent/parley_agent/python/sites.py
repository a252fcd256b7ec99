"""Where exactly a name stands in the text, for each kind of node that holds one."""

from __future__ import annotations

import ast
import unicodedata
from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.lexer import Token, lex

if TYPE_CHECKING:
    from parley_agent.python.module import Module
    from parley_agent.python.scope_tree import Site


def span_of(module: Module, site: Site) -> Span:
    """The span of the name at `site`; refused if the text there is another, which means that positions went wrong."""
    span = _find(module, site)
    if span is None or unicodedata.normalize("NFKC", module.text[span.start : span.end]) != site.name:
        line = getattr(site.node, "lineno", "?")
        raise EditRefusedError("position", f"{site.name} in line {line} could not be found; nothing was changed.")
    return span


def _find(module: Module, site: Site) -> Span | None:
    node = site.node
    found: Span | None = None
    match node:
        case ast.Name():
            found = module.span(node)
        case ast.arg() | ast.MatchStar():
            found = _nth(module, module.span(node), 0)
        case ast.FunctionDef() | ast.ClassDef():
            found = _nth(module, module.span(node), 1)
        case ast.AsyncFunctionDef():
            found = _nth(module, module.span(node), 2)
        case ast.alias() | ast.MatchAs():
            found = _nth(module, module.span(node), -1)
        case ast.Global() | ast.Nonlocal():
            found = _nth(module, module.span(node), site.index + 1)
        case ast.ExceptHandler() if node.type is not None:
            found = _after(module, Span(start=module.end(node.type), end=module.end(node)), "as")
        case ast.MatchMapping():
            start = module.end(node.patterns[-1]) if node.patterns else module.start(node)
            found = _after(module, Span(start=start, end=module.end(node)), "**")
        case _:
            pass
    return found


def _nth(module: Module, span: Span, index: int) -> Span | None:
    names = [token.span for token in _names(module, span)] if index < 0 else _first(module, span, index + 1)
    return names[index] if names and index < len(names) else None


def _first(module: Module, span: Span, count: int) -> list[Span]:
    found: list[Span] = []
    for token in _names(module, span):
        found.append(token.span)
        if len(found) == count:
            break
    return found


def _after(module: Module, span: Span, marker: str) -> Span | None:
    seen = False
    for token in lex(module.text, span.start, span.end):
        if seen and token.kind == "name":
            return token.span
        seen = seen or token.text == marker
    return None


def _names(module: Module, span: Span) -> list[Token]:
    return [token for token in lex(module.text, span.start, span.end) if token.kind == "name"]
