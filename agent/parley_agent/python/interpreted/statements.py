"""What statements do, and calls of the functions that they make up. What expressions give belongs to `expressions`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from parley_agent.python.interpreted.expressions import assign, bound_names, evaluate
from parley_agent.python.interpreted.frames import GivenUpError, ImplausibleError, Value
from parley_agent.python.interpreted.operations import EXCEPTIONS, bounded, iterated, operate

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_agent.python.interpreted.frames import Frame, FunctionNode


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Function:
    """A function of the code, with the names around it; called like any other."""

    node: FunctionNode
    around: Frame

    def __call__(self, *positional: Value, **named: Value) -> Value:
        """What the body returns."""
        run = self.around.run
        parameters = self.node.args
        names = {each.arg for each in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs)}
        frame = self.around.inner(bound_names(self.node) | names)
        frame.values.update(self._bound(positional, named))
        run.enter()
        try:
            if isinstance(self.node, ast.Lambda):
                return evaluate(self.node.body, frame)
            ended = execute(self.node.body, frame)
            return ended.value if isinstance(ended, _Returned) else None
        finally:
            run.leave()

    def __repr__(self) -> str:
        raise GivenUpError("a function as text")

    def _bound(self, positional: tuple[Value, ...], named: dict[str, Value]) -> dict[str, Value]:
        parameters = self.node.args
        if (
            parameters.vararg
            or parameters.kwarg
            or (isinstance(self.node, ast.FunctionDef) and not _is_plain(self.node))
        ):
            raise GivenUpError("a function that is not interpreted")
        by_place = [each.arg for each in (*parameters.posonlyargs, *parameters.args)]
        by_name = {each.arg for each in (*parameters.args, *parameters.kwonlyargs)}
        if len(positional) > len(by_place) or not named.keys() <= by_name:
            raise TypeError("unexpected arguments")
        values = dict(zip(by_place, positional, strict=False))
        if values.keys() & named.keys():
            raise TypeError("an argument that is given twice")
        values |= named
        defaults = dict(zip(reversed(by_place), reversed(parameters.defaults), strict=False))
        defaults |= {
            each.arg: default
            for each, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
            if default is not None
        }
        for name in (*by_place, *(each.arg for each in parameters.kwonlyargs)):
            if name in values:
                continue
            if name not in defaults:
                raise TypeError(f"{name} is missing")
            if not isinstance(defaults[name], ast.Constant):
                raise GivenUpError("a default that is not plain")
            values[name] = evaluate(defaults[name], self.around)
        return values


def execute(statements: list[ast.stmt], frame: Frame) -> Ending:
    """Carry out a block; how it ended.

    Raises:
        GivenUpError, ImplausibleError: see there.
        Exception: what the code itself would raise.
    """
    for each in statements:
        frame.run.step()
        known = _KINDS.get(type(each))
        if known is None:
            raise GivenUpError(f"{type(each).__name__} is not interpreted")
        if (ended := known(each, frame)) is not None:
            return ended
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Returned:
    value: Value


Ending = Literal["break", "continue"] | _Returned | None


def _is_plain(node: ast.FunctionDef) -> bool:
    return not node.decorator_list and not any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _expression(node: ast.Expr, frame: Frame) -> None:
    evaluate(node.value, frame)


def _assign(node: ast.Assign, frame: Frame) -> None:
    value = evaluate(node.value, frame)
    for target in node.targets:
        assign(target, value, frame)


def _annotated(node: ast.AnnAssign, frame: Frame) -> None:
    if node.value is not None:
        assign(node.target, evaluate(node.value, frame), frame)


def _augmented(node: ast.AugAssign, frame: Frame) -> None:
    is_model = frame.run.is_model
    match node.target:
        case ast.Name(id=name):
            held = evaluate(ast.Name(id=name, ctx=ast.Load()), frame)
            value = operate(node.op, held, evaluate(node.value, frame), is_model=is_model, in_place=True)
            assign(node.target, value, frame)
        case ast.Subscript(value=owner_node, slice=key_node):
            owner, key = evaluate(owner_node, frame), evaluate(key_node, frame)
            held = owner[key]
            owner[key] = operate(node.op, held, evaluate(node.value, frame), is_model=is_model, in_place=True)
            bounded(owner)
        case _:
            raise GivenUpError("an attribute as a target")


def _if(node: ast.If, frame: Frame) -> Ending:
    return execute(node.body if evaluate(node.test, frame) else node.orelse, frame)


def _while(node: ast.While, frame: Frame) -> Ending:
    while evaluate(node.test, frame):
        match execute(node.body, frame):
            case "break":
                return None
            case _Returned() as returned:
                return returned
            case _:
                pass
    return execute(node.orelse, frame)


def _for(node: ast.For, frame: Frame) -> Ending:
    for value in iterated(evaluate(node.iter, frame)):
        frame.run.step()
        assign(node.target, value, frame)
        match execute(node.body, frame):
            case "break":
                return None
            case _Returned() as returned:
                return returned
            case _:
                pass
    return execute(node.orelse, frame)


def _return(node: ast.Return, frame: Frame) -> Ending:
    return _Returned(value=None if node.value is None else evaluate(node.value, frame))


def _raise(node: ast.Raise, frame: Frame) -> Ending:
    if node.exc is None:
        raise GivenUpError("a bare raise")
    raised = evaluate(node.exc, frame)
    if isinstance(raised, type):
        raised = raised()
    if not isinstance(raised, Exception):
        raise TypeError("exceptions must derive from BaseException")
    frame.run.raised.append(raised)
    raise raised


def _assert(node: ast.Assert, frame: Frame) -> None:
    if not evaluate(node.test, frame):
        raised = AssertionError()
        frame.run.raised.append(raised)
        raise raised


def _try(node: ast.Try, frame: Frame) -> Ending:
    if node.finalbody:
        raise GivenUpError("finally is not interpreted")
    try:
        ended = execute(node.body, frame)
    except (GivenUpError, ImplausibleError):
        raise
    except tuple(EXCEPTIONS.values()) as error:
        for handler in node.handlers:
            if isinstance(error, _caught(handler, frame)):
                if handler.name:
                    frame.values[handler.name] = error
                return execute(handler.body, frame)
        raise
    return ended if ended is not None else execute(node.orelse, frame)


def _caught(handler: ast.ExceptHandler, frame: Frame) -> tuple[type[Exception], ...]:
    if handler.type is None:
        return (Exception,)
    found = evaluate(handler.type, frame)
    kinds = found if isinstance(found, tuple) else (found,)
    if not all(each in EXCEPTIONS.values() for each in kinds):
        raise GivenUpError("exceptions that are not interpreted")
    return kinds


def _function(node: ast.FunctionDef, frame: Frame) -> None:
    assign(ast.Name(id=node.name, ctx=ast.Store()), frame.run.make_function(node, frame), frame)


def _pass(_node: ast.Pass, _frame: Frame) -> Ending:
    return None


def _break(_node: ast.Break, _frame: Frame) -> Ending:
    return "break"


def _continue(_node: ast.Continue, _frame: Frame) -> Ending:
    return "continue"


_KINDS = cast(
    "dict[type[ast.stmt], Callable[[ast.stmt, Frame], Ending]]",
    {
        ast.Expr: _expression,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.If: _if,
        ast.While: _while,
        ast.For: _for,
        ast.Return: _return,
        ast.Raise: _raise,
        ast.Assert: _assert,
        ast.Try: _try,
        ast.FunctionDef: _function,
        ast.Pass: _pass,
        ast.Break: _break,
        ast.Continue: _continue,
    },
)
