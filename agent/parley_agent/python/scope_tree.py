"""The values of scope analysis: scopes, variables, and the sites where names are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

ScopeKind = Literal["module", "class", "function", "lambda", "comprehension", "type-parameters"]
Action = Literal["bind", "read", "delete", "declare"]
SiteKey: TypeAlias = tuple[int, str, int]


@dataclass(slots=True, eq=False, kw_only=True)
class Scope:
    """A scope and the variables it owns; `outward` holds its `global` and `nonlocal` names."""

    kind: ScopeKind
    node: ast.AST
    parent: Scope | None
    variables: dict[str, Variable] = field(default_factory=dict)
    outward: dict[str, Literal["global", "nonlocal"]] = field(default_factory=dict)

    def within(self, other: Scope) -> bool:
        """Whether this scope is `other` or nested in it."""
        return any(scope is other for scope in self.chain())

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, inner first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(slots=True, eq=False, kw_only=True)
class Site:
    """One place where a name is written: `getattr(node, field)`, or its item `index` where that is a list.

    Never changed; not frozen, because a frozen value takes four times as long to make and a file has thousands.
    """

    node: ast.AST
    field: str
    index: int
    name: str
    action: Action
    scope: Scope

    @property
    def key(self) -> SiteKey:
        """What `Bindings.owner` is keyed by."""
        return id(self.node), self.field, self.index


@dataclass(slots=True, eq=False, kw_only=True)
class Variable:
    """A variable with all its sites in the order of the walk; `scope` is None for builtins and unknown names."""

    name: str
    scope: Scope | None
    sites: list[Site] = field(default_factory=list)

    def binders(self) -> tuple[ast.AST, ...]:
        """The nodes that bind or delete it."""
        return tuple(site.node for site in self.sites if site.action in ("bind", "delete"))
