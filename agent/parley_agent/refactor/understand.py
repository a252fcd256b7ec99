"""From a request to its context: which task class, where, which diagnostics. Pure; no model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.applicability import refuse_if_not_applicable
from parley_agent.refactor.context import Context
from parley_agent.refactor.instruction import read_wish
from parley_agent.refactor.target import place_of

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
    place = place_of(request.document, request.selection)
    diagnostics = diagnostics_on(place, request.diagnostics)
    refuse_if_not_applicable(wish.task, place, diagnostics, wish)
    return Context(place=place, task=wish.task, wish=wish, diagnostics=diagnostics)


def diagnostics_on(place: Place, diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Those diagnostics that touch the target."""
    target = place.target.span
    return tuple(each for each in diagnostics if target.contains(each.span) or target.overlaps(each.span))
