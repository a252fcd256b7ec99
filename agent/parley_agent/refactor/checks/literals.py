"""Whether code that must do what it did speaks of nothing new: a number or word from nowhere changes what it does."""

from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.syntax import literals

if TYPE_CHECKING:
    from parley_agent.document import Span
    from parley_agent.refactor.context import Context
    from parley_agent.syntax import Tree

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d[\d_]*(?:\.\d+)?")
_ALWAYS_KNOWN = frozenset({0.0, 0.5, 1.0, 2.0})
_MOST_RECKONED = 12


def check_literals(context: Context, after: Tree, target: Span) -> None:
    """Check the numbers and the words in strings of the target; what is put together of old ones is not new.

    Raises:
        AnswerRejectedError: one is new.
    """
    before = context.place.document.text
    words = set(_WORD.findall(before))
    numbers = _reckoned({float(each.replace("_", "")) for each in _NUMBER.findall(before)}, context.place.code)
    for literal in literals(after, target):
        if literal[0].isdigit():
            found = _NUMBER.fullmatch(literal)
            new = [literal] if found and float(literal.replace("_", "")) not in numbers else []
        else:
            new = [each for each in _WORD.findall(literal) if not _is_known(each, words)]
        if new and new[0] not in context.wish.text:
            raise AnswerRejectedError(
                "changed-behaviour", f"`{new[0]}` is new, so the result may be another. Use the values that were there."
            )


def _reckoned(known: set[float], code: str) -> set[float]:
    """The known numbers, and what two of those in the code give, which a simplification may write down."""
    own = [float(each.replace("_", "")) for each in _NUMBER.findall(code)][:_MOST_RECKONED]
    given = {value for one, other in permutations(own, 2) for value in (one + other, one - other, one * other)}
    given |= {one / other for one, other in permutations(own, 2) if other}
    return known | given | {abs(value) for value in given} | _ALWAYS_KNOWN


def _is_known(word: str, words: set[str]) -> bool:
    return word in words or len(word) == 1 or any(len(each) > 1 and each in word for each in words)
