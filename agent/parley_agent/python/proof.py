"""Proofs that an edit kept what a program does, by comparing syntax trees and what their names mean.

Each takes two whole texts and answers True only if the claim holds for all of both; a text that does not parse proves
nothing. Nothing here knows how an edit was made, so an edit and its proof do not share a mistake.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from parley_agent.python.bindings import analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.lexer import comments
from parley_agent.python.module import DEFINITIONS, FUNCTIONS, DefinitionNode, Module, definitions, read, whole_span
from parley_agent.python.scope_walk import parameters
from parley_agent.python.visibility import fixed_because

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_agent.python.scope_tree import Variable

    _Judge: TypeAlias = Callable[[ast.AST, ast.AST, str], bool | None]
    _Lists: TypeAlias = Callable[[ast.AST, list[object]], list[object]]

_HINT_MODULES = frozenset({"typing", "collections.abc"})


def same_program(before: str, after: str) -> bool:
    """Whether both have the same syntax tree: they differ in comments and layout only."""
    texts = _read_both(before, after)
    return texts is not None and _equal_modules(*texts)


@lru_cache(maxsize=2)
def same_up_to_renaming(before: str, after: str) -> bool:
    """Whether both are one program but for the names of variables that nothing outside can see.

    Alpha-equivalence: the trees have the same shape, and there is a one-to-one map of variables (not of names) such
    that every name means the variable that its counterpart means. A captured or merged variable breaks the map.
    """
    texts = _read_both(before, after)
    if texts is None:
        return False
    try:
        names = _Renaming(*texts)
    except EditRefusedError:
        return False
    return names.outermost_kept() and _equal_modules(*texts, names.same)


@lru_cache(maxsize=2)
def same_without_docstrings(before: str, after: str) -> bool:
    """Whether both have the same tree when the docstrings of modules, classes and functions are left out."""
    texts = _read_both(before, after)
    return texts is not None and _equal_modules(*texts, lists=_without_docstring)


@lru_cache(maxsize=2)
def same_without_annotations(before: str, after: str) -> bool:
    """Whether `after` is `before` with annotations of functions added, changed or removed, and typing imports added.

    Only names imported from `typing` or `collections.abc` at the top level may come in, and nothing but annotations
    may use them. Annotations of variables count as code: a bare `x: int` can make `x` local.
    """
    texts = _read_both(before, after)
    if texts is None:
        return False
    try:
        if not _imports_only_for_annotations(*texts):
            return False
    except EditRefusedError:
        return False
    return _equal_modules(*texts, _annotation_apart, _without_hint_imports)


def same_statements(before: list[ast.stmt], after: list[ast.stmt]) -> bool:
    """Whether two lists of statements are equal, positions apart."""
    return len(before) == len(after) and all(_equal(one, other) for one, other in zip(before, after, strict=True))


def comments_kept(before: str, after: str) -> bool:
    """Whether every comment of `before` is in `after`, as often as it was, and no other is."""
    texts = _read_both(before, after)
    return texts is not None and Counter(comments(before)) == Counter(comments(after))


def _read_both(before: str, after: str) -> tuple[Module, Module] | None:
    try:
        return read(before), read(after)
    except EditRefusedError:
        return None


def _no_opinion(_left: ast.AST, _right: ast.AST, _field: str) -> bool | None:
    return None


def _whole(_owner: ast.AST, items: list[object]) -> list[object]:
    return items


def _equal_modules(before: Module, after: Module, judge: _Judge = _no_opinion, lists: _Lists = _whole) -> bool:
    """`_equal` for judges to whom statements of the top level written alike are equal: they are not read."""
    one, other = lists(before.tree, [*before.tree.body]), lists(after.tree, [*after.tree.body])
    return len(one) == len(other) and all(
        _written(before, left) == _written(after, right) or _equal(left, right, judge, lists)
        for left, right in zip(one, other, strict=True)
        if isinstance(left, ast.stmt) and isinstance(right, ast.stmt)
    )


def _written(module: Module, statement: ast.stmt) -> str:
    if isinstance(statement, DEFINITIONS):
        span = whole_span(module, statement)
        return module.text[span.start : span.end]
    return module.text_of(statement)


def _equal(left: ast.AST, right: ast.AST, judge: _Judge = _no_opinion, lists: _Lists = _whole) -> bool:
    """Whether two trees are equal, positions apart.

    `judge` may decide a field of a pair of nodes by itself (True, False) or leave it to be compared (None); `lists`
    chooses the items of a body that count.
    """
    pending: list[tuple[object, object]] = [(left, right)]
    while pending:
        one, other = pending.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, ast.AST) and isinstance(other, ast.AST):
            for field in one._fields:
                verdict = judge(one, other, field)
                if verdict is False:
                    return False
                if verdict is None:
                    pending.append((_counting(lists, one, field), _counting(lists, other, field)))
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending += zip(one, other, strict=True)
        elif not _same_constant(one, other):
            return False
    return True


def _same_constant(one: object, other: object) -> bool:
    return one == other if not isinstance(one, float | complex) else repr(one) == repr(other)


def _counting(lists: _Lists, node: ast.AST, field: str) -> object:
    value = getattr(node, field, None)
    return lists(node, value) if field == "body" and isinstance(value, list) else value


def _without_docstring(owner: ast.AST, items: list[object]) -> list[object]:
    if not isinstance(owner, (*DEFINITIONS, ast.Module)) or not items:
        return items
    first = items[0]
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return items[1:] if is_docstring else items


def _annotation_apart(left: ast.AST, right: ast.AST, field: str) -> bool | None:
    del right
    is_hint = (field == "returns" and isinstance(left, FUNCTIONS)) or (
        field == "annotation" and isinstance(left, ast.arg)
    )
    return True if is_hint else None


def _without_hint_imports(owner: ast.AST, items: list[object]) -> list[object]:
    if not isinstance(owner, ast.Module):
        return items
    return [item for item in items if not _is_hint_import(item)]


def _is_hint_import(node: object) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in _HINT_MODULES and node.level == 0
    return isinstance(node, ast.Import) and all(alias.name in _HINT_MODULES for alias in node.names)


def _hint_names(tree: ast.Module) -> set[tuple[str | None, str, str | None]]:
    return {
        (node.module if isinstance(node, ast.ImportFrom) else None, alias.name, alias.asname)
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and _is_hint_import(node)
        for alias in node.names
    }


def _imports_only_for_annotations(before: Module, after: Module) -> bool:
    """Whether no typing import was lost, and each that came in is new to its module and read by annotations alone."""
    old, new = _hint_names(before.tree), _hint_names(after.tree)
    if not old <= new:
        return False
    came = {(asname or name).partition(".")[0] for _, name, asname in new - old}
    if not came:
        return True
    known_before = {variable.name for variable in analyse(before).variables()} | set(analyse(before).unbound)
    if came & (known_before - _read_in_annotations_only(before)):
        return False
    return came <= _read_in_annotations_only(after) and not analyse(after).stars


def _read_in_annotations_only(module: Module) -> set[str]:
    """The names that are read in annotations of functions, and bound at most by typing imports."""
    annotations = [each for node in definitions(module.tree) for each in _annotations(node)]
    nodes = [each for annotation in annotations for each in ast.walk(annotation)]
    hints = {id(each) for each in nodes}
    imports = {id(alias) for node in module.tree.body if _is_hint_import(node) for alias in ast.walk(node)}
    bindings = analyse(module)
    variables = [*bindings.variables(), *bindings.unbound.values()]
    inside = {site.name for each in variables for site in each.sites if id(site.node) in hints}
    outside = {site.name for each in variables for site in each.sites if id(site.node) not in hints | imports}
    quoted = {
        word
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in _names_in(node.value)
    }
    return (inside | quoted) - outside


def _annotations(node: DefinitionNode) -> list[ast.expr]:
    if isinstance(node, ast.ClassDef):
        return []
    return [each for each in (*(parameter.annotation for parameter in parameters(node)), node.returns) if each]


def _names_in(text: str) -> set[str]:
    try:
        return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return set()


class _Renaming:
    """The map of variables that grows while two trees are compared."""

    def __init__(self, before: Module, after: Module) -> None:
        self._modules = before, after
        self._owners = analyse(before).owner, analyse(after).owner
        self._there: dict[Variable, Variable] = {}
        self._back: dict[Variable, Variable] = {}

    def outermost_kept(self) -> bool:
        """Whether the module binds, and leaves unbound, the same names in both; each then means its namesake.

        These are all that a statement of the top level can share with others: where two are written alike, every name
        in them means the counterpart of what it meant, so they need not be compared.
        """
        before, after = (analyse(module) for module in self._modules)
        for one, other in ((before.module.variables, after.module.variables), (before.unbound, after.unbound)):
            if one.keys() != other.keys() or not all(self._pair(each, other[name]) for name, each in one.items()):
                return False
        return True

    def same(self, left: ast.AST, right: ast.AST, field: str) -> bool | None:
        """The verdict on a field: decided here if it holds names of variables."""
        value = getattr(left, field, None)
        names = value if isinstance(value, list) else [value]
        if not names or not isinstance(names[0], str):  # a list holds names alone, or none
            return None
        others = getattr(right, field, None)
        if isinstance(others, list) and len(others) != len(names):
            return False
        pairs = [
            (self._owners[0].get((id(left), field, index)), self._owners[1].get((id(right), field, index)))
            for index in range(len(names))
        ]
        if all(one is None and other is None for one, other in pairs):
            return None
        if isinstance(left, ast.alias) and field == "name" and value != others:
            return False
        return all(one is not None and other is not None and self._pair(one, other) for one, other in pairs)

    def _pair(self, one: Variable, other: Variable) -> bool:
        if one in self._there or other in self._back:
            return self._there.get(one) is other and self._back.get(other) is one
        self._there[one], self._back[other] = other, one
        if (one.scope and one.scope.kind) != (other.scope and other.scope.kind):
            return False
        if one.name == other.name:
            return True
        before, after = self._modules
        return fixed_because(before, one) is None and fixed_because(after, other) is None
