"""Moving statements of a function into a new function beside it: where that can be done, and the edit.

The result cannot be proved equal by comparing trees; it follows from the flow of values (`extract_plan`), and the moved
statements are shown to be the same.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from parley_agent.document import Span, TextEdit
from parley_agent.python.bindings import analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.extract_place import above, below
from parley_agent.python.extract_plan import Extraction, Plan, blocks_of
from parley_agent.python.lexer import lex
from parley_agent.python.module import FunctionNode, Module, function_at, read
from parley_agent.python.naming import problem_with
from parley_agent.python.proof import same_statements
from parley_agent.python.scope_walk import parameters
from parley_agent.python.scopes import undefined_names

_LONGEST_RUN, _MOST_PLANS = 8, 300
_MOST_READS, _MOST_WRITES = 6, 3
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_IMPLICIT_CLASS_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRange:
    """Lines (from 1, both included) that could become a function: the names it would take and give back."""

    first_line: int
    last_line: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]


def extractable(source: str, definition: Span) -> tuple[LineRange, ...]:
    """Candidates in the order of their lines: at least two lines of whole statements, with few names in and out.

    Not all there are: long functions have too many. The whole body is no candidate.
    """
    module = read(source)
    node = function_at(module, definition)
    try:
        extraction = Extraction(module, node)
    except EditRefusedError:
        return ()
    found: list[LineRange] = []
    for run in _runs(node):
        first, last = _first_line(run[0]), run[-1].end_lineno or run[-1].lineno
        if last == first or not _has_own_lines(module, run):
            continue
        try:
            plan = extraction.plan(run)
        except EditRefusedError:
            continue
        if len(plan.reads) <= _MOST_READS and len(plan.writes) <= _MOST_WRITES:
            found.append(LineRange(first_line=first, last_line=last, reads=plan.reads, writes=plan.writes))
    return tuple(sorted(found, key=lambda each: (each.first_line, each.last_line)))


def extract(source: str, definition: Span, first_line: int, last_line: int, name: str) -> str:
    """The text with the lines `first_line` to `last_line` (from 1, both included) moved into a new function `name`.

    The new function stands before a function and after a method. Refused if the lines are not whole statements of one
    block, if moving them would change what they do, or if `name` is taken.
    """
    module = read(source)
    node = function_at(module, definition)
    statements = _selected(module, node, first_line, last_line)
    extraction = Extraction(module, node)
    plan = extraction.plan(statements)
    is_method = extraction.scope.parent is not None and extraction.scope.parent.kind == "class"
    _refuse_name(module, name)
    writing = _Writing(module=module, node=node, plan=plan, name=name, owner=_owner(extraction) if is_method else None)
    result = module.edited(*writing.edits(_first_line_with_comments(module, statements, first_line)))
    _check(source, result, statements, name)
    return result


def _runs(node: FunctionNode) -> list[list[ast.stmt]]:
    body = _without_docstring(node)
    runs = [
        block[start:stop]
        for block in blocks_of(body)
        for start in range(len(block))
        for stop in range(start + 1, min(len(block), start + _LONGEST_RUN) + 1)
        if block[start:stop] != body
    ]
    return runs[:_MOST_PLANS]


def _without_docstring(node: FunctionNode) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def _selected(module: Module, node: FunctionNode, first_line: int, last_line: int) -> list[ast.stmt]:
    for block in blocks_of(_without_docstring(node)):
        inside = [each for each in block if first_line <= _first_line(each) and (each.end_lineno or 0) <= last_line]
        if inside and _is_covered(module, inside, first_line, last_line) and _has_own_lines(module, inside):
            return inside
    raise EditRefusedError(
        "extract", f"Lines {first_line} to {last_line} are not whole statements of one block of {node.name}."
    )


def _is_covered(module: Module, statements: list[ast.stmt], first_line: int, last_line: int) -> bool:
    """Whether the lines hold nothing beside the statements but comments."""
    if first_line < 1 or last_line > len(module.line_starts):
        return False
    start, end = module.line_starts[first_line - 1], module.line_end(last_line)
    first, last = module.line_starts[_first_line(statements[0]) - 1], module.end(statements[-1])
    around = (*lex(module.text, start, first), *lex(module.text, last, end))
    return all(token.kind in ("comment", "newline") for token in around)


def _has_own_lines(module: Module, statements: list[ast.stmt]) -> bool:
    line = _first_line(statements[0])
    before = module.text[module.line_starts[line - 1] : module.start(statements[0])]
    last = module.end(statements[-1])
    after = module.text[last : module.line_end(module.line_of(last))].strip()
    return not before.strip(" \t\f@") and (not after or after.startswith("#"))


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno


def _first_line_with_comments(module: Module, statements: list[ast.stmt], first_line: int) -> int:
    line = first_line
    while not module.text[module.line_starts[line - 1] : module.line_end(line)].strip():
        line += 1
    return min(line, _first_line(statements[0]))


def _refuse_name(module: Module, name: str) -> None:
    clause = problem_with(name)
    if clause:
        raise EditRefusedError("name", f"{name!r} {clause}.")
    bindings = analyse(module)
    names = {each.name for each in (*bindings.variables(), *bindings.unbound.values())}
    names |= {node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    if name in names:
        raise EditRefusedError("name", f"{name!r} is in use already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """How a method reaches its siblings: through `receiver`, and with which decorator a sibling needs."""

    receiver: str
    is_class: bool


def _owner(extraction: Extraction) -> _Owner:
    node = extraction.node
    decorators = {getattr(each, "id", "") for each in node.decorator_list}
    positional = [*node.args.posonlyargs, *node.args.args]
    if "staticmethod" in decorators or not positional:
        raise EditRefusedError("extract", f"{node.name} is a static method, which cannot call one of its siblings.")
    receiver = positional[0].arg
    if len(extraction.scope.variables[receiver].binders()) > 1:
        raise EditRefusedError("extract", f"{node.name} assigns {receiver}, so its siblings cannot be reached.")
    is_class = "classmethod" in decorators or node.name in _IMPLICIT_CLASS_METHODS
    return _Owner(receiver=receiver, is_class=is_class or (receiver == "cls" and bool(decorators)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """The text of a new function and of its call."""

    module: Module
    node: FunctionNode
    plan: Plan
    name: str
    owner: _Owner | None

    def edits(self, first_line: int) -> tuple[TextEdit, TextEdit]:
        """The call in place of the lines from `first_line` on, and the new function at its place."""
        module = self.module
        last_line = self.plan.statements[-1].end_lineno or 0
        span = Span(start=module.line_starts[first_line - 1], end=module.line_end(last_line))
        indent = module.indent_of(_first_line(self.plan.statements[0]))
        function = self._function(span, indent)
        placed = below(module, self.node, function) if self.owner else above(module, self.node, function)
        return TextEdit(span=span, new_text=f"{indent}{self._call()}"), placed

    def _call(self) -> str:
        reads = [each for each in self.plan.reads if self.owner is None or each != self.owner.receiver]
        function = f"{self.owner.receiver}.{self.name}" if self.owner else self.name
        call = f"{'await ' if self.plan.awaits else ''}{function}({', '.join(reads)})"
        if self.plan.returns:
            return f"return {call}"
        return f"{', '.join(self.plan.writes)} = {call}" if self.plan.writes else call

    def _function(self, span: Span, old_indent: str) -> str:
        newline, outer = self.module.newline(), self.module.indent_of(self.node.lineno)
        indent = outer + self.module.indent_unit()
        reads = [each for each in self.plan.reads if self.owner is None or each != self.owner.receiver]
        arguments = [self._parameter(each) for each in reads]
        decorator, first = self._method_parts()
        word = "async def" if self.plan.awaits else "def"
        header = f"{outer}{word} {self.name}({', '.join([*first, *arguments])}){self._returns()}:"
        body = _reindented(self.module.text, span, old_indent, indent).rstrip(" \t\r\n")
        lines = [*([f"{outer}{decorator}"] if decorator else []), header, body]
        if self.plan.writes and not self.plan.returns:
            lines.append(f"{indent}return {', '.join(self.plan.writes)}")
        return newline.join(lines)

    def _method_parts(self) -> tuple[str, list[str]]:
        """The decorator of a new method, and its receiver as first parameter; a method that needs none is static."""
        if self.owner is None:
            return "", []
        inside = {node.id for each in self.plan.statements for node in ast.walk(each) if isinstance(node, ast.Name)}
        if not self.owner.is_class and not inside & {self.owner.receiver, "super", "__class__"}:
            return "@staticmethod", []
        return "@classmethod" if self.owner.is_class else "", [self.owner.receiver]

    def _parameter(self, name: str) -> str:
        """A parameter with the hint that it has in the function it comes from, if it is passed on as it came."""
        plain = (*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs)
        found = next((each for each in parameters(self.node) if each.arg == name and each in plain), None)
        variable = analyse(self.module).scope_of(self.node).variables[name]
        if found is None or found.annotation is None or len(variable.binders()) > 1:
            return name
        return f"{name}: {' '.join(self.module.text_of(found.annotation).split())}"

    def _returns(self) -> str:
        if self.node.returns is None:
            return ""
        if self.plan.returns and "\n" not in self.module.text_of(self.node.returns):
            return f" -> {self.module.text_of(self.node.returns)}"
        return "" if self.plan.writes or self.plan.returns else " -> None"


def _reindented(text: str, span: Span, old: str, new: str) -> str:
    """The lines of `span` with the indent `old` changed to `new`; lines that begin inside a string stay as they are."""
    strings = [token.span for token in lex(text, span.start, span.end) if token.kind == "string"]
    pieces: list[str] = []
    for match in _LINE.finditer(text, span.start, span.end):
        line = match.group()
        in_string = any(each.start < match.start() < each.end for each in strings)
        pieces.append(new + line[len(old) :] if line.startswith(old) and line.strip() and not in_string else line)
    return "".join(pieces)


def _check(source: str, result: str, statements: list[ast.stmt], name: str) -> None:
    """Refuse a result that does not hold the same statements or has names that nothing defines."""
    after = read(result)
    new = [each for each in ast.walk(after.tree) if isinstance(each, FunctionNode) and each.name == name]
    if len(new) != 1 or not same_statements(statements, new[0].body[: len(statements)]):
        raise EditRefusedError("unproved", "The lines could not be moved without changing them.")
    unknown = undefined_names(result) - undefined_names(source)
    if unknown:
        raise EditRefusedError("unproved", f"The new function would not know {min(unknown)}.")
