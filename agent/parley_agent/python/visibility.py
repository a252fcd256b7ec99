"""Whether a variable's name can be seen from outside of the code that uses it, and so must stay.

One rule for the edit and for its proof: a rename changes only variables that `fixed_because` says nothing about.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from parley_agent.python.bindings import Bindings, analyse
from parley_agent.python.module import FUNCTIONS, FunctionNode

if TYPE_CHECKING:
    from parley_agent.python.module import Module
    from parley_agent.python.scope_tree import Scope, Variable

_DYNAMIC = frozenset({"locals", "eval", "exec", "vars", "dir"})
_FRAMES = frozenset({"_getframe", "currentframe"})
# Libraries that look up what a string names among the names of their caller: pandas, DuckDB, numexpr.
_READ_STRINGS = frozenset({"eval", "evaluate", "execute", "query", "sql"})
_TYPE_COMMENT = re.compile(r"#\s*type:\s*(?!ignore\b)([^\r\n]*)")
_DEBUG_FIELD = re.compile(r"[\s)]*=")
_WORD = re.compile(r"\w+")
_BY_POSITION = {"sorted": "key", "min": "key", "max": "key", "sort": "key"}
_FIRST_BY_POSITION = frozenset({"map", "filter", "reduce"})
# Python's own functions that are known to call what they are given by position.
TAKE_FUNCTIONS = frozenset(_BY_POSITION) | _FIRST_BY_POSITION


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What one walk over a module tells of how its functions are called; nodes are kept by identity."""

    called: dict[int, ast.Call]
    lambdas_by_position: frozenset[int]
    lambdas_named: dict[int, ast.Name]
    shown: frozenset[int]


def fixed_because(module: Module, variable: Variable) -> str | None:
    """Why the name of `variable` must stay, as a clause to follow it; None if it may change."""
    scope = variable.scope
    if scope is None:
        return "is not defined in this module"
    if scope.kind in ("module", "class", "type-parameters"):
        return "is visible outside the definition"
    if variable.name.startswith("__"):
        return "begins with two underscores, which Python treats specially"
    return (
        _because_of_its_bindings(module, variable)
        or _because_of_what_reads_names(module, scope)
        or _because_it_is_shown(module, variable)
    )


def _because_of_its_bindings(module: Module, variable: Variable) -> str | None:
    for site in variable.sites:
        reason: str | None = None
        match site.node:
            case ast.arg():
                reason = _parameter_fixed(module, variable, site.node.arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                reason = None if _is_private(module, variable) else "names a function that is passed on or decorated"
            case ast.ClassDef():
                reason = "names a class, whose name shows when it is printed"
            case ast.alias() if site.field == "name":
                reason = "is the name of an imported thing"
            case _:
                pass
        if reason:
            return reason
    return None


def _parameter_fixed(module: Module, variable: Variable, name: str) -> str | None:
    scope = variable.scope
    node = scope.node if scope else None
    if scope and isinstance(node, ast.Lambda):
        return (
            None
            if _lambda_is_private(module, scope, node, name)
            else "is a parameter that a caller may pass by keyword"
        )
    if not isinstance(node, FUNCTIONS):
        return "is visible outside the definition"
    arguments = node.args
    by_keyword = any(each.arg == name for each in (*arguments.args, *arguments.kwonlyargs))
    if not node.decorator_list and not by_keyword:
        return None
    bindings = analyse(module)
    function = bindings.owner[(id(node), "name", 0)]
    if _is_private(module, function) and not _passed_by_keyword(module, function, name):
        return None
    return "is a parameter, visible to callers, who may pass it by keyword"


def _is_private(module: Module, function: Variable) -> bool:
    """Whether a nested function is only ever called, by its name: nothing else can see its signature."""
    if function.scope is None or function.scope.kind not in ("function", "lambda"):
        return False
    definitions = [site.node for site in function.sites if site.action != "read"]
    if len(definitions) != 1 or not isinstance(definitions[0], FUNCTIONS) or definitions[0].decorator_list:
        return False
    called = _facts(module, _root(function.scope)).called
    return all(id(site.node) in called for site in function.sites if site.action == "read")


def _passed_by_keyword(module: Module, function: Variable, name: str) -> bool:
    called = _facts(module, _root(function.scope)).called
    calls = [called[id(site.node)] for site in function.sites if id(site.node) in called]
    return any(keyword.arg in (name, None) for call in calls for keyword in call.keywords)


def _lambda_is_private(module: Module, scope: Scope, node: ast.Lambda, name: str) -> bool:
    facts = _facts(module, _root(scope))
    if id(node) in facts.lambdas_by_position:
        return True
    target = facts.lambdas_named.get(id(node))
    if target is None:
        return False
    variable = analyse(module).owner[(id(target), "id", 0)]
    if variable.scope is None or variable.scope.kind != "function" or len(variable.binders()) != 1:
        return False
    only_called = all(id(site.node) in facts.called for site in variable.sites if site.action == "read")
    return only_called and not _passed_by_keyword(module, variable, name)


def _because_of_what_reads_names(module: Module, scope: Scope) -> str | None:
    reader = reader_of_names(module, scope)
    return f"may be read by {reader}, which sees names while the code runs" if reader else None


@lru_cache(maxsize=256)
def reader_of_names(module: Module, scope: Scope) -> str | None:
    """What in `scope` reads names while the code runs, such as "locals()"; None if nothing does."""
    bindings = analyse(module)
    called = _facts(module, _root(scope)).called
    for node in ast.walk(scope.node):
        if isinstance(node, ast.Name) and node.id in _DYNAMIC and bindings.owner[(id(node), "id", 0)].scope is None:
            call = called.get(id(node))
            if not (call and call.args and node.id in ("vars", "dir")):
                return f"{node.id}()"
        if isinstance(node, ast.Attribute) and node.attr in _FRAMES:
            return f"{node.attr}()"
        if isinstance(node, ast.Name) and node.id in _FRAMES:
            return f"{node.id}()"
    return None


def _because_it_is_shown(module: Module, variable: Variable) -> str | None:
    scope = variable.scope
    shown = _facts(module, _root(scope)).shown
    if any(id(site.node) in shown for site in variable.sites):
        return "is printed with its name by an f-string (`{name=}`)"
    if scope is not None and variable.name in _words_about_types(module, scope):
        return "is named in a type comment or in an annotation written as text"
    if scope is not None and variable.name in words_for_libraries(module, scope):
        return "is named in a string that a library may look up among the names of its caller"
    return None


@lru_cache(maxsize=256)
def words_for_libraries(module: Module, scope: Scope) -> frozenset[str]:
    """The words of strings around `scope` that a library may look up; none where nothing called there does such.

    Docstrings are apart, and strings that are one name alone, such as keys.
    """
    root = _root(scope)
    calls = _facts(module, root).called.values()
    if root is None or not any(_called_name(each) in _READ_STRINGS for each in calls):
        return frozenset()
    apart = {id(each.value) for each in ast.walk(root) if isinstance(each, ast.Expr)}
    strings = (each.value for each in ast.walk(root) if isinstance(each, ast.Constant) and id(each) not in apart)
    texts = (each for each in strings if isinstance(each, str) and not each.isidentifier())
    return frozenset(word for each in texts for word in _WORD.findall(each))


def _called_name(call: ast.Call) -> str:
    name: str = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name


@lru_cache(maxsize=256)
def _words_about_types(module: Module, scope: Scope) -> frozenset[str]:
    node = scope.node
    words: set[str] = set()
    if isinstance(node, ast.expr | ast.stmt):
        text = module.text[module.start(node) : module.line_end(node.end_lineno or node.lineno)]
        for comment in _TYPE_COMMENT.findall(text) if "type:" in text else ():
            words.update(_WORD.findall(comment))
    for each in ast.walk(node):
        for annotation in (getattr(each, "annotation", None), getattr(each, "returns", None)):
            if isinstance(annotation, ast.AST):
                for constant in ast.walk(annotation):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        words.update(_WORD.findall(constant.value))
    return frozenset(words)


def _root(scope: Scope | None) -> ast.AST | None:
    """The outermost function or lambda around `scope`: all that can call what is local to it."""
    functions = [each.node for each in scope.chain() if each.kind not in ("module", "class")] if scope else []
    return functions[-1] if functions else None


@lru_cache(maxsize=16)
def _facts(module: Module, root: ast.AST | None) -> _Facts:
    called: dict[int, ast.Call] = {}
    by_position: set[int] = set()
    named: dict[int, ast.Name] = {}
    for node in ast.walk(root) if root else ():
        if isinstance(node, ast.Call):
            called[id(node.func)] = node
            by_position.update(id(each) for each in _called_by_position(analyse(module), node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                named[id(node.value)] = target
    shown = {
        id(each)
        for field in analyse(module).formatted
        if _DEBUG_FIELD.match(module.text, module.end(field.value))
        for each in ast.walk(field.value)
    }
    return _Facts(
        called=called, lambdas_by_position=frozenset(by_position), lambdas_named=named, shown=frozenset(shown)
    )


def _called_by_position(bindings: Bindings, call: ast.Call) -> list[ast.Lambda]:
    """The lambdas of a call that are known to be called by position: `key=` of sorted, and the like."""
    function = call.func
    if isinstance(function, ast.Lambda):
        return [] if call.keywords else [function]
    name = ""
    if isinstance(function, ast.Name) and (function.id == "reduce" or _is_builtin(bindings, function)):
        name = function.id
    elif isinstance(function, ast.Attribute) and function.attr in ("sort", "reduce"):
        name = function.attr
    found: list[ast.expr] = [each.value for each in call.keywords if each.arg and each.arg == _BY_POSITION.get(name)]
    if name in _FIRST_BY_POSITION:
        found += call.args[:1]
    return [each for each in found if isinstance(each, ast.Lambda)]


def _is_builtin(bindings: Bindings, name: ast.Name) -> bool:
    return bindings.owner[(id(name), "id", 0)].scope is None


def enclosing_scopes(bindings: Bindings, node: FunctionNode) -> tuple[Scope, ...]:
    """The scopes of `node` and of everything nested in it."""
    own = bindings.scope_of(node)
    return tuple(scope for scope in bindings.scopes if scope.within(own))
