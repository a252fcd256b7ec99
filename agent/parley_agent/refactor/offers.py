"""What can be asked for at a selection: instant, without a model; what code actions are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.applicability import refuse_if_not_applicable
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.requests import Offer
from parley_agent.refactor.target import known_language, place_of, refuse_unreadable
from parley_agent.refactor.tasks import TASKS, TaskClass
from parley_agent.refactor.understand import diagnostics_on
from parley_agent.syntax import definitions, imports, parse
from parley_agent.syntax import prepare as read_ahead

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic, Document, Span
    from parley_agent.refactor.target import Place

_LONGEST_KNOWN_AHEAD = 100_000
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


def prepare(document: Document) -> None:
    """Read `document` ahead, so that what is offered or asked for there next comes at once.

    One that cannot be read is left; the definitions of a very long one are looked for when they are needed.
    """
    try:
        refuse_unreadable(document)
        language = known_language(document)
    except RefactorRefusedError:
        return
    read_ahead(document.text, language)
    if len(document.text) <= _LONGEST_KNOWN_AHEAD:
        tree = parse(document.text, language)
        definitions(tree)
        imports(tree)


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
