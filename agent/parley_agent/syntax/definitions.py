"""Definitions and imports: where they are, what they are called, and which one a selection means."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from parley_agent.document import Span
from parley_agent.same_ends import same_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from parley_agent.syntax.tree import Captures, Node, Tree

_Kind = Literal["function", "method", "class"]
_KINDS: tuple[_Kind, ...] = ("function", "method", "class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function, method or class.

    `span` holds its decorators and the doc comment directly above, from the start of its first line (after other code
    on that line, if there is any) to its end, without the final newline. `signature` is what stands before the body,
    without decorators. `body` is as the grammar has it: with braces where there are braces, from the first statement
    where there are none. `indent` is the white space before it.
    """

    kind: _Kind
    name: str
    qualified_name: str
    span: Span
    body: Span
    signature: Span
    parameters: tuple[str, ...]
    indent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    span: Span
    name: str


def enclosing_definition(tree: Tree, selection: Span) -> Definition | None:
    """The definition that `selection` means: the innermost that holds it, or the only one that it covers whole."""
    selection = _trimmed(tree.text, selection)
    found = definitions_within(tree, surroundings(tree, selection))
    covered = _outermost(each for each in found if selection.contains(_trimmed(tree.text, each.span)))
    if len(covered) == 1 and _nothing_else(tree.text, selection, covered[0]):
        return covered[0]
    holding = [each for each in found if each.span.contains(selection)]
    return min(holding, key=lambda each: each.span.end - each.span.start, default=None)


def top_level_part(tree: Tree, span: Span) -> Span:
    """The part of the text that holds `span` and is whole lines of whole nodes of the top level."""
    nodes, first, last = tree.top_level(span)
    touched = [tree.span(node) for node in nodes[first : last + 1]]
    touched = [each for each in touched if each.overlaps(span)]
    if not touched:
        return span
    start = tree.text.rfind("\n", 0, min(touched[0].start, span.start)) + 1
    end = tree.text.find("\n", max(touched[-1].end, span.end, 1) - 1)
    return Span(start=start, end=len(tree.text) if end < 0 else end + 1)


def changed_part(before: Tree, after: Tree) -> Span:
    """The part of `after`, whole lines of whole nodes of its top level, without which the two are the same."""
    start, tail = same_ends(before.text, after.text)
    return top_level_part(after, Span(start=start, end=len(after.text) - tail))


def definitions(tree: Tree) -> tuple[Definition, ...]:
    """Every definition with a body, in the order of their starts, an outer one before those inside it."""
    return tree.kept("definitions", lambda: definitions_within(tree))


def imports(tree: Tree) -> tuple[Span, ...]:
    """The top-level imports, in order."""
    return tree.kept("imports", lambda: imports_within(tree))


def import_block(tree: Tree) -> Span | None:
    """From the first to the end of the last top-level import; None if there is no import."""
    found = imports(tree)
    return Span(start=found[0].start, end=max(each.end for each in found)) if found else None


def surroundings(tree: Tree, selection: Span) -> Span:
    """The outer nodes that `selection` touches, those beside them, and what is attached to these.

    What has a definition that the selection may mean is in there: a long file's other definitions need not be found.
    """
    nodes, first, last = tree.outer_nodes(selection)
    if not nodes:
        return selection
    skipped = tree.language.attached | tree.language.comments
    while first > 0 and nodes[first].type in skipped:
        first -= 1
    while last + 1 < len(nodes) and nodes[last].type in skipped:
        last += 1
    return Span(start=tree.span(nodes[first]).start, end=tree.span(nodes[last]).end)


def definitions_within(tree: Tree, within: Span | None = None) -> tuple[Definition, ...]:
    """The definitions of the nodes that touch `within`, or of all; not kept."""
    matches = tree.matches(tree.language.queries.structure, within)
    parameters = _parameters(tree, matches)
    found = {item.span: item for match in matches if (item := _item(tree, match, parameters)) is not None}
    ordered = sorted(found.values(), key=lambda item: (item.span.start, -item.span.end))
    return tuple(_qualified(ordered, tree.language.separator))


def imports_within(tree: Tree, within: Span | None = None) -> tuple[Span, ...]:
    """The imports among the nodes that touch `within`, or among all; not kept."""
    matches = tree.matches(tree.language.queries.structure, within)
    spans = {_trimmed(tree.text, tree.span(node)) for match in matches for node in match.get("import", ())}
    return tuple(sorted(spans))


def _parameters(tree: Tree, matches: Iterable[Captures]) -> dict[int, list[str]]:
    nodes: dict[int, dict[int, Node]] = {}
    for match in matches:
        for listed, parameter in zip(match.get("list", ()), match.get("parameter", ()), strict=False):
            nodes.setdefault(listed.id, {})[parameter.start_byte] = parameter
    return {listed: [tree.slice(found[at]) for at in sorted(found)] for listed, found in nodes.items()}


def _item(tree: Tree, match: Captures, parameters: Mapping[int, list[str]]) -> Definition | _Container | None:
    if "container" in match:
        return _Container(span=tree.span(match["container"][0]), name=tree.slice(match["container.name"][0]))
    kind = next((each for each in _KINDS if each in match), None)
    if kind is None:
        return None
    whole = _outermost_node(tree, match[kind][0])
    first = _with_what_is_above(tree, whole)
    start = tree.span(first).start
    indent = _indent(tree.text, start)
    span = _trimmed_end(tree.text, Span(start=start - len(indent), end=tree.span(whole).end))
    body = tree.span(match["body"][0]) if "body" in match else Span(start=span.end, end=span.end)
    signature = Span(start=_core_start(tree, whole), end=_signature_end(tree, match))
    name = tree.slice(match["name"][0])
    listed = match.get("parameters")
    return Definition(
        kind=kind,
        name=re.split(r"::|[.:#]", name)[-1],
        qualified_name=tree.language.separator.join([tree.slice(each) for each in match.get("receiver", ())] + [name]),
        span=span,
        body=_trimmed_end(tree.text, body),
        signature=signature,
        parameters=tuple(parameters.get(listed[0].id, ())) if listed else (),
        indent=indent,
    )


def _outermost_node(tree: Tree, node: Node) -> Node:
    while (parent := node.parent) is not None and parent.type in tree.language.wrappers:
        node = parent
    return node


def _with_what_is_above(tree: Tree, node: Node) -> Node:
    above = _above(node)
    while above is not None and (above.type in tree.language.attached or _documents(tree, above, node)):
        node, above = above, _above(above)
    return node


def _above(node: Node) -> Node | None:
    """The node before this one; what stands before a body that starts with the node counts too."""
    above = node.prev_named_sibling
    while above is None and (parent := node.parent) is not None and parent.start_byte == node.start_byte:
        node, above = parent, parent.prev_named_sibling
    return above


def _documents(tree: Tree, comment: Node, below: Node) -> bool:
    if comment.type not in tree.language.comments:
        return False
    text = tree.slice(comment).rstrip()
    last_line = comment.start_point.row + text.count("\n")
    line = tree.text.rfind("\n", 0, start := tree.span(comment).start) + 1
    return (
        last_line == below.start_point.row - 1
        and not tree.text[line:start].strip()
        and re.match(tree.language.doc_comment, text) is not None
    )


def _core_start(tree: Tree, whole: Node) -> int:
    skipped = tree.language.attached | tree.language.comments
    first = next((child for child in whole.children if child.type not in skipped), whole)
    return tree.span(first).start


def _signature_end(tree: Tree, match: Captures) -> int:
    """The end of what stands before the body, comments and white space left out."""
    if "body" not in match:
        return max(tree.span(match[each][0]).end for each in ("name", "parameters") if each in match)
    last = match["body"][0].prev_sibling
    while last is not None and last.type in tree.language.comments:
        last = last.prev_sibling
    return tree.span(match["body"][0]).start if last is None else tree.span(last).end


def _indent(text: str, start: int) -> str:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return before if not before.strip(" \t") else ""


def _qualified(items: Iterable[Definition | _Container], separator: str) -> Iterator[Definition]:
    around: list[tuple[Definition | _Container, str]] = []
    for item in items:
        while around and not around[-1][0].span.contains(item.span):
            around.pop()
        own = item.qualified_name if isinstance(item, Definition) else item.name
        full = separator.join([around[-1][1], own]) if around else own
        if isinstance(item, Definition):
            yield replace(item, qualified_name=full, kind=_kind_within(item, around[-1][0] if around else None))
        around.append((item, full))


def _kind_within(item: Definition, outer: Definition | _Container | None) -> _Kind:
    is_member = isinstance(outer, Definition) and outer.kind == "class"
    return "method" if item.kind == "function" and is_member else item.kind


def _outermost(items: Iterable[Definition]) -> list[Definition]:
    kept: list[Definition] = []
    for item in items:
        if not kept or not kept[-1].span.contains(item.span):
            kept.append(item)
    return kept


def _nothing_else(text: str, selection: Span, definition: Definition) -> bool:
    around = (
        text[selection.start : max(selection.start, definition.span.start)] + text[definition.span.end : selection.end]
    )
    return re.search(r"\w", around) is None


def _trimmed(text: str, span: Span) -> Span:
    inside = text[span.start : span.end]
    if not inside.strip():
        return Span(start=span.start, end=span.start)
    start = span.end - len(inside.lstrip())
    return Span(start=start, end=span.start + len(inside.rstrip()))


def _trimmed_end(text: str, span: Span) -> Span:
    return Span(start=span.start, end=span.start + len(text[span.start : span.end].rstrip()))
