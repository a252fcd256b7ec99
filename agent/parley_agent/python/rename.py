"""Renaming local variables: which may be, what a new name must be, and the edit itself, by scope.

Finding the scopes belongs to `scope_walk` and `bindings`, proving the result to `proof`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from parley_agent.document import Span, TextEdit
from parley_agent.python.bindings import Bindings, analyse
from parley_agent.python.by_parts import same_up_to_renaming
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import FunctionNode, Module, function_at, read
from parley_agent.python.naming import is_poor, problem_with
from parley_agent.python.sites import span_of
from parley_agent.python.visibility import enclosing_scopes, fixed_because

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_agent.python.scope_tree import Variable

NameKind = Literal["local", "parameter", "loop", "comprehension", "exception", "with", "import", "function", "capture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalName:
    """A name that may be changed without anything outside of its definition noticing.

    `worth` is True for poor names only: it is those that a model should be asked about.
    """

    name: str
    kind: NameKind
    worth: bool


@lru_cache(maxsize=2)
def renameable(source: str, definition: Span) -> tuple[LocalName, ...]:
    """The names local to the function at `definition` that may be changed, in the order of their first appearance."""
    target = _target(source, definition)
    found: list[LocalName] = []
    for name, variables in target.variables.items():
        if target.fixed(name) is None:
            kind = _kind(target.module, variables[0])
            found.append(LocalName(name=name, kind=kind, worth=is_poor(name, kind)))
    return tuple(found)


def rename(source: str, definition: Span, names: Mapping[str, str]) -> str:
    """The text with each local name of `names` replaced by its new one, wherever it means that variable.

    All or nothing: the first name that cannot be changed, or new name that cannot be used, refuses the edit.
    """
    target = _target(source, definition)
    taken: set[str] = set()
    for old, new in names.items():
        problem = target.problem(old, new, taken)
        if problem:
            raise EditRefusedError("rename", problem)
        taken.add(new)
    edits = [
        TextEdit(span=span, new_text=new)
        for old, new in names.items()
        for span in {span_of(target.module, site) for each in target.variables[old] for site in each.sites}
    ]
    result = target.module.edited(*edits)
    if not same_up_to_renaming(source, result):
        raise EditRefusedError("unproved", "The rename could not be proved to keep the behaviour; nothing was changed.")
    return result


def usable(source: str, definition: Span, names: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of a model's answer that `rename` will take, and a sentence for each name that it will not.

    Beyond what `rename` asks, a new name must be longer than two letters: a model was asked for clarity. A name mapped
    to itself is left out without a word.
    """
    target = _target(source, definition)
    kept: dict[str, str] = {}
    problems: list[str] = []
    for old, new in names.items():
        if old == new:
            continue
        problem = target.problem(old, new, set(kept.values()))
        if problem is None and len(new) <= 2:
            problem = f"{old}: {new!r} is too short to be clearer."
        if problem:
            problems.append(problem)
        else:
            kept[old] = new
    return kept, tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The function whose names are changed, with its variables by name and the names that are taken.

    `around` are the names that the code around it binds, its own among them.
    """

    module: Module
    function: str
    variables: dict[str, list[Variable]]
    around: frozenset[str]
    used: frozenset[str]

    def fixed(self, name: str) -> str | None:
        """Why `name` must stay; a name that several variables share must be free to change in all of them."""
        reasons = (fixed_because(self.module, variable) for variable in self.variables[name])
        return next((reason for reason in reasons if reason), None)

    def problem(self, old: str, new: str, taken: set[str]) -> str | None:
        """What speaks against changing `old` to `new`, as a sentence."""
        if old not in self.variables:
            return self._no_local(old)
        reason = self.fixed(old)
        if reason:
            return f"{old} {reason}; only names local to {self.function} are changed."
        clause = problem_with(new)
        if clause:
            return f"{old}: {new!r} {clause}."
        if new in taken:
            return f"{old}: {new!r} was given to another variable already."
        if new in self.used:
            return f"{old}: {new!r} is in use already."
        return None

    def _no_local(self, old: str) -> str:
        if old in self.around:
            return f"{old} is visible outside of {self.function}; only names local to {self.function} are changed."
        return f"{old}: {self.function} has no local variable of that name."


@lru_cache(maxsize=2)
def _target(source: str, definition: Span) -> _Target:
    module = read(source)
    node = function_at(module, definition)
    bindings = analyse(module)
    variables: dict[str, list[Variable]] = {}
    for scope in enclosing_scopes(bindings, node):
        for variable in scope.variables.values():
            if variable.sites and scope.kind != "class":
                variables.setdefault(variable.name, []).append(variable)
    ordered = sorted(variables.items(), key=lambda item: min(_position(each) for each in item[1]))
    around, inside = _names_around(bindings, node), _names_inside(bindings, node)
    return _Target(
        module=module, function=node.name, variables=dict(ordered), around=around, used=frozenset(around | inside)
    )


def _names_around(bindings: Bindings, node: FunctionNode) -> frozenset[str]:
    """Every name that is bound in a scope around the function."""
    own = bindings.scope_of(node)
    return frozenset(name for scope in own.chain() if scope is not own for name in scope.variables)


def _names_inside(bindings: Bindings, node: FunctionNode) -> frozenset[str]:
    """Every name that is bound or written in the function."""
    own = bindings.scope_of(node)
    variables = (*bindings.variables(), *bindings.unbound.values())
    written = {each.name for each in variables if any(site.scope.within(own) for site in each.sites)}
    return frozenset(written | own.variables.keys())


def _position(variable: Variable) -> tuple[int, int]:
    site = variable.sites[0].node
    return getattr(site, "lineno", 0), getattr(site, "col_offset", 0)


_KINDS: dict[type[ast.AST], NameKind] = {
    ast.arg: "parameter",
    ast.ExceptHandler: "exception",
    ast.alias: "import",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
    ast.MatchAs: "capture",
    ast.MatchStar: "capture",
    ast.MatchMapping: "capture",
}


def _kind(module: Module, variable: Variable) -> NameKind:
    if variable.scope is not None and variable.scope.kind == "comprehension":
        return "comprehension"
    binders = variable.binders()
    for node in binders:
        if type(node) in _KINDS:
            return _KINDS[type(node)]
    bound = {id(node) for node in binders}
    for node in ast.walk(variable.scope.node if variable.scope else module.tree):
        target, kind = _target_of(node)
        if target is not None and any(id(each) in bound for each in ast.walk(target)):
            return kind
    return "local"


def _target_of(node: ast.AST) -> tuple[ast.expr | None, NameKind]:
    if isinstance(node, ast.For | ast.AsyncFor):
        return node.target, "loop"
    return (node.optional_vars, "with") if isinstance(node, ast.withitem) else (None, "local")
