"""Where two versions of a function differ: an input for which the one gives something else than the other.

What is found is certain: for this input they differ. That nothing is found proves nothing, and says so.
"""

from __future__ import annotations

import ast
import math
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.python.interpreted.expressions import bound_names
from parley_agent.python.interpreted.frames import Frame, GivenUpError, ImplausibleError, Run, Value
from parley_agent.python.interpreted.inputs import Dice, Inputs
from parley_agent.python.interpreted.statements import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 400
_AGREED_ENOUGH = 160
_STEPS = 2_000
_ALL_STEPS = 80_000
_GIVEN_UP_AT_MOST = 60
_SHOWN = 160
_OTHER_KIND = frozenset({"TypeError", "AttributeError"})
_PLAIN = (type(None), bool, int, float, str, list, tuple, dict, set, frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """An input as a call in Python, and what each version does with it, in words."""

    call: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What a call came to: a value or the name of what it raises, and what its arguments are then.

    `is_meant`: whether the code itself says `raise`; `read` are the names that it looked at.
    """

    value: Value = None
    raised: str = ""
    arguments: tuple[Value, ...] = ()
    is_meant: bool = True
    read: frozenset[str] = frozenset()

    def told(self) -> str:
        return f"raises {self.raised}" if self.raised else f"gives {_shown(self.value)}"

    def left(self) -> str:
        return f"leaves its arguments as {_shown(self.arguments)}"


def counterexample(before: str, after: str, name: str) -> tuple[Counterexample | None, int]:
    """An input that shows that the function `name` of two modules differs, if one is found; on how many they agreed.

    The older version is taken at its word: an input on which it fails by itself, is nonsense to it, or cannot be
    interpreted, counts for nothing.
    """
    try:
        modules = [_top_level(ast.parse(text.removeprefix("\ufeff"))) for text in (before, after)]
    except (SyntaxError, ValueError, RecursionError):
        return None, 0
    old, new = (module.get(name) for module in modules)
    if not isinstance(old, ast.FunctionDef) or not isinstance(new, ast.FunctionDef):
        return None, 0
    return _Search(old=old, modules=(modules[0], modules[1])).found()


@dataclass(slots=True, kw_only=True)
class _Search:
    old: ast.FunctionDef
    modules: tuple[Mapping[str, ast.stmt], Mapping[str, ast.stmt]]
    steps: int = _ALL_STEPS

    def found(self) -> tuple[Counterexample | None, int]:
        name, parameters = self.old.name, [*self.old.args.posonlyargs, *self.old.args.args]
        dice = Dice(len(name))
        inputs = Inputs(_reached(name, self.modules), dice)
        kinds = [inputs.kinds_for(each) for each in parameters]
        worked: list[tuple[str, ...]] = []
        given_up = agreed = 0
        for _ in range(_TRIES):
            if self.steps < 0 or given_up > _GIVEN_UP_AT_MOST or agreed >= _AGREED_ENOUGH:
                break
            again = worked and dice.below(4)
            chosen = dice.one_of(worked) if again else tuple(dice.one_of(each) for each in kinds)
            arguments = tuple(map(inputs.value, chosen))
            try:
                old = self._outcome(0, arguments)
                new = None if old is None else self._outcome(1, arguments)
            except GivenUpError:
                given_up += 1
                continue
            if old is None or new is None or self._is_beside_the_point(old, new):
                continue
            worked.append(chosen)
            if not _same(old, new):
                call = f"{name}({', '.join(map(_shown, arguments))})"
                told = (old.told(), new.told()) if old.told() != new.told() else (old.left(), new.left())
                return Counterexample(call=call, before=told[0], after=told[1]), agreed
            agreed += 1
        return None, agreed

    def _is_beside_the_point(self, old: _Outcome, new: _Outcome) -> bool:
        """Whether the newer version only fails on what the older one had no look at, or on what is of another kind."""
        if new.is_meant:
            return False
        parameters = {each.arg for each in (*self.old.args.posonlyargs, *self.old.args.args)}
        speaks_of_kinds = any(isinstance(node, ast.Constant) and node.value is None for node in ast.walk(self.old))
        return not parameters <= old.read or (new.raised in _OTHER_KIND and not speaks_of_kinds)

    def _outcome(self, version: int, arguments: tuple[Value, ...]) -> _Outcome | None:
        """What a version does with a copy of `arguments`; None if it is nonsense to the model.

        Raises:
            GivenUpError: it cannot be said.
        """
        run = Run(
            top_level=self.modules[version],
            make_function=lambda node, around: Function(node=node, around=around),
            steps=_STEPS if version == 0 else 5 * _STEPS,
            is_model=version == 0,
        )
        at_start = run.steps
        given = deepcopy(arguments)
        node = self.modules[version][self.old.name]
        if not isinstance(node, ast.FunctionDef):
            raise GivenUpError("no function")
        try:
            value = Function(node=node, around=Frame(run=run))(*given)
            return _Outcome(value=_plain(value), arguments=_plain(given), read=frozenset(run.read))
        except ImplausibleError:
            return None
        except RecursionError as error:
            raise GivenUpError("too deep") from error
        except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError, AssertionError,
                RuntimeError, StopIteration) as error:  # fmt: skip
            is_meant = any(error is each for each in run.raised)
            if version == 0 and not is_meant:
                return None
            return _Outcome(raised=type(error).__name__, arguments=given, is_meant=is_meant, read=frozenset(run.read))
        finally:
            self.steps -= at_start - run.steps


def _top_level(tree: ast.Module) -> dict[str, ast.stmt]:
    """What each name of a module stands for; `pass` for those that are bound more than once or in other ways.

    Raises:
        ValueError: a star import may bind anything.
    """
    found: dict[str, ast.stmt] = {}
    for statement in tree.body:
        names: set[str] = set()
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = {name}
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names = {(each.asname or each.name).partition(".")[0] for each in aliases}
            case _:
                names = set(bound_names(statement))
        if "*" in names:
            raise ValueError("a star import")
        is_plain = isinstance(statement, ast.Assign) and all(isinstance(each, ast.Name) for each in statement.targets)
        is_plain = is_plain or isinstance(statement, ast.FunctionDef | ast.AnnAssign)
        for each in names:
            found[each] = statement if is_plain and each not in found else ast.Pass()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found |= {each: ast.Pass() for each in node.names}
    return found


def _reached(name: str, modules: tuple[Mapping[str, ast.stmt], ...]) -> list[ast.stmt]:
    """The function in both versions and what it refers to, directly or not."""
    found: dict[tuple[int, str], ast.stmt] = {}
    pending = [(at, name) for at in range(len(modules))]
    while pending:
        at, each = pending.pop()
        if (at, each) in found or each not in modules[at]:
            continue
        found[at, each] = modules[at][each]
        pending += [(at, node.id) for node in ast.walk(modules[at][each]) if isinstance(node, ast.Name)]
    return list(found.values())


def _plain(value: Value) -> Value:
    """`value`, if it is plain through and through.

    Raises:
        GivenUpError: it is not, as an iterator or a function.
    """
    if type(value) not in _PLAIN:
        raise GivenUpError("a value that is not plain")
    if isinstance(value, list | tuple | set | frozenset):
        for each in value:
            _plain(each)
    if isinstance(value, dict):
        for each in (*value, *value.values()):
            _plain(each)
    return value


def _same(old: _Outcome, new: _Outcome) -> bool:
    alike = old.raised == new.raised and _equal(old.value, new.value)
    return alike and (bool(old.raised) or _equal(old.arguments, new.arguments))


def _equal(one: Value, other: Value) -> bool:
    """Equal values of one type; fractions up to rounding, dictionaries in any order."""
    if type(one) is not type(other):
        return False
    match one:
        case float():
            return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))
        case list() | tuple():
            return len(one) == len(other) and all(map(_equal, one, other))
        case dict():
            return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
        case _:
            return bool(one == other)


def _shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
