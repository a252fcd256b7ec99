"""The one entry of refactoring: from a request to a stream of events that ends with a proposal or a refusal.

Owns the order of things: understand, ask, read, check, test, repair. What each step means belongs to its module.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.acting_files import acts_by_itself
from parley_agent.refactor.answers import read_prose
from parley_agent.refactor.context import Room, fitted
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.explain import excerpt_of, explained_view
from parley_agent.refactor.forms import form_for
from parley_agent.refactor.instruction import read_wish
from parley_agent.refactor.line import Line
from parley_agent.refactor.new_test_file import Workspace
from parley_agent.refactor.offers import offers
from parley_agent.refactor.proposal import proposed, settled
from parley_agent.refactor.rebasing import rebased
from parley_agent.refactor.requests import (
    Asked,
    Explained,
    Proposed,
    Rebased,
    Refused,
    Repairing,
    RunningTests,
    Waiting,
)
from parley_agent.refactor.scratch import Limits
from parley_agent.refactor.tasks import TaskClass
from parley_agent.refactor.tokens import estimated_prompt_tokens
from parley_agent.refactor.trial import tried
from parley_agent.refactor.turn import Turn
from parley_agent.refactor.understand import understood
from parley_providers.messages import assistant, user
from parley_providers.requests import LLMRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_agent.document import Document
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer, Candidate, Form, FormKind, Question
    from parley_agent.refactor.models import Models
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest, Unproved

__all__ = ["RefactorService", "offers"]

_MAX_REPAIRS = 2
_ACTS = "The file acts by being there, so nothing is changed in it without your yes."
_P = ParamSpec("_P")
_T = TypeVar("_T")


class RefactorService:
    """Refactors, one request at a time or several at once.

    Args:
        models: The way to a model.
        limits: What a run of a test command may take.
        unproved: What is done with results that are neither proved nor tested; each proposal tells it.
    """

    def __init__(self, models: Models, limits: Limits | None = None, unproved: Unproved = "ask") -> None:
        self._models = models
        self._limits = limits or Limits()
        self._unproved = unproved
        self._line = Line()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="parley-refactor")

    async def run(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        """Carry out `request`; the last event is `Proposed`, `Refused` or `Explained`. No file is changed.

        Raises:
            ProviderError: the model failed; its message is for the person.
        """
        is_explain = read_wish(request.instruction, request.task).task is TaskClass.EXPLAIN
        carry_out = self._explained if is_explain else self._refactored
        try:
            async with aclosing(carry_out(request, self._line.number())) as events:
                async for event in events:
                    yield await self._aside(self._with_terms, event, request) if isinstance(event, Proposed) else event
        except (RefactorRefusedError, EditRefusedError) as refusal:
            yield Refused(code=refusal.code, reason=refusal.reason)

    async def rebase(self, request: RefactorRequest, proposal: Proposed, now: Document) -> Rebased | Refused:
        """`proposal`, which was made for another text, as it is for the document of `now`, after the same checks.

        Refused where the person's changes and its own are not apart, where a check fails, or where the proof is lost;
        what was tested is tested again.
        """
        try:
            moved_request, moved = await self._aside(rebased, request, proposal, now)
            if proposal.proof == "tested" and moved.proof == "unproved":
                moved = await tried(moved, moved_request, self._limits)
        except (RefactorRefusedError, EditRefusedError, AnswerRejectedError) as refusal:
            return Refused(code=refusal.code, reason=str(refusal))
        return Rebased(request=moved_request, proposed=moved)

    def _with_terms(self, proposal: Proposed, request: RefactorRequest) -> Proposed:
        """The same, with when it may be applied."""
        edited = [request.document.path] if proposal.edits and request.document.path else []
        paths = [Path(each) for each in (*edited, *(file.path for file in proposal.new_files))]
        root = Path(request.workspace_root) if request.workspace_root else None
        acts = any(
            acts_by_itself(path, root) or acts_by_itself(path.resolve(), root.resolve() if root else None)
            for path in paths
        )
        evidence = f"{proposal.evidence} {_ACTS}" if acts else proposal.evidence
        return replace(proposal, unproved=self._unproved, acts=acts, evidence=evidence)

    def close(self) -> None:
        """Let the threads end; work that is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _explained(self, request: RefactorRequest, number: int) -> AsyncGenerator[RefactorEvent, None]:
        excerpt = await self._aside(excerpt_of, request)
        prepared = await self._prepared(request, TaskClass.EXPLAIN, lambda room: explained_view(excerpt, room))
        turn = Turn(self._models, prepared.request, 1)
        asked = _asked(prepared.request, 1, excerpt.name, "rewrite")
        async with aclosing(self._in_turn(number, prepared, asked, turn)) as events:
            async for event in events:
                yield event
        text = read_prose(turn.answer)
        if not text:
            raise RefactorRefusedError("empty", "The model answered nothing. Try again, or use a larger model.")
        yield Explained(text=text + ("\n\n*The answer was cut at its limit.*" if turn.answer.cut else ""))

    async def _refactored(self, request: RefactorRequest, number: int) -> AsyncGenerator[RefactorEvent, None]:
        context, form, held = await self._aside(_begun, request)
        if held is not None:
            proposal = await self._aside(settled, context, held)
            if request.test_command and proposal.proof == "unproved":
                yield RunningTests(command=request.test_command)
                proposal = await _tried_once(proposal, request, self._limits)
            yield proposal
            return
        async with aclosing(self._attempts(request, number, context, form)) as events:
            async for event in events:
                yield event

    async def _attempts(
        self, request: RefactorRequest, number: int, context: Context, form: Form
    ) -> AsyncGenerator[RefactorEvent, None]:
        """Ask, and ask again with what was wrong, at most `_MAX_REPAIRS` times."""
        prepared = await self._prepared(request, context.task, lambda room: fitted(context, form, room))
        sent = prepared.request
        said: list[str] = []
        for attempt in range(1, _MAX_REPAIRS + 2):
            turn = Turn(self._models, sent, attempt)
            asked = _asked(sent, attempt, context.place.target.name, form.kind)
            async with aclosing(self._in_turn(number, prepared, asked, turn)) as events:
                async for event in events:
                    yield event
            try:
                proposal = await self._aside(proposed, context, form, prepared.view, turn.answer)
                if request.test_command and proposal.proof == "unproved":
                    yield RunningTests(command=request.test_command)
                    proposal = await tried(proposal, request, self._limits)
            except AnswerRejectedError as rejection:
                repair = _repair(sent, turn.answer, rejection.problem, prepared)
                if attempt > _MAX_REPAIRS or turn.answer.text in said or repair is None:
                    raise _given_up(rejection, attempt) from rejection
                said.append(turn.answer.text)
                sent = repair
                yield Repairing(attempt=attempt, problem=rejection.problem)
            else:
                yield proposal
                return

    async def _in_turn(
        self, number: int, prepared: _Prepared, asked: Asked, turn: Turn
    ) -> AsyncGenerator[RefactorEvent, None]:
        """The events of `turn`, once the model has answered whoever asked before."""
        async with self._line.place(number, prepared.provider, prepared.at_once) as place:
            async with aclosing(place.positions()) as positions:
                async for position in positions:
                    yield Waiting(position=position)
            yield asked
            async with aclosing(turn.events()) as events:
                async for event in events:
                    yield event

    async def _prepared(
        self, request: RefactorRequest, task: TaskClass, fit: Callable[[Room], tuple[View, Question]]
    ) -> _Prepared:
        """What is sent first, sized to the window of the model that the route chose."""
        bare = LLMRequest(
            messages=(), task_class=task, model=request.model, temperature=0.0, correlation_id=request.correlation_id
        )
        route = await self._models.route(bare)
        facts = await self._models.facts_of(route)
        room = Room.of(facts, hides_secrets=not self._models.is_on_loopback(route))
        view, question = await self._aside(fit, room)
        sent = replace(
            bare,
            messages=question.messages,
            max_output_tokens=question.max_output_tokens,
            json_schema=question.json_schema,
            loopback_only=view.screen.shows_secrets,
        )
        return _Prepared(
            request=sent,
            view=view,
            window_tokens=room.window_tokens,
            provider=route.provider,
            at_once=facts.at_once,
        )

    async def _aside(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do blocking work on the room's own threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(*args, **kwargs))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """The first request, what it shows, the window that it was sized to, and who answers how many at once."""

    request: LLMRequest
    view: View
    window_tokens: int
    provider: str
    at_once: int | None


def _begun(request: RefactorRequest) -> tuple[Context, Form, Candidate | None]:
    """What is wanted, how a model is asked for it, and the change itself where the instruction holds it."""
    context = understood(request)
    workspace = Workspace(root=Path(request.workspace_root) if request.workspace_root else None)
    form = form_for(context, request.form, workspace)
    return context, form, form.held(context)


def _asked(request: LLMRequest, attempt: int, target: str, kind: FormKind) -> Asked:
    return Asked(
        attempt=attempt,
        task=TaskClass(request.task_class),
        form=kind,
        target=target,
        prompt_tokens=estimated_prompt_tokens(request.messages),
    )


async def _tried_once(proposal: Proposed, request: RefactorRequest, limits: Limits) -> Proposed:
    """Try what no model can repair."""
    try:
        return await tried(proposal, request, limits)
    except AnswerRejectedError as rejection:
        raise RefactorRefusedError(rejection.code, rejection.problem) from rejection


def _repair(request: LLMRequest, answer: Answer, problem: str, prepared: _Prepared) -> LLMRequest | None:
    """The conversation, continued with what was wrong; None if that does not fit the window.

    The problem passes the screen as the code did: it may quote what a test printed.
    """
    screen = prepared.view.screen
    wrong = user(f"{screen.show_problem(problem)}\nAnswer again, in the same form.")
    messages = (*request.messages, assistant(answer.text), wrong)
    if estimated_prompt_tokens(messages) + request.max_output_tokens > prepared.window_tokens:
        return None
    return replace(request, messages=messages, loopback_only=screen.shows_secrets)


def _given_up(rejection: AnswerRejectedError, attempts: int) -> RefactorRefusedError:
    tries = "answer was" if attempts == 1 else f"{attempts} answers were"
    return RefactorRefusedError(
        rejection.code,
        f"The model's {tries} not good enough to use, and nothing was changed. What was wrong at last: "
        f"{rejection.problem} Try again with a larger model, or a smaller selection.",
    )
