"""Which variable every name of a tree means: scopes, variables and the sites that bind and read them.

The rules are the language reference's, "Naming and binding" (4.2), and agree with the interpreter's own `symtable`,
which knows no positions. What may be renamed, moved or asked belongs to the modules that use this one.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.scope_tree import Scope, Site, SiteKey, Variable
from parley_agent.python.scope_walk import Walk

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from parley_agent.python.module import Module

BUILTINS = frozenset(dir(builtins)) | {"__class__", "__file__", "__path__", "__annotations__", "__builtins__"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bindings:
    """What `analyse` found. `stars`: names come from `from … import *`, so an unbound name may still be known."""

    module: Scope
    scopes: tuple[Scope, ...]
    owner: dict[SiteKey, Variable]
    unbound: dict[str, Variable]
    formatted: tuple[ast.FormattedValue, ...]
    stars: bool

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope that a function, lambda, class or comprehension opens."""
        return next(scope for scope in self.scopes if scope.node is node and scope.kind != "type-parameters")

    def variables(self) -> Iterator[Variable]:
        """Every variable that a scope owns."""
        for scope in self.scopes:
            yield from scope.variables.values()

    def lookup(self, scope: Scope, name: str) -> Variable | None:
        """What `name` means in `scope`; None if nothing in the module binds it."""
        return _lookup(self.module, scope, name)


_ANALYSED: WeakKeyDictionary[Module, Bindings] = WeakKeyDictionary()


def analyse(module: Module) -> Bindings:
    """Resolve every name of `module`: the same scopes and variables for as long as it lives, in every thread.

    Variables are told apart by identity, so a second analysis of a module in use would not know those of the first.
    """
    known = _ANALYSED.get(module)
    return known if known is not None else _ANALYSED.setdefault(module, _resolved(module))


def _resolved(module: Module) -> Bindings:
    tree = module.tree
    walk = Walk(tree)
    try:
        walk.visit_all(tree.body)
    except RecursionError as error:
        raise EditRefusedError("too-deep", "An expression is nested too deeply to be analysed.") from error
    owner: dict[SiteKey, Variable] = {}
    unbound: dict[str, Variable] = {}
    for site in walk.sites:
        if site.action != "read":
            _attach(_binding_variable(walk.module, site), site, owner)
    for site in walk.sites:
        if site.action == "read":
            variable = _lookup(walk.module, site.scope, site.name)
            if variable is None:
                variable = unbound.setdefault(site.name, Variable(name=site.name, scope=None))
            _attach(variable, site, owner)
    return Bindings(
        module=walk.module,
        scopes=tuple(walk.scopes),
        owner=owner,
        unbound=unbound,
        formatted=tuple(walk.formatted),
        stars=walk.stars,
    )


def _attach(variable: Variable, site: Site, owner: dict[SiteKey, Variable]) -> None:
    variable.sites.append(site)
    owner[site.key] = variable


def _binding_variable(module: Scope, site: Site) -> Variable:
    scope = site.scope
    if scope.outward.get(site.name) == "global":
        scope = module
    elif scope.outward.get(site.name) == "nonlocal":
        found = _lookup(module, scope, site.name)
        if found is not None:
            return found
    return scope.variables.setdefault(site.name, Variable(name=site.name, scope=scope))


def _lookup(module: Scope, scope: Scope, name: str) -> Variable | None:
    sees_class = True
    for each in scope.chain():
        if each.outward.get(name) == "global":
            return module.variables.get(name)
        visible = each.kind != "class" or sees_class
        if visible and name in each.variables and each.outward.get(name) != "nonlocal":
            return each.variables[name]
        if each.kind != "type-parameters":
            sees_class = False
    return None
