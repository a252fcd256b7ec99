"""What may be applied without asking the person."""

from dataclasses import replace

import pytest

from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.service import RefactorService
from parley_agent.refactor.tasks import TaskClass

PROPOSAL = Proposed(task=TaskClass.SIMPLIFY, title="Simplify: f", edits=(), proof="unproved", evidence="Not proved.")
CODE = "def f(a):\n    ¦t = a\n    return t\n"
REWRITTEN = "```python\ndef f(a):\n    return a + 0\n```"


@pytest.mark.parametrize(
    ("proof", "unproved", "needs_consent"),
    [
        ("proved", "ask", False),
        ("tested", "ask", False),
        ("unproved", "ask", True),
        ("proved", "apply", False),
        ("tested", "apply", False),
        ("unproved", "apply", False),
    ],
)
def test_only_what_is_neither_proved_nor_tested_needs_a_yes(proof, unproved, needs_consent):
    """Unless the person's settings gave it beforehand."""
    assert replace(PROPOSAL, proof=proof, unproved=unproved).needs_consent is needs_consent


@pytest.mark.parametrize("unproved", ["ask", "apply"])
async def test_a_proposal_tells_what_the_settings_say(bench, unproved):
    """Front ends need to know no more than the proposal."""
    case = bench(CODE, REWRITTEN)
    request = RefactorRequest(document=case.document, selection=case.selection, instruction="return at once")
    *_, last = [event async for event in RefactorService(case.models, unproved=unproved).run(request)]
    assert (last.proof, last.unproved) == ("unproved", unproved)
