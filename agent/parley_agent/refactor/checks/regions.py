"""Whether a change stays within the regions that its task class declares.

The two texts are taken apart by their definitions: with the target, the import lines and new siblings taken out, what
is left must be the same, and every other definition must be there unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TASKS, Region
from parley_agent.syntax import definitions, imports

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.syntax import Definition, Tree

_TARGET = "\0target\0"


def check_regions(context: Context, after: Tree) -> Span:
    """Where the target is in the text after the change.

    Raises:
        AnswerRejectedError: something else was changed, or the target is gone.
    """
    place, allowed = context.place, TASKS[context.task].regions
    before = place.tree
    if place.target.definition is None:
        return _check_lines(context, after)
    target = _same_definition(before, after, place.target.definition)
    siblings = _new_siblings(before, after, target)
    if siblings and Region.SIBLING not in allowed:
        raise _outside(f"it adds {siblings[0].qualified_name}")
    old_imports, new_imports = _import_lines(before, place.target.span), _import_lines(after, target.span)
    if Region.IMPORTS not in allowed and old_imports != new_imports:
        raise _outside("it changes the imports")
    if not place.is_python and (gone := [line for line in old_imports if line not in new_imports]):
        raise _outside(f"it removes the import `{gone[0]}`")
    old = _rest(before, place.target.span, ())
    new = _rest(after, target.span, tuple(each.span for each in siblings))
    if old != new:
        raise _outside(_first_difference(old, new))
    return target.span


def _check_lines(context: Context, after: Tree) -> Span:
    before, span = context.place.document.text, context.place.target.span
    tail = before[span.end :]
    if not after.text.startswith(before[: span.start]) or not after.text.endswith(tail):
        raise _outside("it changes lines that were not selected")
    return Span(start=span.start, end=max(span.start, len(after.text) - len(tail)))


def _same_definition(before: Tree, after: Tree, target: Definition) -> Definition:
    """The target in `after`: of those with its name, the one at the same place in their order."""
    olds = [each for each in definitions(before) if each.qualified_name == target.qualified_name]
    news = [each for each in definitions(after) if each.qualified_name == target.qualified_name]
    if len(olds) != len(news):
        raise AnswerRejectedError(
            "target-lost", f"The {target.kind} {target.name} must be there exactly once, under its own name."
        )
    return news[[each.span for each in olds].index(target.span)]


def _new_siblings(before: Tree, after: Tree, target: Definition) -> tuple[Definition, ...]:
    known = {each.qualified_name for each in definitions(before)}
    found: list[Definition] = []
    for each in definitions(after):
        is_new = each.qualified_name not in known and not target.span.contains(each.span)
        if is_new and not (found and found[-1].span.contains(each.span)):
            found.append(each)
    return tuple(found)


def _import_lines(tree: Tree, target: Span) -> list[str]:
    return [" ".join(tree.text[span.start : span.end].split()) for span in imports(tree) if not target.contains(span)]


def _rest(tree: Tree, target: Span, siblings: tuple[Span, ...]) -> list[str]:
    """The lines of the text without target, siblings and imports; empty lines do not count."""
    taken = {span: "" for span in (*siblings, *imports(tree)) if not target.overlaps(span)} | {target: _TARGET}
    pieces: list[str] = []
    at = 0
    for span in sorted(taken):
        if span.start < at:
            continue
        pieces += [tree.text[at : span.start], taken[span]]
        at = span.end
    lines = "".join([*pieces, tree.text[at:]]).splitlines()
    return [line.rstrip() for line in lines if line.strip()]


def _first_difference(old: list[str], new: list[str]) -> str:
    for before, after in zip(old, new, strict=False):
        if before != after:
            return f"it changes the line `{before.strip()[:80]}`"
    return "it adds or removes lines elsewhere"


def _outside(what: str) -> AnswerRejectedError:
    return AnswerRejectedError("outside", f"The change goes beyond what was asked: {what}. Change nothing else.")
