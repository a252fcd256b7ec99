"""Questions about names: which code needs from outside, which nothing defines, and what callers can see."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from parley_agent.python.bindings import BUILTINS, analyse
from parley_agent.python.module import FUNCTIONS, definition_at, read

if TYPE_CHECKING:
    from parley_agent.document import Span
    from parley_agent.python.module import DefinitionNode, Module
    from parley_agent.python.scope_tree import Site


def free_names(source: str, span: Span) -> frozenset[str]:
    """The names that the code in `span` reads and does not bind itself; builtins are left out."""
    module = read(source)
    bindings = analyse(module)
    found: set[str] = set()
    for variable in (*bindings.variables(), *bindings.unbound.values()):
        inside = [site for site in variable.sites if _is_within(module, site, span)]
        bound = any(site.action == "bind" for site in inside)
        if inside and not bound and not (variable.scope is None and variable.name in BUILTINS):
            found.add(variable.name)
    return frozenset(found)


def undefined_names(source: str) -> frozenset[str]:
    """The names that are read and that neither the module nor Python defines; none if a star import may define them."""
    bindings = analyse(read(source))
    return frozenset() if bindings.stars else frozenset(bindings.unbound) - BUILTINS


def public_signature(source: str, definition: Span) -> str:
    """What others rely on in a definition, normalised: a function's header, a class's header and public members."""
    return "\n".join(_signature(definition_at(read(source), definition)))


def _is_within(module: Module, site: Site, span: Span) -> bool:
    node = site.node
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
    return line is not None and column is not None and span.start <= module.offset(line, column) < span.end


def _signature(node: DefinitionNode) -> list[str]:
    decorators = [f"@{ast.unparse(each)}" for each in node.decorator_list]
    if isinstance(node, FUNCTIONS):
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return [*decorators, f"{word} {node.name}({ast.unparse(node.args)}){returns}"]
    bases = ", ".join(ast.unparse(each) for each in (*node.bases, *node.keywords))
    members = [f"    {line}" for member in node.body for line in _member(member)]
    return [*decorators, f"class {node.name}({bases})", *members]


def _member(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return _signature(node) if _is_public(node.name) else []
        case ast.Assign():
            names = [each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            return [name for name in names if _is_public(name)]
        case ast.AnnAssign(target=ast.Name() as target):
            return [f"{target.id}: {ast.unparse(node.annotation)}"] if _is_public(target.id) else []
        case _:
            return []


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))
