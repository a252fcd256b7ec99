"""What it would take to move some statements of a function into one of their own: what goes in, what comes back.

Refuses what cannot be moved without changing what the code does. Writing the new function belongs to `extract`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.bindings import Bindings, analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.flow import EXIT, Flow, flow_of
from parley_agent.python.module import DEFINITIONS, FunctionNode, Module
from parley_agent.python.visibility import reader_of_names, words_for_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley_agent.python.scope_tree import Scope, Site, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Statements that can be moved: the names they read (parameters of the new function) and those they give back.

    `returns`: they end the function, so the call is returned. `awaits`: the new function is asynchronous.
    """

    statements: tuple[ast.stmt, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    returns: bool
    awaits: bool


class Extraction:
    """One function, seen as a place to move statements from."""

    def __init__(self, module: Module, node: FunctionNode) -> None:
        self.module, self.node = module, node
        self.bindings: Bindings = analyse(module)
        self.scope: Scope = self.bindings.scope_of(node)
        reader = reader_of_names(module, self.scope)
        if reader:
            raise EditRefusedError("extract", f"{node.name} uses {reader}, which sees its names while the code runs.")
        if named := words_for_libraries(module, self.scope) & self.scope.variables.keys():
            raise EditRefusedError(
                "extract", f"{node.name} names {min(named)} in a string, for a library to look it up in there."
            )
        if getattr(node, "type_params", None):
            raise EditRefusedError("extract", f"{node.name} has type parameters, which a new function would not see.")
        self.flow: Flow = flow_of(node, self.bindings)
        self._generates = isinstance(node, ast.AsyncFunctionDef) and any(
            isinstance(each, ast.Yield) for each in _own(node.body)
        )
        body = {id(each) for each in ast.walk(node)}
        variables = (*self.bindings.variables(), *self.bindings.unbound.values())
        self._used = [each for each in variables if any(id(site.node) in body for site in each.sites)]

    def plan(self, statements: list[ast.stmt]) -> Plan:
        """The plan for consecutive statements of one block of the function."""
        own = list(_own(statements))
        inside = {id(each) for statement in statements for each in ast.walk(statement)}
        self._refuse_statements(statements, own)
        self._refuse_names(inside)
        part = self.flow.span_of(statements)
        returns = any(isinstance(each, ast.Return) for each in own)
        onward = {each for index in part for each in self.flow.steps[index].following if each not in part}
        if returns and onward != {EXIT}:
            raise _refused("they return in some cases and go on in others")
        return Plan(
            statements=tuple(statements),
            reads=self._reads(part, self._writes(part, onward), inside),
            writes=self._in_order(self._writes(part, onward), inside),
            returns=returns,
            awaits=any(isinstance(each, ast.Await | ast.AsyncFor | ast.AsyncWith) or _is_async(each) for each in own),
        )

    def _writes(self, part: range, onward: set[int]) -> frozenset[str]:
        steps = self.flow.steps
        written = frozenset(name for index in part for name in steps[index].surely | steps[index].maybe)
        removed = frozenset(name for index in part for name in steps[index].removes)
        failing = {each for index in part for each in steps[index].on_error if each not in part}
        lost = written & frozenset[str]().union(*(self.flow.needed[each] for each in failing))
        if lost:
            raise _refused(f"{min(lost)} is needed when an exception is handled, and would not come back")
        needed = frozenset[str]().union(*(self.flow.needed[each] for each in onward))
        if removed & needed:
            raise _refused(f"{min(removed & needed)} is unbound in them and used afterwards")
        return written & needed

    def _reads(self, part: range, writes: frozenset[str], inside: set[int]) -> tuple[str, ...]:
        needed = self.flow.needed_within(part, writes)
        assigned, possible = self.flow.assigned[part.start], self.flow.possible[part.start]
        unsure = sorted(needed - assigned)
        bound = {site.name for site in self._sites(inside) if site.action == "bind"}
        for name in unsure:
            if name in possible or name in writes or name not in bound:
                raise _refused(f"{name} may have no value there")
        return self._in_order(needed & assigned, inside)

    def _in_order(self, names: frozenset[str], inside: set[int]) -> tuple[str, ...]:
        places = [(_position(site.node), site.name) for site in self._sites(inside) if site.name in names]
        return tuple(dict.fromkeys(name for _, name in sorted(places)))

    def _sites(self, inside: set[int]) -> Iterator[Site]:
        for variable in self.scope.variables.values():
            yield from (site for site in variable.sites if id(site.node) in inside)

    def _refuse_statements(self, statements: list[ast.stmt], own: list[ast.AST]) -> None:
        if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in own):
            raise _refused("they yield")
        if any(isinstance(each, ast.Global | ast.Nonlocal) for each in own):
            raise _refused("they declare global or nonlocal names")
        if _jumps_out(statements):
            raise _refused("they break or continue a loop that is outside of them")
        if self._generates and any(isinstance(each, ast.Return) for each in own):
            raise _refused("they return from an asynchronous generator")
        if self.module.text.startswith("elif", self.module.start(statements[0])):
            raise _refused("they begin with elif")

    def _refuse_names(self, inside: set[int]) -> None:
        """Refuse what the new function could not assign, or would see otherwise than through its parameters."""
        for variable in self._used:
            sites = [site for site in variable.sites if id(site.node) in inside]
            if sites and variable.scope is self.scope:
                self._refuse_shared(variable, sites, inside)
            elif sites and not (variable.scope and variable.scope.within(self.scope)):
                if any(site.action != "read" for site in sites):
                    raise _refused(f"they assign {variable.name}, which belongs to the code around {self.node.name}")
                if variable.name in self.scope.outward and self._around(variable.name) is not variable:
                    raise _refused(f"{variable.name} would mean another variable there")

    def _around(self, name: str) -> Variable | None:
        return self.bindings.lookup(self.scope.parent or self.bindings.module, name)

    def _refuse_shared(self, variable: Variable, sites: list[Site], inside: set[int]) -> None:
        """A variable that a nested function keeps must not be split into two, one for each function."""
        outside = [site for site in variable.sites if id(site.node) not in inside]
        kept_outside = any(_is_kept(site, self.scope) for site in outside)
        assigned_by_kept = any(_is_kept(site, self.scope) and site.action != "read" for site in variable.sites)
        if assigned_by_kept or (kept_outside and any(site.action != "read" for site in sites)):
            raise _refused(f"{variable.name} is shared with a nested function")
        kept = any(_is_kept(site, self.scope) for site in sites)
        if kept and any(site.action != "read" and not isinstance(site.node, ast.arg) for site in outside):
            raise _refused(f"{variable.name} is shared with a nested function")
        if outside and any(site.action == "delete" for site in sites):
            raise _refused(f"they delete {variable.name}, which is used elsewhere")


def blocks_of(statements: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Every block of statements in a function's body, outer first, without those of nested definitions."""
    yield statements
    for statement in statements:
        if isinstance(statement, DEFINITIONS):
            continue
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list) and inner:
                yield from blocks_of(inner)
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from blocks_of(part.body)


def _refused(why: str) -> EditRefusedError:
    return EditRefusedError("extract", f"These lines cannot become a function of their own: {why}.")


def _own(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of statements, without those inside of nested functions, classes and lambdas."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and bool(node.is_async)


def _is_kept(site: Site, owner: Scope) -> bool:
    """Whether a site is in a scope that may outlive the step that makes it: not a comprehension that runs at once."""
    return any(
        scope.kind in ("function", "lambda", "class") or isinstance(scope.node, ast.GeneratorExp)
        for scope in site.scope.chain()
        if scope is not owner and scope.within(owner)
    )


def _jumps_out(statements: list[ast.stmt]) -> bool:
    for statement in statements:
        if isinstance(statement, ast.Break | ast.Continue):
            return True
        if isinstance(statement, ast.For | ast.AsyncFor | ast.While):
            inner = [statement.orelse]
        elif isinstance(statement, DEFINITIONS):
            inner = []
        else:
            inner = list(blocks_of([statement]))[1:]
        if any(_jumps_out(block) for block in inner):
            return True
    return False


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
