"""Definitions and imports of a text that is another one but for a part: those of the other, and those of the part.

What they are belongs to `definitions`. Nothing is taken over unless the top level is the same beside the part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.syntax.definitions import (
    changed_part,
    definitions,
    definitions_within,
    imports,
    imports_within,
    surroundings,
)

if TYPE_CHECKING:
    from parley_agent.syntax.definitions import Definition
    from parley_agent.syntax.tree import Node, Tree


def carry_over(before: Tree, after: Tree) -> None:
    """Let `after` know its definitions and imports from those of `before`, if it can be told without looking at all."""
    if before.root.has_error or after.root.has_error:
        return
    part = _Part.of(before, after)
    if not part.is_all_that_differs(before, after):
        return
    carried = _definitions(before, after, part)
    if carried is not None:
        after.kept("definitions", lambda: carried)
    spans = imports(before)
    if all(part.is_beside(span) or part.before.contains(span) for span in spans):
        own = [span for span in imports_within(after, part.after) if part.after.contains(span)]
        found = sorted([*(part.moved(span) for span in spans if part.is_beside(span)), *own])
        after.kept("imports", lambda: tuple(found))


def _definitions(before: Tree, after: Tree, part: _Part) -> tuple[Definition, ...] | None:
    known = definitions(before)
    if not all(part.is_beside(each.span) or part.before.contains(each.span) for each in known):
        return None
    own = [each for each in definitions_within(after, part.after) if part.after.contains(each.span)]
    beside = [part.moved_definition(each) for each in known if part.is_beside(each.span)]
    return tuple(sorted([*beside, *own], key=lambda each: (each.span.start, -each.span.end)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Where the texts differ, widened to whole nodes of the top level and what is attached to them."""

    before: Span
    after: Span

    @classmethod
    def of(cls, before: Tree, after: Tree) -> _Part:
        changed = changed_part(before, after)
        wide = surroundings(after, changed)
        start, end = min(changed.start, wide.start), max(changed.end, wide.end)
        tail = len(after.text) - end
        return cls(before=Span(start=start, end=max(start, len(before.text) - tail)), after=Span(start=start, end=end))

    def is_beside(self, span: Span) -> bool:
        return span.end <= self.before.start or span.start >= self.before.end

    def moved(self, span: Span) -> Span:
        if span.start < self.before.end:
            return span
        by = self.after.end - self.before.end
        return Span(start=span.start + by, end=span.end + by)

    def moved_definition(self, each: Definition) -> Definition:
        if each.span.start < self.before.end:
            return each
        span, body, signature = (self.moved(one) for one in (each.span, each.body, each.signature))
        return replace(each, span=span, body=body, signature=signature)

    def is_all_that_differs(self, before: Tree, after: Tree) -> bool:
        olds, news = _beside(before, self.before), _beside(after, self.after)
        by = len(after.parsed[1]) - len(before.parsed[1])
        return len(olds) == len(news) and all(
            one.type == other.type
            and other.start_byte - one.start_byte == other.end_byte - one.end_byte
            and other.start_byte - one.start_byte in (0, by)
            for one, other in zip(olds, news, strict=True)
        )


def _beside(tree: Tree, part: Span) -> list[Node]:
    """The nodes of the top level that do not lie within `part`."""
    children, first, last = tree.top_level(part)
    while first <= last and first < len(children) and tree.span(children[first]).end <= part.start:
        first += 1
    while last >= first and tree.span(children[last]).start >= part.end:
        last -= 1
    return [*children[:first], *children[last + 1 :]]
