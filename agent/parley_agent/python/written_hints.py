"""Whether the type hints that a text has and another had not can be evaluated: every name is there, in time.

That nothing but hints differs belongs to `proof`; how hints are read belongs to `type_expressions`.
"""

from __future__ import annotations

import ast

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import FUNCTIONS, FunctionNode, Module, definitions, read
from parley_agent.python.scope_walk import parameters
from parley_agent.python.type_expressions import check_type
from parley_agent.python.type_hints import refuse_what_reads_hints
from parley_agent.python.type_scope import TypeScope


def check_written_hints(before: str, after: str) -> None:
    """Check every hint of `after` that `before` has not, of two texts that differ in hints and their imports only.

    A hint passes that would be written as it is from its bare words: nothing else need be imported or put in quotes.

    Raises:
        EditRefusedError: one would fail or could be read when the code runs, or is no type.
    """
    modules = read(before), read(after)
    old, new = (_functions(module) for module in modules)
    for was, now in zip(old, new, strict=True):
        changed = [hint for known, hint in zip(_hints(was), _hints(now), strict=True) if hint and _differ(known, hint)]
        if changed:
            refuse_what_reads_hints(modules[1], now)
        for hint in changed:
            _check(hint, TypeScope(modules[1], now))


def _functions(module: Module) -> list[FunctionNode]:
    return [node for node in definitions(module.tree) if isinstance(node, FUNCTIONS)]


def _hints(node: FunctionNode) -> list[ast.expr | None]:
    return [*(each.annotation for each in parameters(node)), node.returns]


def _differ(one: ast.expr | None, other: ast.expr) -> bool:
    return one is None or ast.dump(one) != ast.dump(other)


def _check(hint: ast.expr, scope: TypeScope) -> None:
    written = ast.unparse(hint)
    checked = check_type(written, scope)
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
        return
    if checked.imports:
        missing = ", ".join(f"`from {home} import {name}`" for home, name in sorted(checked.imports))
        raise EditRefusedError("unknown-type", f"The hint `{written}` needs {missing} at the top.")
    if checked.text != written:
        raise EditRefusedError(
            "unknown-type", f"The hint `{written}` would fail when it is read; write `{checked.text}`."
        )
