"""From the code in a model's answer to the whole document.

The definition goes where it was, new siblings before it, imports among the imports. What the answer merely repeats of
the file is left out; what it changes elsewhere is a problem.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit, apply_edits
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.forms.form import Candidate
from parley_agent.refactor.import_lines import import_edits
from parley_agent.refactor.layout import can_dedent, dedented, indented, newline_of
from parley_agent.refactor.tasks import TASKS, Region
from parley_agent.syntax import comments, definitions, imports, parse

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.target import Place
    from parley_agent.syntax import Definition, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """An answer taken apart: the target's new code, new definitions beside it, and import lines."""

    target: str
    siblings: tuple[str, ...] = ()
    import_lines: tuple[str, ...] = ()


def assembled(context: Context, view: View, code: str) -> Candidate:
    """The document with `code`, as a model answered it, in the place of the target.

    Raises:
        AnswerRejectedError: the answer does not hold the target, or changes or adds something else.
    """
    place = context.place
    pieces = _taken_apart(place, code) if place.target.definition is not None else _Pieces(target=code)
    screen = view.screen
    screen.check_placeholders("\n".join((pieces.target, *pieces.siblings, *pieces.import_lines)), view.code)
    pieces = _Pieces(
        target=screen.restored(pieces.target),
        siblings=tuple(map(screen.restored, pieces.siblings)),
        import_lines=pieces.import_lines,
    )
    return Candidate(text=_put_in(context, pieces))


def _taken_apart(place: Place, code: str) -> _Pieces:
    code = _flush_left(code)
    alone = parse(code, place.language)
    found = definitions(alone)
    own = _own_definition(place, found)
    import_spans = imports(alone)
    lines = tuple(code[span.start : span.end] for span in import_spans)
    if own is None:
        return _Pieces(target=_without(code, import_spans).strip("\n"), import_lines=lines)
    siblings, repeated = _others(place, alone, own)
    _refuse_stray_lines(place, alone, (own.span, *(each.span for each in (*siblings, *repeated)), *import_spans))
    return _Pieces(
        target=dedented(code[own.span.start : own.span.end], own.indent),
        siblings=tuple(_sibling_text(place, code, each) for each in siblings),
        import_lines=lines,
    )


def _own_definition(place: Place, found: tuple[Definition, ...]) -> Definition | None:
    """The target among the answer's definitions; None if it is not seen as one, as a method without its class."""
    target = place.target.definition
    if target is None:
        return None
    same = [each for each in found if each.qualified_name == target.qualified_name]
    same = same or [each for each in found if each.name == target.name]
    if len(same) > 1:
        raise AnswerRejectedError("several", f"{target.name} is there {len(same)} times. Write it once.")
    if not same and (place.is_python or target.kind != "method"):
        names = ", ".join(each.name for each in found) or "none"
        raise AnswerRejectedError(
            "target-lost",
            f"The {target.kind} {target.name} is missing (found: {names}). Write it whole, with its own name.",
        )
    return same[0] if same else None


def _others(place: Place, alone: Tree, own: Definition) -> tuple[list[Definition], list[Definition]]:
    """The answer's other definitions: new ones, and those that merely repeat the document's."""
    known: dict[str, set[str]] = {}
    for each in definitions(place.tree):
        known.setdefault(each.qualified_name, set()).add(_squeezed(place.tree.text, each.span))
    new: list[Definition] = []
    repeated: list[Definition] = []
    for each in definitions(alone):
        if each.span.contains(own.span) or own.span.contains(each.span):
            continue
        if any(other.span.contains(each.span) for other in (*new, *repeated)):
            continue
        if each.qualified_name not in known:
            new.append(each)
        elif _squeezed(alone.text, each.span) in known[each.qualified_name]:
            repeated.append(each)
        else:
            raise AnswerRejectedError("outside", f"It also changes {each.qualified_name}. Change {own.name} only.")
    return new, repeated


def _refuse_stray_lines(place: Place, alone: Tree, taken: tuple[Span, ...]) -> None:
    known = {line.strip() for line in place.document.text.splitlines()}
    remarks = (span for span in comments(alone) if not any(each.contains(span) for each in taken))
    rest = _without(alone.text, (*taken, *remarks))
    for line in rest.splitlines():
        if line.strip() and line.strip() not in known:
            raise AnswerRejectedError(
                "stray",
                f"The line `{line.strip()[:80]}` does not belong to {place.target.name}. Answer with that alone.",
            )


def _sibling_text(place: Place, code: str, sibling: Definition) -> str:
    text = dedented(code[sibling.span.start : sibling.span.end], sibling.indent)
    is_method = place.target.kind == "method" and (
        not place.is_python or sibling.kind == "method" or sibling.parameters[:1] in (("self",), ("cls",))
    )
    return indented(text, place.target.indent) if is_method or place.target.kind != "method" else text


def _put_in(context: Context, pieces: _Pieces) -> str:
    place = context.place
    before = place.document.text
    newline = newline_of(before)
    home = _home_of(place, pieces.target)
    edits = [TextEdit(span=home, new_text=_at_home(place, pieces.target).replace("\n", newline))]
    if pieces.siblings:
        at, gap = _sibling_place(place, pieces)
        text = "".join(f"{each}\n{gap}" for each in pieces.siblings).replace("\n", newline)
        if at == home.start:
            edits = [TextEdit(span=home, new_text=text + edits[0].new_text)]
        else:
            edits.append(TextEdit(span=Span(start=at, end=at), new_text=text))
    if Region.IMPORTS in TASKS[context.task].regions:
        used = "\n".join((pieces.target, *pieces.siblings))
        edits += import_edits(place, pieces.import_lines, used)
    return apply_edits(before, tuple(edits))


def _home_of(place: Place, code: str) -> Span:
    """What `code` replaces: the target, but for the comments above a definition where the answer has none there."""
    text, span = place.document.text, place.target.span
    start = span.start
    for each in comments(place.tree, span) if place.target.definition is not None else ():
        line_end = text.find("\n", each.end) + 1
        if text[start : each.start].strip() or not 0 < line_end < span.end or text[each.end : line_end].strip():
            break
        start = line_end
    if start == span.start or any(not code[: each.start].strip() for each in comments(parse(code, place.language))):
        return span
    return Span(start=start, end=span.end)


def _at_home(place: Place, code: str) -> str:
    """`code` at the target's indentation."""
    indent = place.target.indent
    original = place.code.replace("\r\n", "\n")
    if can_dedent(original, indent):
        return indented(code, indent)
    first = code.split("\n", 1)[0]
    if first.startswith(indent):
        return code
    raise AnswerRejectedError(
        "indentation", f"Keep the indentation: each line begins with {len(indent)} blanks, as before."
    )


def _sibling_place(place: Place, pieces: _Pieces) -> tuple[int, str]:
    """Where new definitions go, and the blank lines after each."""
    start = place.target.span.start
    is_outside = place.is_python and place.target.kind == "method" and not pieces.siblings[0].startswith((" ", "\t"))
    if is_outside:
        start = min(each.span.start for each in definitions(place.tree) if each.span.contains(place.target.span))
    is_top_level = place.is_python and (is_outside or not place.target.indent)
    return start, "\n\n" if is_top_level else "\n"


def _flush_left(code: str) -> str:
    """`code` without the indentation that all its lines share, and without empty lines around it."""
    code = re.sub(r"\A(?:[ \t]*\n)+|\s+\Z", "", code)
    first = re.match(r"[ \t]*", code)
    indent = first[0] if first else ""
    return dedented(code, indent) if indent and can_dedent(code, indent) else code


def _without(text: str, spans: tuple[Span, ...]) -> str:
    pieces: list[str] = []
    at = 0
    for span in sorted(spans):
        if span.start >= at:
            pieces.append(text[at : span.start])
        at = max(at, span.end)
    return "".join([*pieces, text[at:]])


def _squeezed(text: str, span: Span) -> str:
    return " ".join(text[span.start : span.end].split())
