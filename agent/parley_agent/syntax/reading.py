"""Parsing texts, whole or in steps, and remembering the last few: what was read ahead is there when it is asked for.

From which tree one starts belongs to this module, how it is parsed from there to `reparse`.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

import tree_sitter

from parley_agent.syntax.offsets import Offsets
from parley_agent.syntax.reparse import alikeness, parsing, reparsing
from parley_agent.syntax.tree import Tree, grammar_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from parley_agent.syntax.language import Language

_recent: deque[Tree] = deque(maxlen=4)


@lru_cache(maxsize=4)
def parse(text: str, language: Language) -> Tree:
    """Parse `text`. Never fails: what the grammar cannot read is among the tree's `errors`.

    Remembers the last few: a refactoring looks at the text that its code actions were just made for, and a text that
    was edited is much like the one before.
    """
    return Reading(text, language).finish()


class Reading:
    """A text that is parsed in steps, for one thread, and then remembered as if `parse` had been asked."""

    def __init__(self, text: str, language: Language) -> None:
        self._steps = _remembering(text, language)
        self.tree: Tree | None = None
        """The text's tree, once it is parsed."""

    def step(self) -> None:
        """Go on for a few milliseconds."""
        try:
            next(self._steps)
        except StopIteration as ended:
            self.tree = ended.value

    def finish(self) -> Tree:
        """Go on to the end, for who cannot wait."""
        while self.tree is None:
            self.step()
        return self.tree


def parsing_like(text: str, language: Language, like: Tree | None) -> Generator[None, None, Tree]:
    """Parse `text`, a slice at each item, and return its tree.

    `like` is the tree of a text of that language that is much alike: parsing then costs what differs.
    """
    offsets = Offsets(text)
    parser = tree_sitter.Parser(grammar_of(language))
    if like is None:
        parsed = yield from parsing(parser, offsets.data)
    else:
        parsed = yield from reparsing(parser, *like.parsed, offsets.data)
    return Tree(offsets, language, parsed)


def _remembering(text: str, language: Language) -> Generator[None, None, Tree]:
    recent = [tree for tree in tuple(_recent) if tree.language.grammar == language.grammar]
    for tree in recent:
        if tree.text == text and tree.language == language:
            return tree
    same, like = max(
        ((alikeness(tree.text, text), tree) for tree in recent), key=lambda each: each[0], default=(0, None)
    )
    tree = yield from parsing_like(text, language, like if same else None)
    _recent.append(tree)
    return tree
