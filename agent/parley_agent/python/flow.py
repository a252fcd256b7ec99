"""How control and values flow through one function: a graph of its steps, and what is assigned and needed at each.

The graph errs to one side only: it has every path that the function can take, and some that it cannot. So "surely
assigned" and "not needed any more" can be relied on. Contexts that suppress exceptions are known by name.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.flow_values import Step, assigned_before, needed_before
from parley_agent.python.scope_walk import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parley_agent.python.bindings import Bindings
    from parley_agent.python.module import FunctionNode
    from parley_agent.python.scope_tree import Site

EXIT = 0
_SUPPRESSING = frozenset(
    {"suppress", "raises", "warns", "assertRaises", "assertRaisesRegex", "ExitStack", "AsyncExitStack"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A function's steps; `steps[EXIT]` is its end, `spans` tells which steps a statement became (a range of indices).

    `assigned` and `possible`: the names surely, and perhaps, assigned before each step. `needed`: the names that some
    step from there on may read before it assigns them.
    """

    steps: tuple[Step, ...]
    spans: Mapping[int, range]
    assigned: tuple[frozenset[str], ...]
    possible: tuple[frozenset[str], ...]
    needed: tuple[frozenset[str], ...]

    def span_of(self, statements: Iterable[ast.stmt]) -> range:
        """The steps of consecutive statements."""
        spans = [self.spans[id(each)] for each in statements]
        return range(spans[0].start, spans[-1].stop)

    def needed_within(self, part: range, after: frozenset[str]) -> frozenset[str]:
        """The names that `part` needs when it begins, if `after` are needed when it ends."""
        return needed_before(self.steps, part, after)[part.start]


def flow_of(node: FunctionNode, bindings: Bindings) -> Flow:
    """The flow of `node` over the variables of its own scope."""
    build = _Build(node, bindings)
    names = frozenset(each.arg for each in parameters(node))
    entry = build.spans[id(node.body[0])].start
    assigned, possible = assigned_before(build.steps, entry, names)
    needed = needed_before(build.steps, range(len(build.steps)), frozenset())
    return Flow(
        steps=tuple(build.steps),
        spans=build.spans,
        assigned=assigned,
        possible=possible,
        needed=tuple(needed[index] for index in range(len(build.steps))),
    )


class _Build:
    """Builds the graph statement by statement; a block's steps have consecutive indices."""

    def __init__(self, node: FunctionNode, bindings: Bindings) -> None:
        self.steps: list[Step] = [Step()]
        self.spans: dict[int, range] = {}
        scope = self._scope = bindings.scope_of(node)
        self._sites: dict[int, list[Site]] = {}
        for variable in scope.variables.values():
            for site in variable.sites:
                self._sites.setdefault(id(site.node), []).append(site)
        self._loops: list[tuple[set[int], int]] = []
        self._errors: list[set[int]] = []
        self._finals: list[int] = []
        ends = self._block(node.body, set())
        self._join(ends, EXIT)

    def _block(self, statements: list[ast.stmt], before: set[int]) -> set[int]:
        """Add `statements` behind the steps `before`; returns the steps that lead out of the block."""
        for statement in statements:
            start = len(self.steps)
            before = self._statement(statement, before)
            self.spans[id(statement)] = range(start, len(self.steps))
        return before

    def _step(self, before: set[int], *nodes: ast.AST | None) -> int:
        """A new step that evaluates `nodes`, behind the steps `before`."""
        step = Step(on_error=set().union(*self._errors[-1:]))
        self.steps.append(step)
        for node in nodes:
            for each in ast.walk(node) if node is not None else ():
                for site in self._sites.get(id(each), ()):
                    self._note(step, site)
            conditional = {id(each.target) for each in _walruses(node)}
            moved = {site.name for key in conditional for site in self._sites.get(key, ())}
            step.maybe |= moved
            step.surely -= moved
        self._join(before, len(self.steps) - 1)
        return len(self.steps) - 1

    def _note(self, step: Step, site: Site) -> None:
        if site.action == "read":
            step.uses.add(site.name)
        elif site.action == "bind" and site.scope is not self._scope:
            step.maybe.add(site.name)
        elif site.action == "bind":
            step.surely.add(site.name)
        elif site.action == "delete":
            step.removes.add(site.name)
            step.uses.add(site.name)

    def _join(self, before: Iterable[int], following: int) -> None:
        for index in before:
            self.steps[index].following.add(following)

    def _statement(self, node: ast.stmt, before: set[int]) -> set[int]:
        return getattr(self, _METHODS.get(type(node).__name__, "_simple"))(node, before)  # type: ignore[no-any-return]

    def _if(self, node: ast.If, before: set[int]) -> set[int]:
        test = self._step(before, node.test)
        return self._block(node.body, {test}) | self._block(node.orelse, {test})

    def _simple(self, node: ast.stmt, before: set[int]) -> set[int]:
        index = self._step(before, node)
        step = self.steps[index]
        if isinstance(node, ast.AugAssign):
            step.uses |= step.surely
        if isinstance(node, ast.AnnAssign) and node.value is None:
            step.surely.clear()
        return {index}

    def _loop(self, node: ast.While | ast.For | ast.AsyncFor, before: set[int]) -> set[int]:
        if isinstance(node, ast.While):
            head = self._step(before, node.test)
            inside = {head}
            endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        else:
            head = self._step({self._step(before, node.iter)})
            inside = {self._step({head}, node.target)}
            endless = False
        breaks: set[int] = set()
        self._loops.append((breaks, head))
        self._join(self._block(node.body, inside), head)
        self._loops.pop()
        return self._block(node.orelse, set() if endless else {head}) | breaks

    def _jump(self, node: ast.stmt, before: set[int]) -> set[int]:
        index = self._step(before, node)
        if self._finals and not isinstance(node, ast.Raise):
            self.steps[index].following.add(self._finals[-1])
        if isinstance(node, ast.Return):
            self.steps[index].following.add(EXIT)
        elif isinstance(node, ast.Break):
            self._loops[-1][0].add(index)
        elif isinstance(node, ast.Continue):
            self.steps[index].following.add(self._loops[-1][1])
        return set()

    def _with(self, node: ast.With | ast.AsyncWith, before: set[int]) -> set[int]:
        index = self._step(before, *node.items)
        names = {getattr(each, "id", getattr(each, "attr", "")) for item in node.items for each in ast.walk(item)}
        if not names & _SUPPRESSING:
            return self._block(node.body, {index})
        after = self._step(set())
        self._errors.append({after, *set().union(*self._errors[-1:])})
        ends = self._block(node.body, {index})
        self._errors.pop()
        self._join(ends, after)
        return {after}

    def _try(self, node: ast.stmt, before: set[int]) -> set[int]:
        body: list[ast.stmt] = getattr(node, "body", [])
        handlers: list[ast.ExceptHandler] = getattr(node, "handlers", [])
        orelse: list[ast.stmt] = getattr(node, "orelse", [])
        final: list[ast.stmt] = getattr(node, "finalbody", [])
        outer = set[int]().union(*self._errors[-1:])
        begin = self._step(before)
        final_entry = self._step(set()) if final else None
        caught = self._step(set())
        escaping = {final_entry} if final_entry is not None else outer
        self.steps[caught].following |= escaping
        if final_entry is not None:
            self._finals.append(final_entry)
        self._errors.append({caught})
        ends = self._block(body, {begin})
        self._errors[-1] = escaping
        ends = self._block(orelse, ends)
        for handler in handlers:
            ends |= self._handler(handler, caught)
        self._errors.pop()
        if final_entry is None:
            return ends
        self._finals.pop()
        self._join(ends, final_entry)
        return self._final(final, final_entry, outer)

    def _final(self, statements: list[ast.stmt], entry: int, outer: set[int]) -> set[int]:
        """A `finally` leads on, out of the function, to what is around it, and back to the loop it was left for."""
        ends = self._block(statements, {entry})
        for index in ends:
            self.steps[index].following |= {EXIT, *outer, *self._finals[-1:], *(head for _, head in self._loops[-1:])}
        if self._loops:
            self._loops[-1][0].update(ends)
        return ends

    def _handler(self, handler: ast.ExceptHandler, caught: int) -> set[int]:
        index = self._step({caught}, handler.type)
        if handler.name:
            self.steps[index].surely.add(handler.name)
        ends = self._block(handler.body, {index})
        if not handler.name:
            return ends
        last = self._step(ends)
        self.steps[last].removes.add(handler.name)
        return {last}

    def _match(self, node: ast.Match, before: set[int]) -> set[int]:
        subject = self._step(before, node.subject)
        ends: set[int] = set()
        untaken = {subject}
        for case in node.cases:
            tried = self._step(untaken, case.pattern, case.guard)
            captured = self._step({tried})
            self.steps[captured].surely |= self.steps[tried].surely
            self.steps[tried].maybe |= self.steps[tried].surely
            self.steps[tried].surely.clear()
            ends |= self._block(case.body, {captured})
            whole = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
            untaken = set() if whole else {tried}
        return ends | untaken


_METHODS = {
    "If": "_if",
    "While": "_loop",
    "For": "_loop",
    "AsyncFor": "_loop",
    "Try": "_try",
    "TryStar": "_try",
    "With": "_with",
    "AsyncWith": "_with",
    "Match": "_match",
    **dict.fromkeys(("Return", "Raise", "Break", "Continue"), "_jump"),
}


def _walruses(node: ast.AST | None) -> list[ast.NamedExpr]:
    return [] if node is None else [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
