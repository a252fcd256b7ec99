"""Puts a case to the refactoring service as an editor would, and has what comes back judged."""

from __future__ import annotations

import tempfile
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from benchmarks.refactorings.judge import Verdict, judge
from parley_agent.document import apply_edits
from parley_agent.refactor.requests import Answered, Asked, Proposed, RefactorRequest, Refused
from parley_providers.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.refactorings.cases import Case
    from parley_agent.refactor.requests import RefactorEvent
    from parley_providers.clock import Clock

Form = Literal["decision", "rewrite"]
Ending = Literal["completed", "offered right", "offered wrong", "refused", "wrong"]


class Refactors(Protocol):
    """What is evaluated: `RefactorService`, or a stand-in."""

    def run(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        """The events of one refactoring."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case, put to one model in one form.

    `form` is the form that was used, None if no model was asked; `output_tokens` is None where a server did not say.
    `after` is the document that was proposed, None if none was, and `proof` what Parley said of it. `needs_consent`: it
    lands only after the person's yes.
    """

    case: Case
    model: str
    form: Form | None
    verdict: Verdict
    seconds: float
    output_tokens: int | None
    attempts: int
    after: str | None = None
    proof: str | None = None
    needs_consent: bool = False

    @property
    def ending(self) -> Ending:
        """What became of the case before anybody was asked: only "completed" and "wrong" have landed."""
        if self.verdict.kind == "refused" or not self.needs_consent:
            return self.verdict.kind
        return "offered right" if self.verdict.kind == "completed" else "offered wrong"


async def run_case(
    service: Refactors, case: Case, model: str, wanted: Literal["auto", "rewrite"], clock: Clock
) -> Trial:
    """Carry out `case` and judge it. A model that fails refuses; anything else that goes wrong is raised."""
    asked: list[Asked] = []
    tokens: list[int | None] = []
    verdict = Verdict(kind="refused", reason="there was no answer")
    proposed: Proposed | None = None
    started_ns = clock.monotonic_ns()
    with tempfile.TemporaryDirectory(prefix="parley-case-") as folder:
        try:
            async with aclosing(service.run(_request(case, model, wanted, Path(folder)))) as events:
                async for event in events:
                    match event:
                        case Asked():
                            asked.append(event)
                        case Answered():
                            tokens.append(event.usage.output_tokens)
                        case Refused():
                            verdict = Verdict(kind="refused", reason=f"{event.code}: {event.reason}")
                        case Proposed():
                            proposed = event
                        case _:
                            pass
        except ProviderError as error:
            verdict = Verdict(kind="refused", reason=f"the model failed: {error}")
    seconds = (clock.monotonic_ns() - started_ns) / 1e9
    after = None if proposed is None else apply_edits(case.text, proposed.edits)
    return Trial(
        case=case,
        model=model,
        form=asked[-1].form if asked else None,
        verdict=verdict if after is None else judge(case, after),
        seconds=seconds,
        output_tokens=sum(each for each in tokens if each is not None) if None not in tokens else None,
        attempts=len(asked),
        after=after,
        proof=proposed.proof if proposed else None,
        needs_consent=proposed.needs_consent if proposed else False,
    )


def _request(case: Case, model: str, wanted: Literal["auto", "rewrite"], folder: Path) -> RefactorRequest:
    return RefactorRequest(
        document=case.document(folder),
        selection=case.selection,
        task=case.task,
        instruction=case.instruction,
        diagnostics=case.diagnostics,
        model=model,
        form=wanted,
        correlation_id=case.name,
    )
