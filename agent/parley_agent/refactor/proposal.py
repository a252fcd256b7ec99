"""From an answer, or from a decision that was held, to a proposal that passed every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.checks import verify
from parley_agent.refactor.edits import minimal_edits
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.requests import Proposed
from parley_agent.refactor.tasks import TASKS

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer, Candidate, Form


def proposed(context: Context, form: Form, view: View, answer: Answer) -> Proposed:
    """What the answer makes, checked.

    Raises:
        AnswerRejectedError: it will not do; the problem is for the model.
    """
    try:
        candidate = form.propose(context, view, answer)
        return _proposal(context, candidate, _screen_notes(view))
    except EditRefusedError as refusal:
        raise AnswerRejectedError(refusal.code, refusal.reason) from refusal


def settled(context: Context, candidate: Candidate) -> Proposed:
    """What a decision that the instruction held makes, checked.

    Raises:
        RefactorRefusedError: it will not do; the reason is for the person.
    """
    try:
        return _proposal(context, candidate, ())
    except AnswerRejectedError as rejection:
        raise RefactorRefusedError(rejection.code, rejection.problem) from rejection


def _proposal(context: Context, candidate: Candidate, notes: tuple[str, ...]) -> Proposed:
    verdict = verify(context, candidate)
    return Proposed(
        task=context.task,
        title=f"{TASKS[context.task].title}: {context.place.target.name}",
        edits=minimal_edits(context.place.document.text, candidate.text),
        new_files=candidate.new_files,
        proof=verdict.proof,
        evidence=verdict.evidence,
        notes=candidate.notes + notes,
    )


def _screen_notes(view: View) -> tuple[str, ...]:
    notes: list[str] = []
    if count := view.screen.hidden_count:
        notes.append(f"{count} hidden {_plural('character', count)} of the text {_were(count)} not shown to the model.")
    if count := view.screen.secret_count:
        notes.append(f"{count} {_plural('secret', count)} {_were(count)} hidden from the model and put back.")
    return tuple(notes)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
