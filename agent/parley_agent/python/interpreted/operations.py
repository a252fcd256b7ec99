"""What plain values can do: operators, methods and functions that touch nothing but their operands, bounded in size."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

from parley_agent.python.interpreted.frames import GivenUpError, ImplausibleError, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_LENGTH = 2_000
_MAX_BITS = 256
_MAX_DEPTH = 12
_SHORT_FORMAT = re.compile(r"(?:[ *0]?[<>^])?[+ ]?0?\d{0,2},?(?:\.\d)?[defgsx%]?")
_SIZED = (str, list, tuple, dict, set, frozenset, range)
_NUMBERS = (int, float)

OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Pow: operator.pow,
}
IN_PLACE: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.BitAnd: operator.iand,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
FUNCTIONS: dict[str, Value] = {
    each.__name__: each
    for each in (
        abs, all, any, bool, chr, dict, divmod, enumerate, filter, float, frozenset, int, isinstance, len, list, map,
        max, min, ord, range, reversed, round, set, sorted, str, sum, tuple, zip,
    )
}  # fmt: skip
EXCEPTIONS: dict[str, type[Exception]] = {
    each.__name__: each
    for each in (
        ArithmeticError, AssertionError, AttributeError, Exception, IndexError, KeyError, LookupError,
        NotImplementedError, RuntimeError, StopIteration, TypeError, ValueError, ZeroDivisionError,
    )
}  # fmt: skip
_OF_TEXT = """
    capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit isidentifier islower
    isnumeric isspace istitle isupper join lower lstrip partition removeprefix removesuffix replace rfind rindex
    rpartition rsplit rstrip split splitlines startswith strip swapcase title upper
"""
_OF_SETS = """
    add clear copy difference discard intersection isdisjoint issubset issuperset remove symmetric_difference
    union update
"""
METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_OF_TEXT.split()),
    list: frozenset(
        ["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"]
    ),
    tuple: frozenset(["count", "index"]),
    dict: frozenset(["clear", "copy", "get", "items", "keys", "pop", "setdefault", "update", "values"]),
    set: frozenset(_OF_SETS.split()),
    frozenset: frozenset(["difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"]),
    int: frozenset(["bit_length"]),
    float: frozenset(["is_integer"]),
}
# These give the same whatever order a set is gone through in.
ORDERLESS = frozenset({"all", "any", "bool", "frozenset", "isinstance", "len", "max", "min", "set", "sorted"})


def bounded(value: Value) -> Value:
    """`value`, if it is small.

    Raises:
        GivenUpError: it is not.
    """
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise GivenUpError("a number is too large")
    if isinstance(value, _SIZED) and _weight(value, _MAX_DEPTH) > _MAX_LENGTH:
        raise GivenUpError("a value is too large")
    return value


def operate(op: ast.operator, left: Value, right: Value, *, is_model: bool, in_place: bool = False) -> Value:
    """What a binary operator gives.

    Raises:
        GivenUpError: it is not known here, or gives something large.
        ImplausibleError: in the model, it reckons with True or False.
    """
    table = IN_PLACE if in_place and type(op) in IN_PLACE else OPERATORS
    if type(op) not in table:
        raise GivenUpError("an operator that is not interpreted")
    if in_place and hasattr(right, "__next__"):
        raise GivenUpError("what is gone through once, added")
    if is_model and isinstance(left, bool) != isinstance(right, bool):
        raise ImplausibleError("reckons with a truth")
    if isinstance(op, ast.Pow) and not _is_small_power(left, right):
        raise GivenUpError("a power that may be large")
    if isinstance(op, ast.Mod) and isinstance(left, str):
        raise GivenUpError("formatting by %")
    if isinstance(op, ast.Mult) and _would_be_long(left, right):
        raise GivenUpError("a repetition that is too long")
    return bounded(table[type(op)](left, right))


def compare(op: ast.cmpop, left: Value, right: Value, *, is_model: bool, with_none: bool) -> bool:
    """What a comparison gives; `with_none`: None is written in it.

    Raises:
        ImplausibleError: in the model, it compares what is never alike.
    """
    if is_model:
        if isinstance(op, ast.Eq | ast.NotEq) and not with_none and not _alike(left, right):
            raise ImplausibleError("compares different kinds")
        if isinstance(op, ast.In | ast.NotIn) and not _may_hold(right, left):
            raise ImplausibleError("looks for what cannot be there")
        if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and isinstance(left, bool) != isinstance(right, bool):
            raise ImplausibleError("orders truths")
    if isinstance(op, ast.In | ast.NotIn) and not isinstance(right, _SIZED):
        raise GivenUpError("a search in what can be gone through once")
    return bool(_COMPARISONS[type(op)](left, right))


def formatted(value: Value, spec: str) -> str:
    """`value` as text in a formatted string.

    Raises:
        GivenUpError: it may differ from run to run, or be long.
        ValueError, TypeError: the format is not one of such values.
    """
    if (
        callable(value)
        or hasattr(value, "__next__")
        or isinstance(value, set | frozenset)
        or not _SHORT_FORMAT.fullmatch(spec)
    ):
        raise GivenUpError("text that may differ from run to run, or be long")
    return format(value, spec)


def iterated(value: Value) -> Iterator[Value]:
    """Go through `value`.

    Raises:
        GivenUpError: the order is that of a set.
        TypeError: it cannot be gone through.
    """
    if isinstance(value, set | frozenset) and len(value) > 1:
        raise GivenUpError("the order of a set")
    return iter(value)


def check_arguments(name: str, values: list[Value], *, is_method: bool) -> None:
    """Check that a function or method of Python's own is given what ends, and no set whose order would matter.

    Raises:
        GivenUpError: it is.
    """
    has_set = any(isinstance(each, set | frozenset) and len(each) > 1 for each in values)
    if has_set and name not in ORDERLESS | METHODS[set]:
        raise GivenUpError("the order of a set")
    if (is_method or name == "str") and any(hasattr(each, "__next__") for each in values) and name != "join":
        raise GivenUpError("what is gone through once, given to what may be its source")
    if name in {"range", "chr"} and any(isinstance(each, int) and abs(each) > _MAX_LENGTH for each in values):
        raise GivenUpError("a long range")


def _weight(value: Value, depth: int) -> int:
    """How many values a value holds, those held twice counted twice; a text or range at the outside by its length."""
    if isinstance(value, str | range):
        return len(value) if depth == _MAX_DEPTH else 1
    if not isinstance(value, _SIZED):
        return 1
    if not depth:
        raise GivenUpError("a value that holds others too deeply")
    weight = len(value)
    for each in (*value, *value.values()) if isinstance(value, dict) else value:
        weight += _weight(each, depth - 1)
        if weight > _MAX_LENGTH:
            break
    return weight


def _alike(left: Value, right: Value) -> bool:
    kinds = [
        float if isinstance(each, _NUMBERS) and not isinstance(each, bool) else type(each) for each in (left, right)
    ]
    return kinds[0] is kinds[1]


def _may_hold(many: Value, one: Value) -> bool:
    is_empty = not isinstance(many, list | tuple | set | frozenset | dict) or not many
    return is_empty or one is None or any(_alike(one, each) for each in many)


def _is_small_power(base: Value, exponent: Value) -> bool:
    return isinstance(base, _NUMBERS) and isinstance(exponent, _NUMBERS) and abs(exponent) <= 8


def _would_be_long(left: Value, right: Value) -> bool:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > _MAX_LENGTH:
            return True
    return False
