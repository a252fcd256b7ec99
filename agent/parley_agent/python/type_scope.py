"""What a name means in a definition's type hints: a type, or why not; and whether it exists in time."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.bindings import Bindings, analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import FUNCTIONS, FunctionNode, Module, whole_span
from parley_agent.python.type_names import BUILTIN_TYPES, STANDARD_TYPES, home_of

if TYPE_CHECKING:
    from parley_agent.python.scope_tree import Scope, Variable

_MAKES_TYPES = frozenset(
    {"NamedTuple", "NewType", "ParamSpec", "TypeVar", "TypeVarTuple", "TypedDict", "namedtuple", "new_class", "type"}
    | {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownType:
    """A name that means a type.

    `ready`: it surely exists when the definition is executed. `operable`: using it with `|` surely works then.
    `origin` is its name where Python brings it ("Callable", "deque"), None for any other.
    """

    ready: bool
    operable: bool
    origin: str | None = None


class TypeScope:
    """The names around one function definition, as its type hints see them."""

    def __init__(self, module: Module, node: FunctionNode) -> None:
        self.module = module
        self._bindings: Bindings = analyse(module)
        own = self._bindings.scope_of(node)
        self.scope: Scope = own.parent or self._bindings.module
        self._start = whole_span(module, node).start

    def bound(self, name: str) -> KnownType | None:
        """What the module says of `name`; None if it does not bind it. Refused if it is bound to no type."""
        variable = self._bindings.lookup(self.scope, name)
        if variable is None or not variable.binders():
            return None
        statements = [self._statement(variable, node) for node in variable.binders()]
        for binder, statement in zip(variable.binders(), statements, strict=True):
            problem = self._problem(binder, statement)
            if problem:
                raise EditRefusedError("not-a-type", f"{name!r} {problem}, not a type.")
        ready = len(statements) == 1 and self._runs_before(variable, statements[0])
        return self._imported(name, variable, ready=ready) or KnownType(
            ready=ready, operable=isinstance(variable.binders()[0], ast.ClassDef)
        )

    def module_named(self, name: str) -> tuple[str, bool] | None:
        """The module that `name` is bound to by an import, and whether it surely is when the definition is executed."""
        variable = self._bindings.lookup(self.scope, name)
        if variable is None or len(variable.binders()) < 1:
            return None
        dotted: list[str] = []
        ready = False
        for binder in variable.binders():
            statement = self._statement(variable, binder)
            if not isinstance(binder, ast.alias) or not isinstance(statement, ast.Import):
                return None
            dotted.append(binder.name if binder.asname else binder.name.partition(".")[0])
            ready = ready or self._runs_before(variable, statement)
        return (dotted[0], ready) if len(set(dotted)) == 1 else None

    def way_to(self, home: str, name: str) -> str | None:
        """How the module already reaches `home.name`, by an import that has run; None if it does not."""
        for statement in self.module.tree.body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)) or self.module.end(statement) > self._start:
                continue
            for alias in statement.names:
                written = _written(statement, alias, home, name)
                if written and self._is_modules_own(written.partition(".")[0]):
                    return written
        return None

    def _is_modules_own(self, name: str) -> bool:
        variable = self._bindings.lookup(self.scope, name)
        return variable is not None and variable.scope is self._bindings.module

    def _imported(self, name: str, variable: Variable, *, ready: bool) -> KnownType | None:
        binder = variable.binders()[0]
        statement = self._statement(variable, binder)
        if not isinstance(binder, ast.alias) or not isinstance(statement, ast.ImportFrom):
            return None
        home, origin = statement.module or "", binder.name
        if home in ("typing", "collections.abc", "typing_extensions"):
            return KnownType(ready=ready, operable=True, origin=origin)
        standard = (home, origin) in STANDARD_TYPES
        # A name with a capital is taken for a class; a function would make `name | None` fail when the code runs.
        operable = standard or (name[:1].isupper() and not name.isupper())
        return KnownType(ready=ready, operable=operable, origin=origin if standard else None)

    def _statement(self, variable: Variable, binder: ast.AST) -> ast.stmt | None:
        """The statement that binds, if it stands directly in its scope's body; else the one inside of a block."""
        body = getattr(variable.scope.node if variable.scope else None, "body", [])
        for statement in body if isinstance(body, list) else []:
            if _holds(statement, binder):
                return _innermost(statement, binder)
        return None

    def _runs_before(self, variable: Variable, statement: ast.stmt | None) -> bool:
        body = getattr(variable.scope.node if variable.scope else None, "body", [])
        direct = isinstance(body, list) and any(each is statement for each in body)
        return statement is not None and direct and self.module.end(statement) <= self._start

    def _problem(self, binder: ast.AST, statement: ast.stmt | None) -> str | None:
        """What `binder` binds, as a clause, if that is no type."""
        kind = type(binder).__name__
        if kind in ("ClassDef", "TypeVar", "ParamSpec", "TypeVarTuple") or type(statement).__name__ == "TypeAlias":
            return None
        if isinstance(binder, ast.alias):
            return "is a module" if isinstance(statement, ast.Import) else None
        alias = isinstance(statement, ast.Assign) and statement.targets == [binder] and self._is_type(statement.value)
        if alias or (isinstance(statement, ast.AnnAssign) and "TypeAlias" in ast.dump(statement.annotation)):
            return None
        return "is a function" if isinstance(binder, FUNCTIONS) else "is a value"

    def _is_type(self, value: ast.expr) -> bool:
        match value:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                return name in _MAKES_TYPES
            case ast.Subscript():
                return self._is_type(value.value)
            case ast.BinOp(op=ast.BitOr()):
                return self._is_type(value.left)
            case ast.Name(id=name):
                return self._names_type(name)
            case ast.Attribute():
                return home_of(value.attr) is not None
            case _:
                return False

    def _names_type(self, name: str) -> bool:
        variable = self._bindings.lookup(self._bindings.module, name)
        if variable is None:
            return name in BUILTIN_TYPES
        return all(isinstance(each, ast.ClassDef) or _is_typing_alias(each) for each in variable.binders())


def _is_typing_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.alias) and home_of(node.name) is not None


def _innermost(statement: ast.stmt, node: ast.AST) -> ast.stmt:
    """The innermost statement that binds through `node`: an import inside a `try`, an assignment inside an `if`."""
    inner = [each for each in ast.walk(statement) if isinstance(each, ast.stmt) and _holds(each, node)]
    return inner[-1]


def _holds(statement: ast.stmt, node: ast.AST) -> bool:
    line = getattr(node, "lineno", 0)
    return line <= (statement.end_lineno or line) and any(each is node for each in ast.walk(statement))


def _written(statement: ast.Import | ast.ImportFrom, alias: ast.alias, home: str, name: str) -> str | None:
    if isinstance(statement, ast.ImportFrom):
        if statement.module == home and alias.name == name:
            return alias.asname or name
        if f"{statement.module}.{alias.name}" == home:
            return f"{alias.asname or alias.name}.{name}"
        return None
    return f"{alias.asname or alias.name}.{name}" if alias.name == home else None
