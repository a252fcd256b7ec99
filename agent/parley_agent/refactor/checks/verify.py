"""All checks of a candidate, in order: from what any text must hold to what its task class promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.checks.proofs import proof_of
from parley_agent.refactor.checks.regions import check_regions
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.syntax import parse

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.forms.form import Candidate
    from parley_agent.syntax import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks say of a candidate that passed them; `evidence` is the sentence for the person."""

    proof: Literal["proved", "unproved"]
    evidence: str


def verify(context: Context, candidate: Candidate) -> Verdict:
    """Check a candidate.

    Raises:
        AnswerRejectedError: it fails a check; the problem is for the model and, in the end, for the person.
    """
    before = context.place.tree
    if candidate.text == before.text and not candidate.new_files:
        raise AnswerRejectedError("no-change", "The code came back unchanged. Make the change that was asked for.")
    after = parse(candidate.text, context.place.language)
    _check_parses(before, after)
    check_regions(context, after)
    proof = proof_of(context, candidate, after)
    if proof is not None:
        return Verdict(proof="proved", evidence=proof)
    return Verdict(proof="unproved", evidence="")


def _check_parses(before: Tree, after: Tree) -> None:
    if len(broken := after.errors()) > len(before.errors()):
        line = after.text.count("\n", 0, broken[0].start) + 1
        shown = after.text.splitlines()[line - 1].strip()[:80]
        raise AnswerRejectedError("syntax", f"The code has a syntax error at `{shown}`. Write it again, complete.")
