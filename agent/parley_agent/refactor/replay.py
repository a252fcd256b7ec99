"""A refactoring as it can be seen again from its events: its text before and after, and how it ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parley_agent.document import Span, TextEdit, apply_edits
from parley_agent.refactor import events as kept
from parley_events.types import Forked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_agent.refactor.events import RefactoringEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Refactoring:
    """What is known of a refactoring after some of its events. Names of texts are names of blobs.

    `status` is one of asked, routed, answered, proposed, rebased, waiting for a yes, explained, refused, failed,
    applied, not applied, undone.
    """

    status: str = ""
    asked: kept.RefactoringAsked | None = None
    routes: tuple[kept.RouteChosen, ...] = ()
    attempts: int = 0
    problems: tuple[str, ...] = ()
    proposed: kept.RefactoringProposed | None = None
    reason: str = ""


def replayed(events: Iterable[RefactoringEvent | Forked]) -> Refactoring:
    """The refactoring after these events."""
    state = Refactoring()
    for event in events:
        state = _after(state, event)
    return state


def text_after(before: str, proposed: kept.RefactoringProposed) -> str:
    """The text that the proposal makes of `before`."""
    edits = (TextEdit(span=Span(start=each.start, end=each.end), new_text=each.new_text) for each in proposed.edits)
    return apply_edits(before, tuple(edits))


def _after(state: Refactoring, event: RefactoringEvent | Forked) -> Refactoring:  # noqa: C901, PLR0911, PLR0912 - one event a case
    match event:
        case kept.RefactoringAsked():
            return replace(state, status="asked", asked=event)
        case kept.ModelAsked():
            return replace(state, attempts=event.attempt)
        case kept.RouteChosen():
            return replace(state, status="routed", routes=(*state.routes, event))
        case kept.ModelAnswered():
            return replace(state, status="answered")
        case kept.AnswerRejected():
            return replace(state, problems=(*state.problems, event.problem))
        case kept.RefactoringProposed():
            return replace(state, status="proposed", proposed=event, reason=event.evidence)
        case kept.RefactoringRebased():
            return _rebased(state, event)
        case kept.ConsentAsked():
            return replace(state, status="waiting for a yes")
        case kept.CodeExplained():
            return replace(state, status="explained")
        case kept.RefactoringRefused():
            return replace(state, status="refused", reason=event.reason)
        case kept.RefactoringFailed():
            return replace(state, status="failed", reason=event.reason)
        case kept.RefactoringApplied():
            return replace(state, status="applied")
        case kept.RefactoringNotApplied():
            return replace(state, status="not applied", reason=event.reason)
        case kept.RefactoringUndone():
            return replace(state, status="undone")
        case kept.FellBack() | kept.TrialStarted() | kept.ConsentNotGiven() | kept.ConsentGiven() | Forked():
            return state


def _rebased(state: Refactoring, event: kept.RefactoringRebased) -> Refactoring:
    """The same proposal about another text."""
    asked, proposed = state.asked, state.proposed
    return replace(
        state,
        status="rebased",
        asked=asked and replace(asked, text=event.text),
        proposed=proposed
        and replace(proposed, edits=event.edits, result=event.result, proof=event.proof, evidence=event.evidence),
        reason=event.evidence,
    )
