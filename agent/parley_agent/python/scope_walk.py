"""One walk over a syntax tree that opens scopes and notes the sites of names; resolving them belongs to `bindings`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from parley_agent.python.module import FUNCTIONS, FunctionNode
from parley_agent.python.scope_tree import Action, Scope, ScopeKind, Site, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CLASS_NAMES = ("__module__", "__qualname__")


class Walk:
    """One walk; afterwards `scopes`, `sites`, `formatted` and `stars` hold what it met."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Scope(kind="module", node=tree, parent=None)
        self.scopes = [self.module]
        self.sites: list[Site] = []
        self.formatted: list[ast.FormattedValue] = []
        self.stars = False
        self._scope = self.module

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Visit one after the other."""
        for node in nodes:
            self.visit(node)

    def visit(self, node: ast.AST | None) -> None:
        """Note the sites of `node` and what is below it."""
        if node is None:
            return
        method = _METHODS.get(type(node).__name__)
        if method is not None:
            method(self, node)
            return
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST) and value._fields:  # contexts and operators have nothing below them
                self.visit(value)

    def _note(self, node: ast.AST, field: str, name: str, action: Action = "bind", index: int = 0) -> None:
        site = Site(node=node, field=field, index=index, name=name, action=action, scope=self._scope)
        self.sites.append(site)
        if action == "bind" and name not in self._scope.outward:
            self._scope.variables.setdefault(name, Variable(name=name, scope=self._scope))

    def _open(self, kind: ScopeKind, node: ast.AST) -> Scope:
        """Enter a new scope; returns the one to come back to."""
        outer = self._scope
        self._scope = Scope(kind=kind, node=node, parent=outer)
        self.scopes.append(self._scope)
        return outer

    def on_name(self, node: ast.Name) -> None:
        """A name in an expression."""
        action: Action = "read"
        if not isinstance(node.ctx, ast.Load):
            action = "bind" if isinstance(node.ctx, ast.Store) else "delete"
        self._note(node, "id", node.id, action)

    def on_walrus(self, node: ast.NamedExpr) -> None:
        """A walrus binds in the nearest scope that is no comprehension."""
        self.visit(node.value)
        inner = self._scope
        while self._scope.kind == "comprehension" and self._scope.parent is not None:
            self._scope = self._scope.parent
        self._note(node.target, "id", node.target.id)
        self._scope = inner

    def on_function(self, node: FunctionNode) -> None:
        """Decorators and defaults belong to the scope around it."""
        self.visit_all(node.decorator_list)
        self.visit_all([*node.args.defaults, *[each for each in node.args.kw_defaults if each]])
        self._note(node, "name", node.name)
        outer = self._open_type_parameters(node)
        for parameter in parameters(node):
            self.visit(parameter.annotation)
        self.visit(node.returns)
        self._open("function", node)
        for parameter in parameters(node):
            self._note(parameter, "arg", parameter.arg)
        _declare_outward(self._scope, node.body)
        self.visit_all(node.body)
        self._scope = outer

    def on_lambda(self, node: ast.Lambda) -> None:
        """As a function, without annotations."""
        self.visit_all([*node.args.defaults, *[each for each in node.args.kw_defaults if each]])
        outer = self._open("lambda", node)
        for parameter in parameters(node):
            self._note(parameter, "arg", parameter.arg)
        self.visit(node.body)
        self._scope = outer

    def on_class(self, node: ast.ClassDef) -> None:
        """Its names are seen by its own body only, which the lookup knows."""
        self.visit_all(node.decorator_list)
        self._note(node, "name", node.name)
        outer = self._open_type_parameters(node)
        self.visit_all(node.bases)
        for keyword in node.keywords:
            self.visit(keyword.value)
        self._open("class", node)
        for name in _CLASS_NAMES:
            self._scope.variables[name] = Variable(name=name, scope=self._scope)
        _declare_outward(self._scope, node.body)
        self.visit_all(node.body)
        self._scope = outer

    def _open_type_parameters(self, node: ast.AST) -> Scope:
        outer = self._scope
        found = getattr(node, "type_params", [])
        if found:
            self._open("type-parameters", node)
            self.visit_all(found)
        return outer

    def on_type_parameter(self, node: ast.AST) -> None:
        """A type parameter of Python 3.12."""
        self._note(node, "name", node.name)  # type: ignore[attr-defined]
        self.visit(getattr(node, "bound", None))
        self.visit(getattr(node, "default_value", None))

    def on_type_alias(self, node: ast.AST) -> None:
        """A `type` statement of Python 3.12."""
        self.visit(node.name)  # type: ignore[attr-defined]
        outer = self._open_type_parameters(node)
        self.visit(node.value)  # type: ignore[attr-defined]
        self._scope = outer

    def on_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        """The first iterable belongs to the scope around it."""
        self.visit(node.generators[0].iter)
        outer = self._open("comprehension", node)
        for index, generator in enumerate(node.generators):
            self.visit(generator.target)
            if index:
                self.visit(generator.iter)
            self.visit_all(generator.ifs)
        if isinstance(node, ast.DictComp):
            self.visit_all([node.key, node.value])
        else:
            self.visit(node.elt)
        self._scope = outer

    def on_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """An import binds the first part of a dotted name."""
        for alias in node.names:
            if alias.name == "*":
                self.stars = True
            elif alias.asname:
                self._note(alias, "asname", alias.asname)
            else:
                self._note(alias, "name", alias.name.partition(".")[0])

    def on_declaration(self, node: ast.Global | ast.Nonlocal) -> None:
        """`global` and `nonlocal`."""
        for index, name in enumerate(node.names):
            self._scope.outward.setdefault(name, "global" if isinstance(node, ast.Global) else "nonlocal")
            self._note(node, "names", name, "declare", index)

    def on_handler(self, node: ast.ExceptHandler) -> None:
        """`except … as name`."""
        self.visit(node.type)
        if node.name:
            self._note(node, "name", node.name)
        self.visit_all(node.body)

    def on_capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        """A capture in a `case`."""
        if isinstance(node, ast.MatchAs):
            self.visit(node.pattern)
        if node.name:
            self._note(node, "name", node.name)

    def on_mapping(self, node: ast.MatchMapping) -> None:
        """A `case` mapping may capture the rest."""
        self.visit_all(node.keys)
        for pattern in node.patterns:
            self.visit(pattern)
        if node.rest:
            self._note(node, "rest", node.rest)

    def on_formatted(self, node: ast.FormattedValue) -> None:
        """A replacement field of an f-string."""
        self.formatted.append(node)
        self.visit(node.value)
        self.visit(node.format_spec)


def _declare_outward(scope: Scope, body: list[ast.stmt]) -> None:
    """Note the `global` and `nonlocal` names of a body, which hold for all of it, before its first binding."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                scope.outward[name] = "global" if isinstance(node, ast.Global) else "nonlocal"
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(
            node, (*FUNCTIONS, ast.ClassDef)
        ):
            pending += (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))


def parameters(node: FunctionNode | ast.Lambda) -> tuple[ast.arg, ...]:
    """All parameters in the order they are written."""
    arguments = node.args
    star = [arguments.vararg] if arguments.vararg else []
    double_star = [arguments.kwarg] if arguments.kwarg else []
    return (*arguments.posonlyargs, *arguments.args, *star, *arguments.kwonlyargs, *double_star)


# By name, since the newer nodes do not exist on the oldest Python that Parley runs on.
_METHODS: dict[str, Callable[..., None]] = {
    "Name": Walk.on_name,
    "NamedExpr": Walk.on_walrus,
    "FunctionDef": Walk.on_function,
    "AsyncFunctionDef": Walk.on_function,
    "Lambda": Walk.on_lambda,
    "ClassDef": Walk.on_class,
    "ListComp": Walk.on_comprehension,
    "SetComp": Walk.on_comprehension,
    "DictComp": Walk.on_comprehension,
    "GeneratorExp": Walk.on_comprehension,
    "Import": Walk.on_import,
    "ImportFrom": Walk.on_import,
    "Global": Walk.on_declaration,
    "Nonlocal": Walk.on_declaration,
    "ExceptHandler": Walk.on_handler,
    "MatchAs": Walk.on_capture,
    "MatchStar": Walk.on_capture,
    "MatchMapping": Walk.on_mapping,
    "FormattedValue": Walk.on_formatted,
    "TypeVar": Walk.on_type_parameter,
    "ParamSpec": Walk.on_type_parameter,
    "TypeVarTuple": Walk.on_type_parameter,
    "TypeAlias": Walk.on_type_alias,
}
