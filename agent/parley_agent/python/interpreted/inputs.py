"""Inputs to try a function on, made from what its code speaks of: words, numbers and what is near them, keys.

The same code gives the same inputs: chance is a number that is reckoned on.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley_agent.python.interpreted.frames import Value

_T = TypeVar("_T")
_SHARED_DRAWS = 3
_ANNOTATED = {"int": ("number",), "str": ("text",), "bool": ("truth",), "float": ("number", "fraction")}


class Dice:
    """Numbers that look like chance and are always the same (Knuth's linear congruential generator)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, count: int) -> int:
        """A number of 0 … `count` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % count

    def one_of(self, many: Sequence[_T]) -> _T:
        """One of `many`."""
        return many[self.below(len(many))]


class Inputs:
    """Values of every kind that plain functions take, for code with the given trees.

    Args:
        trees: What words, numbers and keys are taken from.
        dice: Chance.
    """

    def __init__(self, trees: Iterable[ast.AST], dice: Dice) -> None:
        words, numbers, keys = _spoken_of(trees)
        self._dice = dice
        self._keys = dict(sorted(keys.items())[:8])
        self._words = _unique(["", "a", "b", *(variant for word in words[:12] for variant in _variants(word))])
        self._numbers = _unique([0, 1, 2, 3, -1, 5, 9, *(each + by for each in numbers[:12] for by in (0, 1, -1))])
        self._kinds: dict[str, Callable[[], Value]] = {
            "number": lambda: dice.one_of(self._numbers),
            "text": self._text,
            "truth": lambda: dice.below(2) == 1,
            "none": lambda: None,
            "fraction": lambda: dice.one_of((0.0, 0.5, 1.5, -2.0, 20.25)),
            "numbers": lambda: self._several("number"),
            "texts": lambda: self._several("text"),
            "some numbers": lambda: self._several("number", "none"),
            "pair": lambda: tuple(self._several("number", count=2)),
            "pairs": lambda: [tuple(self._several("number", count=2)) for _ in range(dice.below(4))],
            "named": lambda: [(self._text(), dice.one_of(self._numbers)) for _ in range(dice.below(4))],
            "rows": lambda: [self._several("number") for _ in range(dice.below(4))],
            "record": self._record,
            "records": lambda: [self._record() for _ in range(dice.below(4))],
            "counts": lambda: {self._text(): dice.one_of(self._numbers) for _ in range(dice.below(4))},
        }

    def kinds_for(self, parameter: ast.arg) -> tuple[str, ...]:
        """The kinds that a parameter may have: as it is annotated, else all."""
        match parameter.annotation:
            case ast.Name(id=name) if name in _ANNOTATED:
                return _ANNOTATED[name]
            case _:
                return tuple(self._kinds)

    def value(self, kind: str) -> Value:
        """A new value of a kind."""
        return self._kinds[kind]()

    def _text(self) -> str:
        few = self._words[: 6 + len(self._words) // 2] if self._dice.below(2) else self._words
        text = self._dice.one_of(few)
        return text + self._dice.one_of(self._words) if self._dice.below(5) == 0 else text

    def _several(self, *kinds: str, count: int | None = None) -> list[Value]:
        length = self._dice.below(5) if count is None else count
        return [self.value(self._dice.one_of(kinds)) for _ in range(length)]

    def _record(self) -> dict[str, Value]:
        kinds = ("number", "text", "truth", "texts", "numbers", "none", "text", "number")
        there = [key for key, is_sure in self._keys.items() if is_sure or self._dice.below(2)]
        return {key: self.value(self._dice.one_of(kinds)) for key in there}


def _spoken_of(trees: Iterable[ast.AST]) -> tuple[list[str], list[int], dict[str, bool]]:
    """Words, numbers, and keys with whether they are taken for granted."""
    words: list[str] = []
    numbers: list[int] = []
    keys: dict[str, bool] = {}
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    continue
                case ast.Subscript(slice=ast.Constant(value=str(key))):
                    keys.setdefault(key, True)
                case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
                    keys[key] = False
                case ast.Constant(value=bool()):
                    pass
                case ast.Constant(value=int(number)) if abs(number) < 10**9:
                    numbers.append(number)
                case ast.Constant(value=str(word)) if len(word) <= 40:
                    words.append(word)
                case _:
                    pass
    return _unique(words), _unique(numbers), keys


def _variants(word: str) -> tuple[str, ...]:
    """A word of the code, alone, between others, twice in a row and at the ends: it may be a separator."""
    return word, f"ab{word}Cd", f"x{word}{word}y z", f"{word}ab", word.upper(), f"b{word}"


def _unique(values: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(values))
