"""The one entry of refactoring: from a request to a stream of events that ends with a proposal or a refusal.

Owns the order of things: understand, ask, read, check, repair. What each step means belongs to its module.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.checks import verify
from parley_agent.refactor.context import ASSUMED_WINDOW_TOKENS, fitted
from parley_agent.refactor.edits import minimal_edits
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.forms import form_for
from parley_agent.refactor.offers import offers
from parley_agent.refactor.requests import Asked, Proposed, Refused, Repairing
from parley_agent.refactor.tasks import TASKS
from parley_agent.refactor.tokens import estimated_prompt_tokens
from parley_agent.refactor.turn import Turn
from parley_agent.refactor.understand import understood
from parley_providers.messages import assistant, user
from parley_providers.requests import LLMRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from parley_agent.refactor.checks import Verdict
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer, Candidate, Form
    from parley_agent.refactor.models import Models
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest

__all__ = ["RefactorService", "offers"]

_MAX_REPAIRS = 2
_P = ParamSpec("_P")
_T = TypeVar("_T")


class RefactorService:
    """Refactors, one request at a time or several at once.

    Args:
        models: The way to a model.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._thread = ThreadPoolExecutor(max_workers=2, thread_name_prefix="parley-refactor")

    async def run(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        """Carry out `request`; the last event is `Proposed`, `Refused` or `Explained`. No file is changed.

        Raises:
            ProviderError: the model failed; its message is for the person.
        """
        try:
            async with aclosing(self._run(request)) as events:
                async for event in events:
                    yield event
        except (RefactorRefusedError, EditRefusedError) as refusal:
            yield Refused(code=refusal.code, reason=refusal.reason)

    async def _run(self, request: RefactorRequest) -> AsyncGenerator[RefactorEvent, None]:
        context = await self._aside(understood, request)
        form = form_for(context, request.form)
        held = await self._aside(form.held, context)
        if held is not None:
            yield await self._aside(_settled, context, held)
            return
        async with aclosing(self._asked(request, context, form)) as events:
            async for event in events:
                yield event

    async def _asked(
        self, request: RefactorRequest, context: Context, form: Form
    ) -> AsyncGenerator[RefactorEvent, None]:
        """Ask, and ask again with what was wrong, at most `_MAX_REPAIRS` times."""
        view, llm_request, window = await self._prepared(request, context, form)
        said: list[str] = []
        for attempt in range(1, _MAX_REPAIRS + 2):
            yield Asked(
                attempt=attempt,
                task=context.task,
                form=form.kind,
                target=context.place.target.name,
                prompt_tokens=estimated_prompt_tokens(llm_request.messages),
            )
            turn = Turn(self._models, llm_request, attempt)
            async with aclosing(turn.events()) as events:
                async for event in events:
                    yield event
            try:
                yield await self._aside(_proposed, context, form, view, turn.answer)
            except AnswerRejectedError as rejection:
                if attempt > _MAX_REPAIRS or turn.answer.text in said:
                    raise _given_up(rejection, attempt) from rejection
                said.append(turn.answer.text)
                repair = _repair(llm_request, turn.answer, rejection.problem, window)
                if repair is None:
                    raise _given_up(rejection, attempt) from rejection
                llm_request = repair
                yield Repairing(attempt=attempt, problem=rejection.problem)
            else:
                return

    async def _prepared(self, request: RefactorRequest, context: Context, form: Form) -> tuple[View, LLMRequest, int]:
        """What is sent first, sized to the window of the model that the route chose."""
        bare = LLMRequest(
            messages=(),
            task_class=context.task,
            model=request.model,
            temperature=0.0,
            correlation_id=request.correlation_id,
        )
        route = await self._models.route(bare)
        facts = await self._models.facts_of(route)
        window = facts.window_tokens or ASSUMED_WINDOW_TOKENS

        def size() -> tuple[View, LLMRequest, int]:
            view, question = fitted(
                context,
                lambda view: form.question(context, view),
                window_tokens=window,
                hides_secrets=not self._models.is_on_loopback(route),
            )
            sent = replace(
                bare,
                messages=question.messages,
                max_output_tokens=question.max_output_tokens,
                json_schema=question.json_schema,
                loopback_only=view.screen.shows_secrets,
            )
            return view, sent, window

        return await self._aside(size)

    async def _aside(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do blocking work on the room's own threads."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))


def _proposed(context: Context, form: Form, view: View, answer: Answer) -> Proposed:
    try:
        candidate = form.propose(context, view, answer)
        verdict = verify(context, candidate)
    except EditRefusedError as refusal:
        raise AnswerRejectedError(refusal.code, refusal.reason) from refusal
    return _proposal(context, candidate, verdict, view)


def _settled(context: Context, candidate: Candidate) -> Proposed:
    try:
        return _proposal(context, candidate, verify(context, candidate), None)
    except AnswerRejectedError as rejection:
        raise RefactorRefusedError(rejection.code, rejection.problem) from rejection


def _proposal(context: Context, candidate: Candidate, verdict: Verdict, view: View | None) -> Proposed:
    return Proposed(
        task=context.task,
        title=f"{TASKS[context.task].title}: {context.place.target.name}",
        edits=minimal_edits(context.place.document.text, candidate.text),
        new_files=candidate.new_files,
        proof=verdict.proof,
        evidence=verdict.evidence,
        notes=candidate.notes + (_screen_notes(view) if view is not None else ()),
    )


def _screen_notes(view: View) -> tuple[str, ...]:
    notes: list[str] = []
    if view.screen.hidden_count:
        notes.append(f"{view.screen.hidden_count} hidden characters of the text were not shown to the model.")
    if view.screen.secret_count:
        notes.append(f"{view.screen.secret_count} secrets were hidden from the model and put back.")
    return tuple(notes)


def _repair(request: LLMRequest, answer: Answer, problem: str, window: int) -> LLMRequest | None:
    """The conversation, continued with what was wrong; None if that does not fit the window."""
    messages = (*request.messages, assistant(answer.text), user(f"{problem}\nAnswer again, in the same form."))
    if estimated_prompt_tokens(messages) + request.max_output_tokens > window:
        return None
    return replace(request, messages=messages)


def _given_up(rejection: AnswerRejectedError, attempts: int) -> RefactorRefusedError:
    tries = "answer was" if attempts == 1 else f"{attempts} answers were"
    return RefactorRefusedError(
        rejection.code,
        f"The model's {tries} not good enough to use, and nothing was changed. What was wrong at last: "
        f"{rejection.problem} Try again with a larger model, or a smaller selection.",
    )
