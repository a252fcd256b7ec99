"""A parsed text: the tree, its errors, and queries over it, in code points.

Loads a language's grammar at the first parse of that language. How a text becomes a tree belongs to `reading`, what the
nodes mean to the modules beside it.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, bisect_right
from collections import deque
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import tree_sitter

from parley_agent.document import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley_agent.syntax.language import Grammar, Language
    from parley_agent.syntax.offsets import Offsets

Node: TypeAlias = tree_sitter.Node
_T = TypeVar("_T")
Captures: TypeAlias = dict[str, list[tree_sitter.Node]]
_PART_BYTES = 8_192
_EMPTY_LINES = re.compile(r"\n\s*\n")


class Tree:
    """A text as its grammar sees it; it always has a tree, broken text included.

    Args:
        offsets: The text.
        language: Its language.
        parsed: The grammar's own tree of it.
    """

    __slots__ = ("_captures", "_kept", "_matches", "_offsets", "_tree", "language")

    def __init__(self, offsets: Offsets, language: Language, parsed: tree_sitter.Tree) -> None:
        self.language = language
        self._offsets = offsets
        self._tree = parsed
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
        deque(self.searching(query), maxlen=0)
        return self._matches[query]

    def searching(self, query: str) -> Iterator[None]:
        """Look for the matches in all of the text, a part at each item; afterwards `matches` has them."""
        found: list[Captures] = []
        for part in () if query in self._matches else self.parts():
            found += self._matches_in(query, part)
            yield
        self._matches.setdefault(query, found)

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
        for each in _queries(self.language, query):
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
def grammar_of(language: Language) -> tree_sitter.Language:
    """The grammar, imported the first time."""
    grammar = language.grammar
    return tree_sitter.Language(getattr(import_module(grammar.module), grammar.function)())


_read_queries: dict[tuple[Grammar, str], tree_sitter.Query] = {}
_reading_query = threading.Lock()


def query_of(language: Language, piece: str) -> tree_sitter.Query:
    """A piece of a query, read once, whichever threads need it: reading lets none of them run before it is done."""
    key = (language.grammar, piece)
    if key not in _read_queries:
        with _reading_query:
            if key not in _read_queries:
                _read_queries[key] = tree_sitter.Query(grammar_of(language), piece)
    return _read_queries[key]


def reading_queries(language: Language) -> Iterator[None]:
    """Read the queries of a language, a piece at each item, so that whoever asks next is answered at once."""
    queries = language.queries
    for query in (queries.structure, queries.names, queries.locals, queries.opaque):
        for piece in _pieces(query):
            if (language.grammar, piece) not in _read_queries:
                query_of(language, piece)
                yield


def _queries(language: Language, text: str) -> tuple[tree_sitter.Query, ...]:
    """A query in the pieces that empty lines make of it: reading one lets no other thread run before it is done."""
    return tuple(query_of(language, piece) for piece in _pieces(text))


@cache
def _pieces(text: str) -> tuple[str, ...]:
    return tuple(piece for piece in _EMPTY_LINES.split(text) if piece.strip())
