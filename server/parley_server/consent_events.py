"""What is kept of asking a person for a yes: which bytes it was about, and what came of it.

Asking itself belongs to each front end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_agent.document import apply_edits
from parley_agent.refactor.events import ConsentAsked, ConsentGiven, ConsentNotGiven
from parley_agent.refactor.recording import text_hash
from parley_server.diffs import proposal_diff

if TYPE_CHECKING:
    from parley_agent.document import Document
    from parley_agent.refactor.requests import Proposed

Because: TypeAlias = Literal["declined", "unanswered", "withdrawn"]


def asked(document: Document, proposed: Proposed) -> ConsentAsked:
    """The question whether `proposed` may be applied to `document`."""
    diff = proposal_diff(document, proposed.edits, proposed.new_files)
    return ConsentAsked(result=result_hash(document, proposed), shown=text_hash(diff))


def given(document: Document, proposed: Proposed) -> ConsentGiven:
    """The person's yes to `proposed` for `document`."""
    return ConsentGiven(result=result_hash(document, proposed), by="answer")


def answered(question: ConsentAsked, because: Because | None) -> ConsentGiven | ConsentNotGiven:
    """What came of a question: a yes, or none, `because` of something."""
    if because is None:
        return ConsentGiven(result=question.result, by="answer")
    return ConsentNotGiven(result=question.result, because=because)


def result_hash(document: Document, proposed: Proposed) -> str:
    """The hash of the whole text after the change."""
    return text_hash(apply_edits(document.text, proposed.edits))
