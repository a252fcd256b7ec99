"""What can be asked for at a selection: instant, without a model; what code actions are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.applicability import refuse_if_not_applicable
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.requests import Offer
from parley_agent.refactor.target import place_of, refuse_unreadable
from parley_agent.refactor.tasks import TASKS, TaskClass
from parley_agent.refactor.understand import diagnostics_on

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic, Document, Span
    from parley_agent.refactor.target import Place

_ORDER = (
    TaskClass.FIX_DIAGNOSTICS,
    TaskClass.RENAME,
    TaskClass.EXTRACT_FUNCTION,
    TaskClass.SIMPLIFY,
    TaskClass.DOCSTRING,
    TaskClass.TYPE_HINTS,
    TaskClass.GENERATE_TESTS,
    TaskClass.CUSTOM,
    TaskClass.EXPLAIN,
)


def offers(document: Document, selection: Span, diagnostics: tuple[Diagnostic, ...] = ()) -> tuple[Offer, ...]:
    """Every task class, in the order in which a person looks for them, with the reason where it does not apply."""
    try:
        place: Place | None = place_of(document, selection)
        why_nothing = None
    except RefactorRefusedError as refusal:
        place, why_nothing = None, refusal.reason
    target = "" if place is None or place.target.definition is None else place.target.name
    return tuple(
        Offer(
            task=task,
            title=TASKS[task].title,
            target=target,
            disabled_reason=_why_not(task, document, place, diagnostics) or None
            if place is not None or task is TaskClass.EXPLAIN
            else why_nothing,
        )
        for task in _ORDER
    )


def _why_not(task: TaskClass, document: Document, place: Place | None, diagnostics: tuple[Diagnostic, ...]) -> str:
    try:
        if place is None:
            refuse_unreadable(document)
        else:
            refuse_if_not_applicable(task, place, diagnostics_on(place, diagnostics))
    except RefactorRefusedError as refusal:
        return refusal.reason
    except EditRefusedError as refusal:
        return refusal.reason
    return ""
