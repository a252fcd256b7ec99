"""From a request to its context: which task class, where, which diagnostics. Pure; no model is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.refactor.applicability import refuse_if_not_applicable
from parley_agent.refactor.context import Context
from parley_agent.refactor.instruction import Wish, read_wish
from parley_agent.refactor.target import lines_target, place_of
from parley_agent.refactor.tasks import TaskClass

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic
    from parley_agent.refactor.requests import RefactorRequest
    from parley_agent.refactor.target import Place


def understood(request: RefactorRequest) -> Context:
    """The context of `request`.

    Raises:
        RefactorRefusedError: the task class does not apply there; the reason says why.
    """
    wish = read_wish(request.instruction, request.task)
    selected = place = place_of(request.document, request.selection)
    if wish.task is TaskClass.FIX_DIAGNOSTICS and place.target.definition is None:
        place = replace(place, target=lines_target(request.document.text, _paragraph(request.document.text, place)))
    diagnostics = diagnostics_on(place, request.diagnostics)
    if wish.task is TaskClass.FIX_DIAGNOSTICS and request.task is None and wish.text and not diagnostics:
        # "Fix the error handling" is about nothing that a tool reported: the person's own words say what is wrong.
        wish, place = Wish(task=TaskClass.CUSTOM, text=wish.text), selected
    refuse_if_not_applicable(wish.task, place, diagnostics, wish)
    return Context(place=place, task=wish.task, wish=wish, diagnostics=diagnostics)


def diagnostics_on(place: Place, diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Those diagnostics that touch the target."""
    target = place.target.span
    return tuple(each for each in diagnostics if target.contains(each.span) or target.overlaps(each.span))


def _paragraph(text: str, place: Place) -> Span:
    """The lines around the target up to the next empty ones: what is broken has no definition to be seen."""
    start, end = place.target.span.start, place.target.span.end
    while start > 0 and (line := text[text.rfind("\n", 0, start - 1) + 1 : start]).strip():
        start -= len(line)
    while (following := text.find("\n", end) + 1) and (line := text[following:].split("\n", 1)[0]).strip():
        end = following + len(line.removesuffix("\r"))
    return Span(start=start, end=end)
