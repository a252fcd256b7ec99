"""All checks of a candidate, in order: from what any text must hold to what its task class promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parley_agent.hidden_unicode import hidden_characters
from parley_agent.refactor.checks.dependencies import check_dependencies
from parley_agent.refactor.checks.literals import check_literals
from parley_agent.refactor.checks.meaning import check_comments, check_meaning, check_surprises
from parley_agent.refactor.checks.promises import check_promise
from parley_agent.refactor.checks.proofs import proof_of
from parley_agent.refactor.checks.regions import check_regions
from parley_agent.refactor.checks.same_results import check_same_results
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TASKS, Region, TaskClass
from parley_agent.syntax import carry_over, changed_part, parse

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.forms.form import Candidate
    from parley_agent.syntax import Tree

_UNPROVED = (
    "Not proved: code was written anew. Checked: it parses, it changes nothing else, the names it uses are known, and "
    "signature and comments are kept."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checks say of a candidate that passed them; `evidence` is the sentence for the person."""

    proof: Literal["proved", "unproved"]
    evidence: str


def verify(context: Context, candidate: Candidate) -> Verdict:
    """Check a candidate that changes the document.

    Raises:
        AnswerRejectedError: it fails a check; the problem is for the model and, in the end, for the person.
    """
    before = context.place.tree
    if candidate.new_files:
        return _verify_new_files(context, candidate)
    if candidate.text == before.text:
        raise AnswerRejectedError("no-change", "The code came back unchanged. Make the change that was asked for.")
    _check_hidden(before.text, candidate.text)
    after = parse(candidate.text, context.place.language)
    _check_parses(context, after, must_compile=not candidate.is_proved)
    carry_over(before, after)
    target = check_regions(context, after)
    proof = proof_of(context, candidate, after)
    if proof is not None:
        if not candidate.is_proved:
            check_comments(context, after)
            check_promise(context, after, target)
        return Verdict(proof="proved", evidence=proof)
    check_meaning(context, after, target)
    check_dependencies(context, after)
    check_promise(context, after, target)
    tried = check_same_results(context, after.text)
    if context.task is TaskClass.SIMPLIFY and not tried:
        check_literals(context, after, target)
    return Verdict(proof="unproved", evidence=(candidate.evidence or _UNPROVED) + tried)


def _verify_new_files(context: Context, candidate: Candidate) -> Verdict:
    if Region.NEW_TEST_FILE not in TASKS[context.task].regions or candidate.text != context.place.document.text:
        raise AnswerRejectedError("outside", "The change goes beyond what was asked. Write the new file only.")
    for file in candidate.new_files:
        _check_hidden("", file.text)
        check_surprises(context, parse(file.text, context.place.language))
    return Verdict(proof="unproved", evidence=candidate.evidence or _UNPROVED)


def _check_hidden(before: str, after: str) -> None:
    """Refuse what a person who reviews the change would not see; that a text has such characters already is its own."""
    if new := Counter(hidden_characters(after)) - Counter(hidden_characters(before)):
        named = ", ".join(f"U+{ord(character):04X}" for character in sorted(new))
        raise AnswerRejectedError(
            "control-characters", f"The code holds characters that cannot be seen ({named}). Write plain text."
        )


def _check_parses(context: Context, after: Tree, *, must_compile: bool) -> None:
    before = context.place.tree
    broken = after.errors()
    is_checked = must_compile and context.place.is_python and not before.errors()
    if len(broken) > len(before.errors()) or (is_checked and not _compiles(before, after)):
        at = broken[0].start if broken else 0
        shown = after.text[after.text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()[:80]
        where = f" at `{shown}`" if broken and shown else ""
        raise AnswerRejectedError(
            "syntax", f"The code has a syntax error{where}. Write it again, complete and correct."
        )


def _compiles(before: Tree, after: Tree) -> bool:
    """Whether Python itself reads it: `return` outside of a function is no fault of the grammar.

    What such faults are about lies within one statement of the top level, `__future__` apart, so those that are as they
    were are not compiled again.
    """
    text = after.text.removeprefix("\ufeff")
    if "__future__" not in text:
        part = changed_part(before, after)
        text = after.text[part.start : part.end].removeprefix("\ufeff")
    try:
        compile(text, "<candidate>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True
