"""Rebases a proposal: to the text that the person has made of the document while the model worked.

The proposal is moved where the person's changes are apart from its own, and then passes the very checks that it passed
when it was made; its proof is never weaker than before. Where edits move to belongs to `moving`, what checks are to
`checks`, running tests again to the service.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parley_agent.document import Span, apply_edits
from parley_agent.refactor.checks import verify
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.forms.form import Candidate
from parley_agent.refactor.moving import Movement
from parley_agent.refactor.target import place_of
from parley_agent.refactor.understand import understood
from parley_agent.syntax import definitions

if TYPE_CHECKING:
    from parley_agent.document import Document
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.requests import Proposed, RefactorRequest


def rebased(request: RefactorRequest, proposed: Proposed, now: Document) -> tuple[RefactorRequest, Proposed]:
    """The request and its proposal as they are for the document of `now`, checked. A test that ran is not run again.

    Raises:
        RefactorRefusedError: the person changed something next to the proposal's changes, or its target.
        AnswerRejectedError: the moved result fails a check.
        EditRefusedError: the document's language has rules that say why.
    """
    context = understood(request)
    movement = Movement(request.document.text, now.text)
    edits = movement.moved_edits(proposed.edits)
    if edits is None:
        raise RefactorRefusedError("touched", "Its lines, or those beside them, were changed meanwhile.")
    request = replace(
        request,
        document=replace(now, language=now.language or request.document.language),
        selection=_selection(context, movement, request, now, needs_whole=bool(proposed.new_files)),
        diagnostics=tuple(
            replace(each, span=span) for each in request.diagnostics if (span := movement.moved_span(each.span))
        ),
    )
    candidate = Candidate(
        text=apply_edits(now.text, edits),
        new_files=proposed.new_files,
        evidence=_evidence(proposed),
        notes=proposed.notes,
    )
    verdict = verify(understood(request), candidate)
    if proposed.proof == "proved" and verdict.proof != "proved":
        raise RefactorRefusedError("proof-lost", "What was proved of it cannot be proved for the text as it is now.")
    return request, replace(proposed, edits=edits, proof=verdict.proof, evidence=verdict.evidence)


def _selection(
    context: Context, movement: Movement, request: RefactorRequest, now: Document, *, needs_whole: bool
) -> Span:
    """What selects the same target in the text of now. With `needs_whole` nobody may have changed it."""
    place = context.place
    whole = movement.moved_span(place.target.span)
    definition = place.target.definition
    if definition is None or needs_whole:
        if whole is None:
            raise RefactorRefusedError("touched", f"{place.target.name} was changed meanwhile.")
        return whole
    wanted = definition.qualified_name
    olds = [each.span for each in definitions(place.tree) if each.qualified_name == wanted]
    tree = place_of(replace(now, language=now.language or request.document.language), Span(start=0, end=0)).tree
    news = [each.span for each in definitions(tree) if each.qualified_name == wanted]
    if len(olds) != len(news):
        raise RefactorRefusedError("touched", f"There are {len(news)} of {wanted} now; there were {len(olds)}.")
    return news[olds.index(definition.span)]


def _evidence(proposed: Proposed) -> str:
    return proposed.evidence if proposed.proof == "unproved" else ""
