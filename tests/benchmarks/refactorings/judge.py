"""The verdict on a refactoring that landed: done, or wrong and why. It shares no code with the product's own checks.

Wrong is: the document behaves otherwise than it must, what was asked for is not there, or something changed that the
task class has no business with.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from benchmarks.refactorings.behaviour import Behaviour, behaviour
from parley_agent.refactor.tasks import TASKS, Region, TaskClass
from parley_agent.syntax import definitions, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.refactorings.cases import Case

_IMPORT = re.compile(r"\s*(import|from)\b")
_BRANCHES = re.compile(r"\b(?:if|elif|else|for|while|case|switch|break|continue|return)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a case ended: `reason` tells what is wrong, or why it was refused; empty when it was completed."""

    kind: Literal["completed", "refused", "wrong"]
    reason: str = ""


def judge(case: Case, after: str) -> Verdict:
    """The verdict on `after` as the refactored document of `case`: completed or wrong."""
    for problem in (_outside(case, after), _asked(case, after), _marks(case, after)):
        if problem:
            return Verdict(kind="wrong", reason=problem)
    run, expected = behaviour(case, after), expected_behaviour(case)
    if run.same_as(expected):
        return Verdict(kind="completed")
    told = f"behaves otherwise: exit code {run.exit_code}, {run.output!r} for {expected.output!r}; {run.complaint}"
    return Verdict(kind="wrong", reason=told)


def expected_behaviour(case: Case) -> Behaviour:
    """What the refactored document must do: what it did before, unless the case says otherwise."""
    if case.output is None:
        return behaviour(case, case.text)
    return Behaviour(output=case.output, exit_code=0, complaint="")


def _outside(case: Case, after: str) -> str | None:
    """What changed before or after the definition, where only imports may, and only for some task classes."""
    span = case.definition.span
    head, tail = case.text[: span.start], case.text[span.end :]
    if not after.endswith(tail):
        return "something changed after the definition"
    kept = after[: len(after) - len(tail)]
    if kept.startswith(head):
        return None
    if Region.IMPORTS not in TASKS[case.task].regions:
        return "something changed before the definition"
    lines = _code_lines(head)
    if _code_lines(kept)[: len(lines)] != lines:
        return "something other than imports changed before the definition"
    return None


def _code_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not _IMPORT.match(line)]


def _marks(case: Case, after: str) -> str | None:
    if case.absent and re.search(case.absent, after):
        return f"{case.absent} is still there"
    if case.present and not re.search(case.present, after):
        return f"{case.present} is not there"
    return None


def _asked(case: Case, after: str) -> str | None:
    if after == case.text:
        return "nothing changed"
    return _ASKED[case.task](case, after)


def _renamed(case: Case, after: str) -> str | None:
    olds, news = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (case.text, after))
    if len(olds) != len(news):
        return "more than names changed"
    pairs = {(old, new) for old, new in zip(olds, news, strict=True) if old != new}
    if not {old for old, _ in pairs} <= case.names:
        return f"names changed that may not: {sorted({old for old, _ in pairs} - case.names)}"
    if len({old for old, _ in pairs}) != len(pairs) or len({new for _, new in pairs}) != len(pairs):
        return f"names changed inconsistently: {sorted(pairs)}"
    return None


def _documented(case: Case, after: str) -> str | None:
    if case.language.id == "python":
        name = case.definition.name
        before_tree, after_tree = ast.parse(case.text), ast.parse(after)
        if not _docstring_of(after_tree, name):
            return "there is no docstring"
        if ast.dump(_undocumented(after_tree, name)) != ast.dump(_undocumented(before_tree, name)):
            return "more than the docstring changed"
        return None
    added = _added_lines(case.text, after)
    if added is None:
        return "lines were changed or taken away"
    said = [line for line in added if re.search(r"\w", line)]
    if not said or not all(re.match(r"\s*(/\*\*|\*|//)", line) for line in added):
        return "what was added is no doc comment"
    return None


def _added_lines(before: str, after: str) -> list[str] | None:
    """The lines that `after` has beyond those of `before`; None if any of those is gone or moved."""
    olds, news = before.splitlines(), after.splitlines()
    added: list[str] = []
    for tag, _, _, start, end in SequenceMatcher(a=olds, b=news, autojunk=False).get_opcodes():
        if tag == "insert":
            added += news[start:end]
        elif tag != "equal":
            return None
    return added


def _docstring_of(tree: ast.Module, name: str) -> str | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node)
    return None


def _undocumented(tree: ast.Module, name: str) -> ast.Module:
    for node in ast.walk(tree):
        is_target = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
        if is_target and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree


class _Unhinted(ast.NodeTransformer):
    """Takes annotations and imports away."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """Drop it."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Drop it."""


def _hinted(case: Case, after: str) -> str | None:
    before_tree, after_tree = ast.parse(case.text), ast.parse(after)
    if _hint_count(after_tree) <= _hint_count(before_tree):
        return "no hint was added"
    if ast.dump(_Unhinted().visit(after_tree)) != ast.dump(_Unhinted().visit(before_tree)):
        return "more than hints changed"
    return None


def _hint_count(tree: ast.Module) -> int:
    arguments = sum(isinstance(node, ast.arg) and node.annotation is not None for node in ast.walk(tree))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return arguments + sum(node.returns is not None for node in functions)


def _extracted(case: Case, after: str) -> str | None:
    names = [each.name for each in definitions(parse(after, case.language))]
    new = [name for name in names if name not in {each.name for each in definitions(parse(case.text, case.language))}]
    if case.definition.name not in names:
        return f"{case.definition.name} is gone"
    if len(new) != 1:
        return f"new functions: {new}, instead of one"
    if len(re.findall(rf"\b{new[0]}\b", after)) < 2:
        return f"{new[0]} is never called"
    return None


def _simplified(case: Case, after: str) -> str | None:
    tokens = [len(re.findall(r"\w+|[^\w\s]", text)) for text in (case.text, after)]
    branches = [len(_BRANCHES.findall(text)) for text in (case.text, after)]
    if tokens[1] >= tokens[0] and branches[1] >= branches[0]:
        return "it is no simpler"
    return None


def _fixed(case: Case, after: str) -> str | None:
    """What a fix must do, the case says by its output and patterns; here only that the definition is still there."""
    names = {each.name for each in definitions(parse(after, case.language))}
    return None if case.definition.name in names else f"{case.definition.name} is gone"


_ASKED: dict[TaskClass, Callable[[Case, str], str | None]] = {
    TaskClass.RENAME: _renamed,
    TaskClass.DOCSTRING: _documented,
    TaskClass.TYPE_HINTS: _hinted,
    TaskClass.EXTRACT_FUNCTION: _extracted,
    TaskClass.SIMPLIFY: _simplified,
    TaskClass.FIX_DIAGNOSTICS: _fixed,
}
