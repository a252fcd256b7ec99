"""Local names, as far as a grammar shows them: where a definition declares a name, and whether every use means that.

A name may be changed throughout a definition when each of its occurrences there lies in the scope of a declaration of
the name inside the definition, after that declaration: then nothing in it can mean a name from outside, and nothing
outside can mean it, whatever shadows or closes over what. Anything else is a problem, told as a clause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parley_agent.syntax.names import Identifier, identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley_agent.document import Span
    from parley_agent.syntax.definitions import Definition
    from parley_agent.syntax.tree import Captures, Node, Tree

Kind = Literal["parameter", "variable", "loop"]
_KINDS: tuple[Kind, ...] = ("parameter", "variable", "loop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A name that a definition declares.

    `uses` are all its occurrences in the definition, `problem` says why it must stay, None if it may be changed;
    `is_documented` that the comment above the definition speaks of it by this name.
    """

    name: str
    kind: Kind
    uses: tuple[Span, ...]
    problem: str | None
    is_documented: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declaration:
    """A name's declaration: from `visible` on, to the end of `scope`, the name means it."""

    name: str
    kind: Kind
    span: Span
    scope: Span
    visible: int

    def covers(self, use: Span) -> bool:
        return use == self.span or (self.scope.contains(use) and use.start >= self.visible)


def locals_of(tree: Tree, definition: Definition) -> tuple[Local, ...]:
    """The names declared inside `definition`, in the order of their first declaration; none where facts are missing."""
    if not tree.language.queries.locals:
        return ()
    matches = tree.matches(tree.language.queries.locals, definition.span)
    declared: dict[str, list[_Declaration]] = {}
    for each in sorted(_declarations(tree, matches, definition.span), key=lambda found: found.span):
        declared.setdefault(each.name, []).append(each)
    occurring: dict[str, list[Identifier]] = {}
    for use in identifiers(tree, definition.span):
        if use.role != "member":
            occurring.setdefault(use.name, []).append(use)
    doubts = _Doubts(tree, matches, definition.span)
    documentation = tree.text[definition.span.start : definition.signature.start]
    return tuple(
        Local(
            name=name,
            kind=found[0].kind,
            uses=tuple(use.span for use in occurring.get(name, ())),
            problem=_unresolved(occurring.get(name, []), found) or doubts.about(name),
            is_documented=found[0].kind == "parameter" and _is_documented(name, documentation),
        )
        for name, found in declared.items()
    )


def _declarations(tree: Tree, matches: list[Captures], within: Span) -> Iterator[_Declaration]:
    for match in matches:
        kind = next((each for each in _KINDS if each in match), None)
        if kind is None:
            continue
        for node in match[kind]:
            span = tree.span(node)
            if not within.contains(span):
                continue
            scope = _scope(tree, match, node)
            if scope is not None and within.contains(scope):
                visible = tree.span(match["after"][0]).end if "after" in match else scope.start
                yield _Declaration(name=tree.slice(node), kind=kind, span=span, scope=scope, visible=visible)


def _scope(tree: Tree, match: Captures, declared: Node) -> Span | None:
    if "scope" in match:
        return tree.span(match["scope"][0])
    node = match["after"][0].parent if "after" in match else declared.parent
    while node is not None and node.type not in tree.language.scopes:
        node = node.parent
    return None if node is None or node.parent is None else tree.span(node)


def _unresolved(uses: list[Identifier], declared: list[_Declaration]) -> str | None:
    if any(use.role == "type" for use in uses):
        return "is also the name of a type"
    if not all(any(each.covers(use.span) for each in declared) for use in uses):
        return "is also used where its declaration is not in force"
    return None


class _Doubts:
    """What a grammar shows that makes a name unsure: reflection, shorthands, text that other tools read."""

    __slots__ = ("_dynamic", "_opaque", "_templates", "_unsure")

    def __init__(self, tree: Tree, matches: list[Captures], definition: Span) -> None:
        nodes = {name: list(_captured(tree, matches, name)) for name in ("unsure", "dynamic", "template")}
        inside = {name: [text for text, span in found if definition.contains(span)] for name, found in nodes.items()}
        self._dynamic = inside["dynamic"]
        self._unsure = {text.rstrip(":") for text in inside["unsure"]}
        self._templates = inside["template"]
        self._opaque = [tree.slice(node) for node in _opaque(tree)]

    def about(self, name: str) -> str | None:
        """The doubt about `name` as a clause, None if there is none."""
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        if self._dynamic:
            return f"may be reached by name through {self._dynamic[0].split('(')[0]!r}"
        if name in self._unsure:
            return "stands where its spelling itself has a meaning"
        # An argument, or the width or precision of one: {name}, {:>name$}, {:0.name$}.
        filled = re.compile(rf"\{{\s*{re.escape(name)}\b|:[^{{}}]*(?<![^\W\d]){re.escape(name)}\$")
        if any(filled.search(text) for text in self._templates):
            return "is named inside a string that is filled in with it"
        if any(word.search(text) for text in self._opaque):
            return "is named in text that is expanded elsewhere"
        return None


def _opaque(tree: Tree) -> list[Node]:
    query = tree.language.queries.opaque
    return tree.captures(query).get("opaque", []) if query else []


def _captured(tree: Tree, matches: list[Captures], name: str) -> Iterator[tuple[str, Span]]:
    return ((tree.slice(node), tree.span(node)) for match in matches for node in match.get(name, ()))


def _is_documented(name: str, documentation: str) -> bool:
    word = re.escape(name)
    tags = rf"[@\\](?:param|tparam|arg)\b[^\n]*(?<!\w){word}(?!\w)|name=[\"']{word}[\"']|`{word}`"
    return re.search(tags, documentation) is not None
