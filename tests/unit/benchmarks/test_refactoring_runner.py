"""The evaluation's runner: what a service proposes is landed and judged, what it refuses is counted as such."""

import pytest

from benchmarks.refactorings.cases import load_cases
from benchmarks.refactorings.runner import run_case
from parley_agent.document import Span, TextEdit
from parley_agent.refactor.requests import Answered, Asked, Proposed, Refused
from parley_agent.refactor.tasks import TaskClass
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.errors import ModelNotFoundError
from parley_providers.usage import Timings, Usage

(CASE,) = [case for case in load_cases() if case.name == "fix-diagnostics/python_undefined_name"]
ASKED = Asked(attempt=1, task=CASE.task, form="rewrite", target="squares", prompt_tokens=9)
ANSWERED = Answered(attempt=1, usage=Usage(output_tokens=7), timings=Timings())


class Scripted:
    """A service whose events are known, and that keeps what it was asked."""

    def __init__(self, *events, error=None):
        self.events, self.error, self.requests = events, error, []

    async def run(self, request):
        self.requests.append(request)
        for event in self.events:
            yield event
        if self.error:
            raise self.error


def proposed(new_text: str, proof="proved") -> Proposed:
    start = CASE.text.index("resutl")
    edit = TextEdit(span=Span(start=start, end=start + len("resutl")), new_text=new_text)
    return Proposed(task=TaskClass.FIX_DIAGNOSTICS, title="Fix", edits=(edit,), proof=proof, evidence="")


@pytest.mark.parametrize(
    ("events", "kind", "tokens"),
    [
        ((ASKED, ANSWERED, proposed("result")), "completed", 7),
        ((ASKED, ANSWERED, ASKED, ANSWERED, proposed("[]")), "wrong", 14),
        ((ASKED, ANSWERED, Refused(code="no-op", reason="Nothing changed.")), "refused", 7),
        ((Refused(code="syntax", reason="Broken."),), "refused", 0),
        ((), "refused", 0),
    ],
)
async def test_what_comes_back_is_judged(events, kind, tokens):
    """Edits are applied to the document and judged by what it then does; tokens of all attempts are added up."""
    trial = await run_case(Scripted(*events), CASE, "m", "auto", SYSTEM_CLOCK)
    asked = sum(isinstance(event, Asked) for event in events)
    assert (trial.verdict.kind, trial.output_tokens, trial.attempts) == (kind, tokens, asked)


@pytest.mark.parametrize(
    ("new_text", "proof", "ending"),
    [
        ("result", "proved", "completed"),
        ("[]", "tested", "wrong"),
        ("result", "unproved", "offered right"),
        ("[]", "unproved", "offered wrong"),
    ],
)
async def test_what_waits_for_a_yes_has_not_landed(new_text, proof, ending):
    """It is judged all the same, and counted apart."""
    trial = await run_case(Scripted(ASKED, ANSWERED, proposed(new_text, proof)), CASE, "m", "auto", SYSTEM_CLOCK)
    assert (trial.ending, trial.proof) == (ending, proof)


async def test_a_model_that_fails_refuses():
    """The error's message is kept."""
    trial = await run_case(Scripted(ASKED, error=ModelNotFoundError("no such model")), CASE, "m", "auto", SYSTEM_CLOCK)
    assert (trial.verdict.kind, trial.verdict.reason) == ("refused", "the model failed: no such model")


async def test_the_service_is_asked_as_an_editor_would():
    """Document, selection, diagnostics, task class, model and form are those of the case."""
    service = Scripted()
    await run_case(service, CASE, "m", "rewrite", SYSTEM_CLOCK)
    (request,) = service.requests
    assert (request.document.text, request.document.language) == (CASE.text, "python")
    assert (request.selection, request.diagnostics) == (CASE.selection, CASE.diagnostics)
    assert (request.task, request.model, request.form) == (CASE.task, "m", "rewrite")
