"""What can be proved of two texts by their trees: equal up to a consistent renaming, or up to comments.

A proof here is as good as the grammar: it compares every token and the shape of every node. Texts with syntax errors
are never called equal. What the names mean is judged by `identifiers`' roles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.syntax.definitions import definitions
from parley_agent.syntax.locals import locals_of
from parley_agent.syntax.names import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parley_agent.document import Span
    from parley_agent.syntax.tree import Node, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A token whose text differs; `span` is where it is in the text before."""

    span: Span
    before: str
    after: str


def equal_up_to_local_renaming(before: Tree, after: Tree, mapping: Mapping[str, str]) -> bool:
    """Whether `after` is `before` with exactly the names of `mapping` renamed throughout one definition.

    Every use of an old name in that definition must have become its new name; the new names are different from each
    other and did not occur in it before. Where the language's facts tell which names a definition declares, each old
    name must be surely local to it. Comments may differ.
    """
    changes = _changes(before, after)
    if changes is None or {(each.before, each.after) for each in changes} != set(mapping.items()):
        return False
    if not changes:
        return True
    renamed = {each.span for each in changes}
    holding = [each for each in definitions(before) if all(each.span.contains(span) for span in renamed)]
    if not holding:
        return False
    definition = min(holding, key=lambda each: each.span.end - each.span.start)
    if before.language.queries.locals:
        free = {each.name for each in locals_of(before, definition) if each.problem is None}
        if not mapping.keys() <= free:
            return False
    names = [each for each in identifiers(before, definition.span) if each.role != "member"]
    new = set(mapping.values())
    return (
        len(new) == len(mapping)
        and {each.span for each in names if each.name in mapping} == renamed
        and not any(each.name in new for each in names)
    )


def local_renaming(before: Tree, after: Tree) -> dict[str, str] | None:
    """The names that `after` renames throughout one definition of `before`, old to new; None if it does anything else.

    Only where the language's facts tell which names a definition declares; comments may differ.
    """
    changes = _changes(before, after)
    if changes is None or not before.language.queries.locals:
        return None
    mapping = {each.before: each.after for each in changes}
    return mapping if equal_up_to_local_renaming(before, after, mapping) else None


def equal_without_comments(before: Tree, after: Tree) -> bool:
    """Whether the two differ in nothing but comments and white space that means nothing.

    Comments that the language's tools obey, such as a compiler's directives, count as code.
    """
    return _changes(before, after) == ()


def _changes(before: Tree, after: Tree) -> tuple[_Change, ...] | None:
    if before.language is not after.language or before.root.has_error or after.root.has_error:
        return None
    changes: list[_Change] = []
    pending = [(before.root, after.root)]
    while pending:
        old, new = pending.pop()
        if old.kind_id != new.kind_id:
            return None
        if old.descendant_count == new.descendant_count and before.data(old) == after.data(new):
            continue
        if not old.child_count and not new.child_count:
            changes.append(_Change(span=before.span(old), before=before.slice(old), after=after.slice(new)))
            continue
        olds, news = list(_code(before, old)), list(_code(after, new))
        if len(olds) != len(news) or _fields(old, olds) != _fields(new, news):
            return None
        if _between(before, old) != _between(after, new):
            return None
        pending.extend(zip(olds, news, strict=True))
    return tuple(changes)


def _code(tree: Tree, node: Node) -> Iterator[Node]:
    """The children that are neither comments nor line ends."""
    for child in node.children:
        is_comment = child.type in tree.language.comments
        if is_comment and re.match(tree.language.directive, tree.slice(child)) is None:
            continue
        if child.is_named or child.child_count or tree.data(child).strip():
            yield child


def _fields(node: Node, children: list[Node]) -> list[str | None]:
    ids = {child.id for child in children}
    return [node.field_name_for_child(at) for at, child in enumerate(node.children) if child.id in ids]


def _between(tree: Tree, node: Node) -> list[bytes]:
    """The text inside `node` that belongs to no child, such as a part of a string.

    White space counts only after a quotation mark, as in a string of spaces.
    """
    gaps, at = [], node.start_byte
    for child in node.children:
        gaps.append(tree.bytes_between(at, child.start_byte))
        at = child.end_byte
    gaps.append(tree.bytes_between(at, node.end_byte))
    first = node.child(0)
    is_quoted = first.child_count == 0 and tree.data(first).endswith((b'"', b"'", b"`"))
    return gaps if is_quoted else [gap for gap in gaps if gap.strip()]
