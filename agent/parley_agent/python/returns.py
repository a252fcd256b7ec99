"""Whether a return hint agrees with what a function's body shows: that it yields, returns values, or never does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from parley_agent.python.module import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley_agent.python.module import FunctionNode
    from parley_agent.python.type_expressions import TypeExpression

_GENERATORS = frozenset({"Generator", "Iterator", "Iterable", "Any", "object"})
_ASYNC_GENERATORS = frozenset({"AsyncGenerator", "AsyncIterator", "AsyncIterable", "Any", "object"})
_NOTHING = frozenset({"None", "NoReturn", "Never", "Any", "object", "Optional"})


def problem_with_return(node: FunctionNode, hint: TypeExpression) -> str | None:
    """What speaks against `hint` as the type of what `node` returns, as a sentence; None if nothing does."""
    body = list(_own(node))
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in body):
        return _of_generator(node, hint)
    if _is_stub(node):
        return None
    returned = [each.value for each in body if isinstance(each, ast.Return)]
    values = [value for value in returned if value is not None and not _is_none(value)]
    if values and hint.origins <= {"None", "NoReturn", "Never"}:
        return f"{node.name} returns a value, so its result is not {hint.text}."
    if not values and not hint.origins & _NOTHING:
        return f"{node.name} never returns a value, so its result is None."
    return None


def _of_generator(node: FunctionNode, hint: TypeExpression) -> str | None:
    asynchronous = isinstance(node, ast.AsyncFunctionDef)
    fitting = _ASYNC_GENERATORS if asynchronous else _GENERATORS
    if hint.origins <= fitting:
        return None
    example = "AsyncIterator[int]" if asynchronous else "Iterator[int]"
    return f"{node.name} yields, so its result is an iterator, such as {example}."


def _own(node: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes nested in it."""
    pending: list[ast.AST] = list(node.body)
    while pending:
        each = pending.pop()
        yield each
        if not isinstance(each, (*DEFINITIONS, ast.Lambda)):
            pending += ast.iter_child_nodes(each)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_stub(node: FunctionNode) -> bool:
    """Whether the body only stands for others': abstract, a protocol's, or one that raises."""
    return all(
        isinstance(each, ast.Pass | ast.Raise) or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in node.body
    ) and not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass) and not node.decorator_list)
