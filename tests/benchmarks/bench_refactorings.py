"""Sixty small refactorings by real local models: completed, offered, refused, and – this must be zero – landed wrong.

What is proved or tested lands, and is completed or wrong. What is not waits for the person's yes: it is offered, and
whether a yes would have been right is counted apart. The judge knows nothing of the product's own proofs.

Every case is put by decision where its task class has one, and by rewrite. In the tables, seconds and tokens are means
over the cases of a row; the reasons of everything that was not completed stand in a table of their own.
"""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from itertools import groupby
from typing import TYPE_CHECKING, get_args
from uuid import uuid4

from benchmarks.figures import Figure, Table, at_most
from benchmarks.refactorings.cases import load_cases
from benchmarks.refactorings.runner import Ending, Trial, run_case
from parley_agent.refactor.service import RefactorService
from parley_providers.chain import ProviderChain
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.measure import Instruments
from parley_providers.route import FixedRouter, Route
from support.local_models import embedded_provider, obtain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from benchmarks.figures import Context
    from benchmarks.refactorings.cases import Case
    from parley_providers.records import CallRecord

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")


async def figures(context: Context) -> AsyncIterator[Figure | Table]:
    """How many of the refactorings each model completes, is refused or lands wrong."""
    cases = load_cases()
    if context.quick:
        cases = tuple(next(iter(group)) for _, group in groupby(cases, key=lambda case: case.task))
    everything: list[Trial] = []
    for model in MODELS[:1] if context.quick else MODELS:
        trials = [trial async for trial in _trials(context, model, cases)]
        everything += trials
        for form in ("decision", "rewrite"):
            chosen = [trial for trial in trials if (trial.form or "decision") == form]
            for figure in _figures(f"refactorings.{model}.{form}", chosen):
                yield figure
    yield _by_task(everything)
    yield _by_proof(everything)
    yield _not_completed(everything)


class _NoObserver:
    def observe(self, record: CallRecord) -> None:
        """Keep nothing: the person's own profile is not for benchmarks."""


async def _trials(context: Context, model: str, cases: Iterable[Case]) -> AsyncIterator[Trial]:
    obtain(model)
    provider = embedded_provider()
    route = Route(provider=provider.name, model=model, reason="requested", why="The benchmark asks for it.")
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: uuid4().hex, observer=_NoObserver())
    async with aclosing(ProviderChain((provider,), FixedRouter(route), instruments)) as chain:
        service = RefactorService(chain)
        for case in cases:
            trial = await run_case(service, case, model, "auto", SYSTEM_CLOCK)
            context.say(_said(trial))
            yield trial
            if trial.form == "decision":
                trial = await run_case(service, case, model, "rewrite", SYSTEM_CLOCK)
                context.say(_said(trial))
                yield trial


def _said(trial: Trial) -> str:
    reason = f" – {trial.verdict.reason}" if trial.verdict.reason else ""
    form = trial.form or "no model"
    return f"{trial.model} {trial.case.name} ({form}): {trial.ending}, {trial.seconds:.1f} s{reason}"


def _figures(name: str, trials: list[Trial]) -> Iterable[Figure]:
    endings = Counter(trial.ending for trial in trials)
    detail = {"cases": len(trials)} | {ending: endings[ending] for ending in get_args(Ending)}
    yield Figure(name=f"{name}.completed", ours=endings["completed"], unit="", detail=detail)
    yield Figure(name=f"{name}.offered-right", ours=endings["offered right"], unit="", detail=detail)
    yield Figure(name=f"{name}.offered-wrong", ours=endings["offered wrong"], unit="", detail=detail)
    yield Figure(name=f"{name}.landed-wrong", ours=endings["wrong"], unit="", goal=at_most(0), detail=detail)


def _by_task(trials: list[Trial]) -> Table:
    def key(trial: Trial) -> tuple[str, str, str]:
        return trial.case.task.value, trial.form or "none", trial.model

    rows = []
    for (task, form, model), group in groupby(sorted(trials, key=key), key=key):
        found = list(group)
        endings = Counter(trial.ending for trial in found)
        tokens = [trial.output_tokens for trial in found if trial.output_tokens is not None]
        rows.append(
            (
                task,
                form,
                model,
                len(found),
                *(endings[ending] for ending in get_args(Ending)),
                round(sum(trial.seconds for trial in found) / len(found), 2),
                round(sum(tokens) / len(tokens), 1) if tokens else None,
            )
        )
    endings = tuple("landed wrong" if ending == "wrong" else ending for ending in get_args(Ending))
    columns = ("task", "form", "model", "cases", *endings, "mean seconds", "mean output tokens")
    return Table(name="refactorings", columns=columns, rows=tuple(rows))


def _kind(trial: Trial) -> tuple[str, str]:
    return trial.case.task.value, trial.proof or ""


def _by_proof(trials: list[Trial]) -> Table:
    """What Parley said of its proposals, beside what the judge says."""
    proposed = [trial for trial in trials if trial.proof is not None]
    counts = Counter((_kind(trial), trial.verdict.kind) for trial in proposed)
    rows = tuple(
        (*key, counts[key, "completed"], counts[key, "wrong"]) for key in sorted({_kind(trial) for trial in proposed})
    )
    return Table(name="refactorings by proof", columns=("task", "proof", "right", "wrong"), rows=rows)


def _not_completed(trials: list[Trial]) -> Table:
    rows = tuple(
        (trial.case.name, trial.form, trial.model, trial.ending, trial.proof, trial.attempts, trial.verdict.reason)
        for trial in trials
        if trial.ending != "completed"
    )
    columns = ("case", "form", "model", "ending", "proof", "attempts", "reason")
    return Table(name="refactorings that were not completed", columns=columns, rows=rows)
