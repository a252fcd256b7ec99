"""Names and comments: which identifiers a text has and in which role, and which ones nobody knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from parley_agent.syntax.definitions import imports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley_agent.document import Span
    from parley_agent.syntax.tree import Node, Tree

Role = Literal["reference", "type", "definition", "member"]
_PRECEDENCE: tuple[Role, ...] = ("reference", "type", "definition", "member")


_TEXT_NODE = re.compile(r"string|char|heredoc|template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A name where it stands.

    `role`: "definition" binds or declares it, "member" names a field, method, key or label of something else, "type"
    stands for a type, "reference" is every other use.
    """

    name: str
    span: Span
    role: Role


def identifiers(tree: Tree, span: Span | None = None) -> tuple[Identifier, ...]:
    """The identifiers that lie within `span`, or in the whole text, in order."""
    if span is None:
        return tree.kept(
            "identifiers", lambda: tuple(each for part in tree.parts() for each in identifiers(tree, part))
        )
    return tuple(each for each in _identifiers(tree, span) if span.contains(each.span))


def comments(tree: Tree, span: Span | None = None) -> tuple[Span, ...]:
    """The comments that lie within `span`, or in the whole text, in order, each without its line's end."""
    found = sorted(_without_line_end(tree, node) for node in _comment_nodes(tree, span))
    return tuple(each for each in found if span is None or span.contains(each))


def literals(tree: Tree, span: Span) -> tuple[str, ...]:
    """The numbers, and the texts of strings, that are written within `span`; strings that stand alone are left out."""
    found: list[str] = []
    pending = [tree.node_at(span)]
    while pending:
        node = pending.pop()
        if node.type == "expression_statement" and [child.type for child in node.named_children] == ["string"]:
            continue
        if node.child_count:
            pending += reversed(node.children)
        elif span.contains(tree.span(node)):
            text = tree.slice(node)
            if text[:1].isdigit() or (_TEXT_NODE.search(node.type) and re.search(r"\w", text)):
                found.append(text)
    return tuple(found)


def unknown_names(before: Tree, after: Tree, span_after: Span) -> tuple[str, ...]:
    """Names used within `span_after` of `after` that nobody seems to know, each once, in order.

    A name is known that occurs anywhere in `before`, is declared or imported in `after`, or is built into the language.
    Members are not judged: what an object has, a grammar does not tell.
    """
    used = dict.fromkeys(each.name for each in identifiers(after, span_after) if each.role in {"reference", "type"})
    used = {name: None for name in used if name not in after.language.builtins | after.language.keywords}
    if not used:
        return ()
    known = {each.name for each in identifiers(before)}
    known |= {each.name for each in identifiers(after) if each.role == "definition"}
    known |= {word for span in imports(after) for word in re.findall(r"\w+", after.text[span.start : span.end])}
    return tuple(name for name in used if name not in known)


def _identifiers(tree: Tree, span: Span) -> tuple[Identifier, ...]:
    captures = tree.captures(tree.language.queries.names, span)
    roles = {(node.start_byte, node.end_byte): (node, role) for role in _PRECEDENCE for node in captures.get(role, ())}
    return tuple(
        Identifier(name=tree.slice(node), span=tree.span(node), role=role) for _, (node, role) in sorted(roles.items())
    )


def _without_line_end(tree: Tree, node: Node) -> Span:
    span = tree.span(node)
    return replace(span, end=span.start + len(tree.slice(node).rstrip("\r\n")))


def _comment_nodes(tree: Tree, span: Span | None) -> Iterator[Node]:
    kinds = sorted(tree.language.comments)
    query = "[" + " ".join(f"({kind})" for kind in kinds) + "] @comment"
    return iter(tree.captures(query, span).get("comment", ()))
