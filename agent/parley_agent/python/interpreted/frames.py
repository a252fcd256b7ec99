"""Names and their values while code is interpreted, and what a run may take. What the code means belongs to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    FunctionNode = ast.FunctionDef | ast.Lambda

# What interpreted code reckons with: a plain value, or one of its own functions.
Value: TypeAlias = Any

_MAX_DEPTH = 25


class GivenUpError(Exception):
    """The run leaves what can be interpreted, or takes too long: nothing is known of it."""


class ImplausibleError(Exception):
    """The code was not written for the input: it compares things of different kinds, or reckons with truths."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One call, from outside to its result.

    `steps` are left to it. `is_model`: whether the input must make sense, as for code taken as the model.
    `raised` are exceptions that a `raise` or an `assert` of the code made, not a failing operation; `read` the names
    that were looked at.
    """

    top_level: Mapping[str, ast.stmt]
    make_function: Callable[[FunctionNode, Frame], Callable[..., Value]]
    steps: int
    is_model: bool
    depth: int = 0
    raised: list[BaseException] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def step(self) -> None:
        """Take one step.

        Raises:
            GivenUpError: there is none left.
        """
        self.steps -= 1
        if self.steps < 0:
            raise GivenUpError("too many steps")

    def enter(self) -> None:
        """Go one call deeper; `leave` goes back.

        Raises:
            GivenUpError: too deep.
        """
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise GivenUpError("calls go too deep")

    def leave(self) -> None:
        """Come back from a call."""
        self.depth -= 1


@dataclass(slots=True, kw_only=True)
class Frame:
    """The names of a function's run; `local` are those that it binds itself, bound yet or not."""

    run: Run
    outer: Frame | None = None
    local: frozenset[str] = frozenset()
    values: dict[str, Value] = field(default_factory=dict)

    def inner(self, local: frozenset[str]) -> Frame:
        """A frame within this one."""
        return Frame(run=self.run, outer=self, local=local)

    def holder_of(self, name: str) -> Frame | None:
        """The frame whose name it is; None for the names of the module and Python's own."""
        at: Frame | None = self
        while at is not None and name not in at.local:
            at = at.outer
        return at
