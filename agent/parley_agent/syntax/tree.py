"""A parsed text: the tree, its errors, and queries over it, in code points.

Loads a language's grammar at the first parse of that language. What the nodes mean belongs to the modules beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import tree_sitter

from parley_agent.document import Span
from parley_agent.syntax.offsets import Offsets
from parley_agent.syntax.reparse import alikeness, parse_in_turns, reparsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley_agent.syntax.language import Grammar, Language

Node: TypeAlias = tree_sitter.Node
_T = TypeVar("_T")
Captures: TypeAlias = dict[str, list[tree_sitter.Node]]
_PART_BYTES = 8_192
_EMPTY_LINES = re.compile(r"\n\s*\n")


class Tree:
    """A text as its grammar sees it; it always has a tree, broken text included.

    Args:
        text: The text.
        language: Its language.
        like: The tree of a text of that language that is much alike: parsing then costs what differs.
    """

    __slots__ = ("_captures", "_kept", "_matches", "_offsets", "_tree", "language")

    def __init__(self, text: str, language: Language, like: Tree | None = None) -> None:
        self.language = language
        self._offsets = Offsets(text)
        parser = tree_sitter.Parser(_grammar(language.grammar))
        if like is not None:
            self._tree: tree_sitter.Tree = reparsed(parser, *like.parsed, self._offsets.data)
        else:
            self._tree = parse_in_turns(parser, self._offsets.data)
        self._matches: dict[str, list[Captures]] = {}
        self._captures: dict[str, Captures] = {}
        self._kept: dict[str, object] = {}

    @property
    def text(self) -> str:
        """The text that was parsed."""
        return self._offsets.text

    @property
    def parsed(self) -> tuple[tree_sitter.Tree, bytes]:
        """The grammar's own tree and the UTF-8 that it is of; for this room only."""
        return self._tree, self._offsets.data

    @property
    def root(self) -> Node:
        """The node of the whole text; for this room only."""
        return self._tree.root_node

    def errors(self) -> tuple[Span, ...]:
        """Where the grammar gave up, or missed a token: outermost spans in order, empty for a token that is missing."""
        if not self.root.has_error:
            return ()
        return self.kept("errors", lambda: tuple(self.span(node) for node in _broken(self.root)))

    def matches(self, query: str, span: Span | None = None) -> list[Captures]:
        """The matches of a query, each a map of capture name to nodes: in the nodes that touch `span`, or in all.

        What hangs on the root of a long text may be among all of them more than once.
        """
        if span is not None:
            return self._matches_in(query, span)
        if query not in self._matches:
            self._matches[query] = [found for part in self.parts() for found in self._matches_in(query, part)]
        return self._matches[query]

    def captures(self, query: str, span: Span | None = None) -> Captures:
        """The nodes that a query captures, by capture name, in the nodes that touch `span`, or in the whole tree."""
        if span is not None:
            return self._captures_in(query, [span])
        if query not in self._captures:
            self._captures[query] = self._captures_in(query, self.parts())
        return self._captures[query]

    def top_level(self, span: Span) -> tuple[list[Node], int, int]:
        """The children of the root, and the numbers of the first and the last of them that touch `span` or are next."""
        children = self.kept("top level", lambda: self.root.children)
        return children, *self._touching(children, span)

    def outer_nodes(self, span: Span) -> tuple[list[Node], int, int]:
        """As `top_level`, with what is inside an error in the error's place: all of a text may stand in one."""
        nodes = self.kept("outer nodes", lambda: list(_without_errors(self.root)))
        return nodes, *self._touching(nodes, span)

    def _touching(self, nodes: list[Node], span: Span) -> tuple[int, int]:
        start, end = self._to_bytes(span)
        first = bisect_left(nodes, start, key=lambda node: node.end_byte)
        last = bisect_right(nodes, end, key=lambda node: node.start_byte)
        return max(0, first - 1), min(last, len(nodes) - 1)

    def parts(self) -> list[Span]:
        """The text in parts, cut between outer nodes: a query lets no other thread run before it is done."""
        cuts = [0]
        for node in self.kept("outer nodes", lambda: list(_without_errors(self.root))):
            if node.start_byte - cuts[-1] >= _PART_BYTES:
                cuts.append(node.start_byte)
        ends = map(self._offsets.to_code_point, [*cuts, len(self._offsets.data)])
        return [Span(start=start, end=end) for start, end in pairwise(ends)]

    def _matches_in(self, query: str, span: Span) -> list[Captures]:
        return [captures for cursor in self._cursors(query, span) for _, captures in cursor.matches(self.root)]

    def _captures_in(self, query: str, parts: list[Span]) -> Captures:
        found: Captures = {}
        for cursor in (cursor for part in parts for cursor in self._cursors(query, part)):
            for name, nodes in cursor.captures(self.root).items():
                found.setdefault(name, []).extend(nodes)
        return found

    def _cursors(self, query: str, span: Span) -> Iterator[tree_sitter.QueryCursor]:
        for each in _queries(self.language.grammar, query):
            cursor = tree_sitter.QueryCursor(each)
            cursor.set_byte_range(*self._to_bytes(span))
            yield cursor

    def _to_bytes(self, span: Span) -> tuple[int, int]:
        return self._offsets.to_byte(span.start), self._offsets.to_byte(span.end)

    def kept(self, name: str, make: Callable[[], _T]) -> _T:
        """What `make` gives the first time, kept under `name`: a tree does not change, and is asked often."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast("_T", self._kept[name])

    def span(self, node: Node) -> Span:
        """Where `node` is, in code points."""
        return Span(start=self._offsets.to_code_point(node.start_byte), end=self._offsets.to_code_point(node.end_byte))

    def slice(self, node: Node) -> str:
        """The text of `node`."""
        return self._offsets.slice(node.start_byte, node.end_byte)

    def data(self, node: Node) -> bytes:
        """The UTF-8 of `node`'s text: quicker to compare than the text."""
        return self._offsets.data[node.start_byte : node.end_byte]

    def bytes_between(self, start_byte: int, end_byte: int) -> bytes:
        """The UTF-8 between two byte offsets."""
        return self._offsets.data[start_byte:end_byte]

    def node_at(self, span: Span) -> Node:
        """The smallest node that holds `span`."""
        start, end = self._to_bytes(span)
        return self.root.descendant_for_byte_range(start, end) or self.root


_recent: deque[Tree] = deque(maxlen=4)


@lru_cache(maxsize=4)
def parse(text: str, language: Language) -> Tree:
    """Parse `text`. Never fails: what the grammar cannot read is among the tree's `errors`.

    Remembers the last few: a refactoring looks at the text that its code actions were just made for, and a text that
    was edited is much like the one before.
    """
    recent = [tree for tree in tuple(_recent) if tree.language.grammar == language.grammar]
    same, like = max(
        ((alikeness(tree.text, text), tree) for tree in recent), key=lambda each: each[0], default=(0, None)
    )
    tree = Tree(text, language, like if same else None)
    _recent.append(tree)
    return tree


def prepare(text: str, language: Language) -> None:
    """Parse `text`, and get ready what is asked of its language, so that whoever asks next is answered at once."""
    parse(text, language)
    queries = language.queries
    for query in (queries.structure, queries.names, queries.locals, queries.opaque):
        if query:
            _queries(language.grammar, query)


def _without_errors(root: Node) -> Iterator[Node]:
    for child in root.children:
        if child.is_error:
            yield from _without_errors(child)
        else:
            yield child


def _broken(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            pending.extend(reversed(node.children))


@cache
def _grammar(grammar: Grammar) -> tree_sitter.Language:
    return tree_sitter.Language(getattr(import_module(grammar.module), grammar.function)())


@cache
def _queries(grammar: Grammar, text: str) -> tuple[tree_sitter.Query, ...]:
    """A query in the pieces that empty lines make of it: reading one lets no other thread run before it is done."""
    return tuple(tree_sitter.Query(_grammar(grammar), piece) for piece in _EMPTY_LINES.split(text) if piece.strip())
