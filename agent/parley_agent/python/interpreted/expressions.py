"""What expressions give: one function for each kind of node, no side effects but on the values of the run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from parley_agent.python.interpreted.frames import GivenUpError
from parley_agent.python.interpreted.operations import (
    EXCEPTIONS,
    FUNCTIONS,
    METHODS,
    bounded,
    check_arguments,
    compare,
    formatted,
    iterated,
    operate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley_agent.python.interpreted.frames import Frame, Value


def evaluate(node: ast.expr, frame: Frame) -> Value:
    """The value of `node`.

    Raises:
        GivenUpError, ImplausibleError: see there.
        Exception: what the code itself would raise.
    """
    frame.run.step()
    known = _KINDS.get(type(node))
    if known is None:
        raise GivenUpError(f"{type(node).__name__} is not interpreted")
    return known(node, frame)


def assign(target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind `value` to `target`.

    Raises:
        GivenUpError, Exception: as for `evaluate`.
    """
    match target:
        case ast.Name(id=name):
            (frame.holder_of(name) or frame).values[name] = value
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            if any(isinstance(each, ast.Starred) for each in targets):
                raise GivenUpError("a starred target")
            values = list(iterated(value))
            if len(values) != len(targets):
                raise ValueError("a different number of values to unpack")
            for each, one in zip(targets, values, strict=True):
                assign(each, one, frame)
        case ast.Subscript(value=held, slice=key):
            holder = evaluate(held, frame)
            holder[evaluate(key, frame)] = value
            bounded(holder)
        case _:
            raise GivenUpError(f"a {type(target).__name__} as a target")


def bound_names(node: ast.AST) -> frozenset[str]:
    """The names that the code directly in `node` binds, parameters apart."""
    found: set[str] = set()
    pending = list(ast.iter_child_nodes(node))
    while pending:
        each = pending.pop()
        match each:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name):
                found.add(name)
                continue
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
            case _:
                pass
        pending += ast.iter_child_nodes(each)
    return frozenset(found)


def _name(node: ast.Name, frame: Frame) -> Value:
    frame.run.read.add(node.id)
    if (holder := frame.holder_of(node.id)) is not None:
        if node.id not in holder.values:
            raise UnboundLocalError(node.id)
        return holder.values[node.id]
    top: Frame = frame
    while top.outer is not None:
        top = top.outer
    if node.id in top.values:
        return top.values[node.id]
    match frame.run.top_level.get(node.id):
        case ast.FunctionDef() as function:
            top.values[node.id] = frame.run.make_function(function, top)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            top.values[node.id] = evaluate(value, top)
        case None if node.id in FUNCTIONS:
            return FUNCTIONS[node.id]
        case None if node.id in EXCEPTIONS:
            return EXCEPTIONS[node.id]
        case _:
            raise GivenUpError(f"{node.id} is not interpreted")
    return top.values[node.id]


def _constant(node: ast.Constant, _: Frame) -> Value:
    if isinstance(node.value, bytes | complex) or node.value is Ellipsis:
        raise GivenUpError("a constant that is not interpreted")
    return node.value


def _bool_op(node: ast.BoolOp, frame: Frame) -> Value:
    value: Value = None
    for each in node.values:
        value = evaluate(each, frame)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _bin_op(node: ast.BinOp, frame: Frame) -> Value:
    left, right = evaluate(node.left, frame), evaluate(node.right, frame)
    return operate(node.op, left, right, is_model=frame.run.is_model)


def _unary_op(node: ast.UnaryOp, frame: Frame) -> Value:
    value = evaluate(node.operand, frame)
    match node.op:
        case ast.Not():
            return not value
        case ast.USub():
            return -value
        case ast.UAdd():
            return +value
        case _:
            return ~value


def _compared(node: ast.Compare, frame: Frame) -> bool:
    left_node, left = node.left, evaluate(node.left, frame)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(right_node, frame)
        with_none = any(isinstance(each, ast.Constant) and each.value is None for each in (left_node, right_node))
        if not compare(op, left, right, is_model=frame.run.is_model, with_none=with_none):
            return False
        left_node, left = right_node, right
    return True


def _if_exp(node: ast.IfExp, frame: Frame) -> Value:
    return evaluate(node.body if evaluate(node.test, frame) else node.orelse, frame)


def _elements(nodes: list[ast.expr], frame: Frame) -> list[Value]:
    values: list[Value] = []
    for each in nodes:
        if isinstance(each, ast.Starred):
            values += iterated(evaluate(each.value, frame))
        else:
            values.append(evaluate(each, frame))
    return values


def _dict(node: ast.Dict, frame: Frame) -> dict[Value, Value]:
    made: dict[Value, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            made.update(evaluate(value, frame))
        else:
            made[evaluate(key, frame)] = evaluate(value, frame)
    return dict(bounded(made))


def _subscript(node: ast.Subscript, frame: Frame) -> Value:
    return evaluate(node.value, frame)[evaluate(node.slice, frame)]


def _slice(node: ast.Slice, frame: Frame) -> slice:
    return slice(*(None if each is None else evaluate(each, frame) for each in (node.lower, node.upper, node.step)))


def _call(node: ast.Call, frame: Frame) -> Value:
    if isinstance(node.func, ast.Attribute):
        owner, name = evaluate(node.func.value, frame), node.func.attr
        if name not in METHODS.get(type(owner), ()) and (owner, name) != (dict, "fromkeys"):
            raise GivenUpError(f"{name} of {type(owner).__name__} is not interpreted")
        function = getattr(owner, name)
    else:
        owner, name = None, node.func.id if isinstance(node.func, ast.Name) else ""
        function = evaluate(node.func, frame)
    if not callable(function):
        raise TypeError(f"{function!r} is no function")
    positional = _elements(node.args, frame)
    if any(each.arg is None for each in node.keywords):
        raise GivenUpError("double-starred arguments")
    named = {str(each.arg): evaluate(each.value, frame) for each in node.keywords}
    if owner is not None or function in FUNCTIONS.values():
        check_arguments(name, positional, is_method=owner is not None)
    result = bounded(function(*positional, **named))
    bounded(owner)
    return result


def _attribute(node: ast.Attribute, frame: Frame) -> Value:
    """A method of text as a function, such as `str.strip`."""
    if evaluate(node.value, frame) is not str or node.attr not in METHODS[str]:
        raise GivenUpError("an attribute")
    return getattr(str, node.attr)


def _joined(node: ast.JoinedStr, frame: Frame) -> str:
    pieces: list[str] = []
    for each in node.values:
        if isinstance(each, ast.FormattedValue):
            value = evaluate(each.value, frame)
            spec = "" if each.format_spec is None else str(evaluate(each.format_spec, frame))
            pieces.append(formatted(repr(value) if each.conversion == ord("r") else value, spec))
        else:
            pieces.append(str(evaluate(each, frame)))
    return str(bounded("".join(pieces)))


def _comprehended(node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame) -> Iterator[Value]:
    inner = _comprehension_frame(node.generators, frame)
    # As in Python, the first source is looked at before anything else.
    source = iterated(evaluate(node.generators[0].iter, frame))
    return (evaluate(node.elt, inner) for _ in _rounds(node.generators, source, inner))


def _dict_comp(node: ast.DictComp, frame: Frame) -> dict[Value, Value]:
    inner = _comprehension_frame(node.generators, frame)
    source = iterated(evaluate(node.generators[0].iter, frame))
    return {evaluate(node.key, inner): evaluate(node.value, inner) for _ in _rounds(node.generators, source, inner)}


def _comprehension_frame(generators: list[ast.comprehension], frame: Frame) -> Frame:
    return frame.inner(frozenset().union(*(bound_names(each) for each in generators)))


def _rounds(generators: list[ast.comprehension], source: Iterator[Value], frame: Frame) -> Iterator[None]:
    first, rest = generators[0], generators[1:]
    if first.is_async:
        raise GivenUpError("an asynchronous comprehension")
    for value in source:
        frame.run.step()
        assign(first.target, value, frame)
        if not all(evaluate(each, frame) for each in first.ifs):
            continue
        if rest:
            yield from _rounds(rest, iterated(evaluate(rest[0].iter, frame)), frame)
        else:
            yield


def _named(node: ast.NamedExpr, frame: Frame) -> Value:
    value = evaluate(node.value, frame)
    assign(node.target, value, frame)
    return value


_KINDS = cast(
    "dict[type[ast.expr], Callable[[ast.expr, Frame], Value]]",
    {
        ast.Name: _name,
        ast.Constant: _constant,
        ast.BoolOp: _bool_op,
        ast.BinOp: _bin_op,
        ast.UnaryOp: _unary_op,
        ast.Compare: _compared,
        ast.IfExp: _if_exp,
        ast.List: lambda node, frame: bounded(_elements(node.elts, frame)),
        ast.Tuple: lambda node, frame: bounded(tuple(_elements(node.elts, frame))),
        ast.Set: lambda node, frame: bounded(set(_elements(node.elts, frame))),
        ast.Dict: _dict,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.Attribute: _attribute,
        ast.Call: _call,
        ast.JoinedStr: _joined,
        ast.ListComp: lambda node, frame: bounded(list(_comprehended(node, frame))),
        ast.SetComp: lambda node, frame: bounded(set(_comprehended(node, frame))),
        ast.GeneratorExp: _comprehended,
        ast.DictComp: _dict_comp,
        ast.NamedExpr: _named,
        ast.Lambda: lambda node, frame: frame.run.make_function(node, frame),
    },
)
