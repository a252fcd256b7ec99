"""Type expressions as a model writes them, checked name by name and written so that executing them is safe.

Putting them into a function belongs to `type_hints`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.python.type_names import (
    BUILTIN_TYPES,
    NOT_FOR_FUNCTIONS,
    SPELLINGS,
    STANDARD_TYPES,
    arity_of,
    home_of,
)

if TYPE_CHECKING:
    from parley_agent.python.type_scope import TypeScope

_LITERALS = (str, bytes, int, bool, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeExpression:
    """A checked hint: `text` is to be written, `imports` are the (module, name) pairs that it needs first.

    `origins` are the outermost types of a union, as Python knows them ("None", "Iterator", "str").
    """

    text: str
    imports: frozenset[tuple[str, str]]
    origins: frozenset[str]


def check_type(written: str, scope: TypeScope, *, optional: bool = False) -> TypeExpression:
    """The type expression `written`, for the names of `scope`; refused if it is none. `optional` adds None to it.

    Names that do not exist yet when the definition is executed, and operations that could fail then, are put in
    quotes, unless the module postpones its annotations.
    """
    reading = _Reading(scope)
    tree = reading.read(_parse(written))
    origins = reading.origins(tree)
    if optional and not origins & {"None", "Optional", "Any", "object"}:
        tree = _with_none(tree, scope)
        origins |= {"None"}
    text = ast.unparse(tree)
    if reading.deferred and not _postponed(scope.module.tree):
        text = f'"{text}"' if '"' not in text else repr(text)
    return TypeExpression(text=text, imports=frozenset(reading.imports), origins=frozenset(origins))


def _parse(written: str) -> ast.expr:
    try:
        tree = ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _not_a_type(written) from error
    return tree


def _not_a_type(written: str) -> EditRefusedError:
    shown = written if len(written) <= 60 else f"{written[:57]}..."
    return EditRefusedError("not-a-type", f"{shown!r} is not a type: write a type expression, never a value.")


def _with_none(tree: ast.expr, scope: TypeScope) -> ast.expr:
    optional = scope.way_to("typing", "Optional")
    if optional:
        return ast.Subscript(value=_parse(optional), slice=tree, ctx=ast.Load())
    return ast.BinOp(left=tree, op=ast.BitOr(), right=ast.Constant(value=None))


def _postponed(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and _imports_annotations(node)
        for node in tree.body
    )


def _imports_annotations(node: ast.ImportFrom) -> bool:
    return any(alias.name == "annotations" for alias in node.names)


@dataclass(slots=True)
class _Reading:
    """One pass over a type expression: returns it with its names resolved, and notes what it needs."""

    scope: TypeScope
    imports: set[tuple[str, str]] = field(default_factory=set)
    deferred: bool = False
    _origin: dict[int, str] = field(default_factory=dict)
    _inoperable: set[int] = field(default_factory=set)

    def origins(self, tree: ast.expr) -> set[str]:
        """The outermost types of the union `tree`."""
        match tree:
            case ast.BinOp():
                return self.origins(tree.left) | self.origins(tree.right)
            case ast.Constant(value=None):
                return {"None"}
            case ast.Subscript():
                origin = self._origin.get(id(tree.value), "")
                parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
                inner = {each for part in parts for each in self.origins(part)} if origin == "Union" else set()
                return {origin} | inner
            case _:
                return {self._origin.get(id(tree), ast.unparse(tree))}

    def read(self, node: ast.expr) -> ast.expr:
        """`node` with its names resolved; refused if it is no type."""
        match node:
            case ast.Constant(value=None):
                return node
            case ast.Constant(value=str() as text):
                return self.read(_parse(text))
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.BinOp(op=ast.BitOr()):
                return self._union(node)
            case _:
                raise _not_a_type(ast.unparse(node))

    def _name(self, node: ast.Name) -> ast.expr:
        name = node.id
        known = self.scope.bound(name)
        if known is not None:
            self.deferred = self.deferred or not known.ready
            if not known.operable:
                self._inoperable.add(id(node))
            return self._marked(node, SPELLINGS.get(known.origin, known.origin)) if known.origin else node
        name = SPELLINGS.get(name, name)
        if name in BUILTIN_TYPES:
            return self._marked(ast.Name(id=name, ctx=ast.Load()), name)
        home = home_of(name)
        if home is None or name in NOT_FOR_FUNCTIONS:
            raise EditRefusedError(
                "unknown-type",
                f"{name!r} is not a type that is known here: use builtin types, names from typing, or types that "
                "this file defines or imports.",
            )
        return self._from(home, name)

    def _from(self, home: str, name: str) -> ast.expr:
        written = self.scope.way_to(home, name)
        if written is None and home == "collections.abc":
            written = self.scope.way_to("typing", name)
        if written is None:
            self.imports.add((home, name))
        return self._marked(_parse(written or name), name)

    def _marked(self, node: ast.expr, origin: str) -> ast.expr:
        self._origin[id(node)] = origin
        return node

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        dotted = ast.unparse(node)
        first, *rest = dotted.split(".")
        if not all(part.isidentifier() for part in (first, *rest)):
            raise _not_a_type(dotted)
        imported = self.scope.module_named(first)
        if imported is None:
            if home_of(node.attr) and dotted in (f"typing.{node.attr}", f"collections.abc.{node.attr}"):
                return self._name(ast.Name(id=node.attr, ctx=ast.Load()))
            if self.scope.bound(first) is None:
                raise EditRefusedError("unknown-type", f"{first!r} in {dotted!r} is not known here.")
            self.deferred = True
            return node
        home = ".".join((imported[0], *rest[:-1]))
        standard = (home, node.attr) in STANDARD_TYPES or home_of(node.attr) == home or home == "typing"
        self.deferred = self.deferred or not (standard and imported[1])
        return self._marked(node, node.attr) if standard else node

    def _union(self, node: ast.BinOp) -> ast.expr:
        left, right = self.read(node.left), self.read(node.right)
        if {id(left), id(right)} & self._inoperable:
            self.deferred = True
        return ast.BinOp(left=left, op=ast.BitOr(), right=right)

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        value = self.read(node.value)
        origin = self._origin.get(id(value))
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if origin == "Literal":
            return ast.Subscript(value=value, slice=_literal_slice(node.slice, parts), ctx=ast.Load())
        if origin is None:
            self.deferred = True
        else:
            self._check_arguments(origin, parts, ast.unparse(node))
        read = [self._argument(part, origin, index, len(parts)) for index, part in enumerate(parts)]
        inner = ast.Tuple(elts=read, ctx=ast.Load()) if isinstance(node.slice, ast.Tuple) else read[0]
        result = ast.Subscript(value=value, slice=inner, ctx=ast.Load())
        if id(value) in self._inoperable:
            self._inoperable.add(id(result))
        return result

    def _check_arguments(self, origin: str, parts: list[ast.expr], written: str) -> None:
        arity = arity_of(origin)
        if arity is None or len(parts) == arity or (origin in ("Generator", "AsyncGenerator") and parts):
            return
        takes = f"takes {arity} in its brackets" if arity else "takes no brackets"
        raise EditRefusedError("not-a-type", f"{written!r}: {origin} {takes}.")

    def _argument(self, part: ast.expr, origin: str | None, index: int, count: int) -> ast.expr:
        if isinstance(part, ast.Constant) and part.value is ...:
            if (origin == "tuple" and index == 1 and count == 2) or (origin == "Callable" and index == 0):
                return part
            raise _not_a_type("...")
        if origin == "Callable" and index == 0:
            if not isinstance(part, ast.List):
                raise EditRefusedError("not-a-type", "Callable takes a list of types first: Callable[[int], str].")
            return ast.List(elts=[self.read(each) for each in part.elts], ctx=ast.Load())
        return self.read(part)


def _literal_slice(node: ast.expr, parts: list[ast.expr]) -> ast.expr:
    for part in parts:
        inner = part.operand if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) else part
        if not isinstance(inner, ast.Constant) or not isinstance(inner.value, _LITERALS):
            raise _not_a_type(f"Literal[{ast.unparse(part)}]")
    return node
