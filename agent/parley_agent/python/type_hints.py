"""Type hints for a function's parameters and result: which are missing, which answers can be used, and the edit."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit
from parley_agent.python.by_parts import same_without_annotations
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.imports import import_edits
from parley_agent.python.layout import header_colon
from parley_agent.python.lexer import lex
from parley_agent.python.module import FunctionNode, Module, definitions, function_at, read, whole_span
from parley_agent.python.returns import problem_with_return
from parley_agent.python.scope_walk import parameters
from parley_agent.python.type_expressions import TypeExpression, check_type
from parley_agent.python.type_scope import TypeScope

if TYPE_CHECKING:
    from collections.abc import Mapping

RETURN = "return"

_TYPE_COMMENT = re.compile(r"#\s*type:\s*(?!ignore\b)")
_ASSIGN = re.compile(r"\s*=\s*")
_READS_ANNOTATIONS = frozenset(
    {
        "beartype",
        "command",
        "callback",
        "dispatch",
        "inject",
        "overload",
        "register",
        "singledispatch",
        "tool",
        "typechecked",
    }
    | {"delete", "get", "head", "options", "patch", "post", "put", "websocket", "validate_arguments", "validate_call"}
)


def unannotated(source: str, definition: Span) -> tuple[str, ...]:
    """The parameters without a type hint, in order, then "return" if the result has none; never `self` or `cls`."""
    module = read(source)
    return _missing(module, function_at(module, definition))


def add_hints(source: str, definition: Span, hints: Mapping[str, str]) -> str:
    """The text with each type hint written at its parameter ("return": the result) and what it needs imported.

    All or nothing: the first hint that is no type of this scope refuses the edit.
    """
    target = _Target.at(source, definition)
    checked = {name: target.check(name, written) for name, written in hints.items()}
    if not checked:
        return source
    edits = [target.edit(name, hint) for name, hint in checked.items()]
    needed = {each for hint in checked.values() for each in hint.imports}
    module = target.module
    result = module.edited(*edits, *import_edits(module, needed, whole_span(module, target.node).start))
    if not same_without_annotations(source, result):
        raise EditRefusedError(
            "unproved", "The hints need an import that could change what another name in this file means."
        )
    return result


def usable_hints(source: str, definition: Span, hints: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of a model's answer that `add_hints` will take, and a sentence for each hint that it will not."""
    with suppress(EditRefusedError):
        add_hints(source, definition, hints)
        return dict(hints), ()
    target = _Target.at(source, definition)
    kept: dict[str, str] = {}
    problems: list[str] = []
    for name, written in hints.items():
        try:
            target.check(name, written)
            add_hints(source, definition, {name: written})
        except EditRefusedError as error:
            problems.append(f"{name}: {error.reason}")
        else:
            kept[name] = written
    return kept, tuple(problems)


def _missing(module: Module, node: FunctionNode) -> tuple[str, ...]:
    found = parameters(node)
    if _is_method(module, node) and found and not _has_decorator(node, "staticmethod"):
        found = tuple(each for each in found if each is not (*node.args.posonlyargs, *node.args.args, None)[0])
    names = tuple(each.arg for each in found if each.annotation is None)
    return (*names, RETURN) if node.returns is None else names


def _is_method(module: Module, node: FunctionNode) -> bool:
    return any(isinstance(each, ast.ClassDef) and node in each.body for each in definitions(module.tree))


def _has_decorator(node: FunctionNode, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in node.decorator_list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The function that gets hints, and the names that its hints can use."""

    module: Module
    node: FunctionNode
    missing: tuple[str, ...]
    scope: TypeScope

    @classmethod
    def at(cls, source: str, definition: Span) -> _Target:
        module = read(source)
        node = function_at(module, definition)
        refuse_what_reads_hints(module, node)
        return cls(module=module, node=node, missing=_missing(module, node), scope=TypeScope(module, node))

    def check(self, name: str, written: str) -> TypeExpression:
        """The hint for `name`, checked against its scope, its default and what the function returns."""
        if name not in self.missing:
            raise EditRefusedError("not-missing", f"{self.node.name} has no parameter {name!r} without a type hint.")
        if name == RETURN:
            hint = check_type(written, self.scope)
            problem = problem_with_return(self.node, hint)
            if problem:
                raise EditRefusedError("return", problem)
            return hint
        default = _default(self.node, name)
        is_none = isinstance(default, ast.Constant) and default.value is None
        hint = check_type(written, self.scope, optional=is_none)
        if isinstance(default, ast.Constant) and not is_none:
            _refuse_other_default(default, hint)
        return hint

    def edit(self, name: str, hint: TypeExpression) -> TextEdit:
        """The splice that writes a hint."""
        if name == RETURN:
            at = self._closing_parenthesis()
            return TextEdit(span=Span(start=at, end=at), new_text=f" -> {hint.text}")
        parameter = next(each for each in parameters(self.node) if each.arg == name)
        end = self.module.end(parameter)
        default = _default(self.node, name)
        if default is None:
            return TextEdit(span=Span(start=end, end=end), new_text=f": {hint.text}")
        equals = _ASSIGN.match(self.module.text, end)
        plain = equals is not None and "\n" not in equals.group() and "\r" not in equals.group()
        stop, sign = (equals.end(), " = ") if equals is not None and plain else (end, "")
        return TextEdit(span=Span(start=end, end=stop), new_text=f": {hint.text}{sign}")

    def _closing_parenthesis(self) -> int:
        colon = header_colon(self.module, self.node)
        ends = [token.span.end for token in lex(self.module.text, self._after_parameters(), colon) if token.text == ")"]
        return ends[-1]

    def _after_parameters(self) -> int:
        ends = [self.module.end(each) for each in parameters(self.node)]
        defaults = [*self.node.args.defaults, *(each for each in self.node.args.kw_defaults if each)]
        return max([self.module.start(self.node), *ends, *(self.module.end(each) for each in defaults)])


def refuse_what_reads_hints(module: Module, node: FunctionNode) -> None:
    """Refuse a function whose hints are read when the code runs.

    Raises:
        EditRefusedError: a decorator may read them, or there is a type comment beside them.
    """
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name in _READS_ANNOTATIONS:
            raise EditRefusedError(
                "decorator",
                f"@{ast.unparse(function)} may read type hints when the code runs: adding some could change it.",
            )
    header = module.text[module.start(node) : module.line_end(node.body[0].lineno)]
    if any(token.kind == "comment" and _TYPE_COMMENT.match(token.text) for token in lex(header)):
        raise EditRefusedError("type-comment", f"{node.name} has its types in a type comment already.")


def _default(node: FunctionNode, name: str) -> ast.expr | None:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
    pairs += [
        (each, default) for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default
    ]
    return next((default for each, default in pairs if each.arg == name), None)


def _refuse_other_default(default: ast.Constant, hint: TypeExpression) -> None:
    """A default that is a plain value must fit a hint that is made of plain types only."""
    plain: dict[str, tuple[type, ...]] = {
        "bool": (bool,), "int": (int,), "float": (int, float), "str": (str,), "bytes": (bytes,), "None": (),
        "complex": (int, float, complex), "list": (), "dict": (), "set": (), "tuple": (), "frozenset": (),
    }  # fmt: skip
    if not hint.origins <= plain.keys():
        return
    if not any(isinstance(default.value, plain[origin]) for origin in hint.origins):
        raise EditRefusedError("default", f"the default {ast.unparse(default)} is no {hint.text}.")
