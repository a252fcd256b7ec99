"""`parley ask`: one question to a model, its answer streamed to standard output, all else to standard error."""

from __future__ import annotations

import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley_providers.strategies import StrategyName
from parley_server.cli.names import strategy_named

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.rate_limits import RateLimit
    from parley_providers.requests import LLMRequest, StreamEvent
    from parley_providers.route import Route
    from parley_providers.tally import Spent
    from parley_providers.usage import Timings, Usage
    from parley_server.application import Application

_CANCELLED = 130


def ask(
    question: Annotated[str, typer.Argument(help="Your question; - reads it from standard input.")],
    about: Annotated[str | None, typer.Option(help="A file that the question is about; - is standard input.")] = None,
    model: Annotated[str | None, typer.Option(help="This model, as `parley models list` names it.")] = None,
    strategy: Annotated[
        StrategyName | None,
        typer.Option(
            parser=strategy_named,
            metavar="STRATEGY",
            help=f"Choose among the candidates of your settings in this way: {', '.join(StrategyName)}.",
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell who is asked, why, and who would be next.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the answer.")] = False,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in tokens.")] = 1024,
    scripted: Annotated[Path | None, typer.Option(hidden=True, help="Answer from a script.")] = None,
) -> None:
    """Ask a model one question.

    parley ask "What does functools.partial do?"

    git diff | parley ask "Does this change what is printed?" --about -

    Exit codes: 0 answered, 1 refused or failed, 2 wrong usage, 130 cancelled.
    """
    import asyncio

    from parley_server.app import build_application

    request = _request(_whole(question, about), model, max_tokens)
    application = build_application(scripted, {} if strategy is None else {"strategy": strategy.value}, Path.cwd())
    live = sys.stdout.isatty() and not as_json
    try:
        answer = asyncio.run(_asked(application, request, live=live, explain=explain))
    except KeyboardInterrupt:
        typer.echo("\nCancelled.", err=True)
        raise typer.Exit(_CANCELLED) from None
    _show(answer, live=live, explain=explain, as_json=as_json)


@dataclass(slots=True)
class _Answer:
    """What came of the question so far."""

    routes: tuple[Route, ...]
    route: Route | None = None
    pieces: list[str] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    usage: Usage | None = None
    timings: Timings | None = None
    spent: Spent | None = None
    finish: str = ""
    raw_finish: str = ""
    limits: tuple[RateLimit, ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def cost_usd(self) -> float | None:
        """What all calls for it cost, those that failed too, in US dollars; None is unknown."""
        return None if self.spent is None or self.spent.unpriced else self.spent.cost_usd


def _whole(question: str, about: str | None) -> str:
    """The question, with the text that it is about."""
    if question == about == "-":
        raise typer.BadParameter("standard input holds the question or what it is about, not both")
    asked = sys.stdin.read() if question == "-" else question
    if not asked.strip():
        raise typer.BadParameter('ask something, such as: parley ask "What is a monad?"')
    if about is None:
        return asked
    try:
        return f"{asked}\n\n{sys.stdin.read() if about == '-' else Path(about).read_text(encoding='utf-8')}"
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{about} is no text: {error}") from error


def _request(question: str, model: str | None, max_tokens: int) -> LLMRequest:
    import uuid

    from parley_agent.secrets import find_secrets
    from parley_providers.messages import user
    from parley_providers.requests import LLMRequest

    return LLMRequest(
        messages=(user(question),),
        task_class="ask",
        model=model,
        max_output_tokens=max_tokens,
        correlation_id=uuid.uuid4().hex,
        loopback_only=bool(find_secrets(question)),
    )


async def _asked(application: Application, request: LLMRequest, *, live: bool, explain: bool) -> _Answer:
    try:
        answer = _Answer(routes=await application.chain.routes(request) if explain else ())
        if explain:
            _explain(answer.routes)
        async with aclosing(application.chain.stream(request)) as events:
            await _take(events, answer, live=live)
        answer.spent = application.spent(request.correlation_id)
        return answer
    finally:
        await application.aclose()


async def _take(events: AsyncGenerator[StreamEvent, None], answer: _Answer, *, live: bool) -> None:
    """Fill in `answer`. What is streamed live can be void later, so a pipe gets the answer when it is whole."""
    from parley_providers.plain_text import printable
    from parley_providers.requests import (
        PartDelta,
        PartStart,
        StreamFinish,
        StreamLimits,
        StreamRestarted,
        StreamStart,
        StreamUsage,
    )

    visible: set[int] = set()
    async for event in events:
        match event:
            case StreamStart(route=route):
                answer.route = route
            case StreamRestarted(route=route, reason=reason):
                answer.route = route
                answer.restarts.append(reason)
                answer.pieces.clear()
                visible.clear()
                answer.limits = ()
                typer.echo(printable(f"\nStarting again with {route.provider}/{route.model}: {reason}"), err=True)
            case StreamLimits(limits=limits):
                answer.limits = limits
            case PartStart(index=index, kind="text"):
                visible.add(index)
            case PartDelta(index=index, text=text) if index in visible:
                answer.pieces.append(text)
                if live:
                    typer.echo(printable(text), nl=False)
            case StreamUsage(usage=usage, timings=timings):
                answer.usage, answer.timings = usage, timings
            case StreamFinish(reason=finish, raw=raw):
                answer.finish, answer.raw_finish = finish.value, raw
            case _:
                pass


def _explain(routes: tuple[Route, ...]) -> None:
    first, *others = routes
    typer.echo(f"Asking {first.provider}/{first.model}: {first.why}", err=True)
    for route in others:
        typer.echo(f"If that fails, {route.provider}/{route.model}: {route.why}", err=True)


def _show(answer: _Answer, *, live: bool, explain: bool, as_json: bool) -> None:
    from parley_providers.plain_text import printable
    from parley_server.cli.telling import measured

    if as_json:
        _show_json(answer)
        return
    if not live:
        text = answer.text
        typer.echo(printable(text) if sys.stdout.isatty() else text, nl=False)
    if not answer.text.strip():
        typer.echo("The answer is empty. Ask again in other words, or another model.", err=True)
    elif not answer.text.endswith("\n"):
        typer.echo()
    if answer.finish == "unknown":
        raw = printable(answer.raw_finish)
        typer.echo(f"The answer ended for a reason that Parley does not know ({raw}); it may not be whole.", err=True)
    elif answer.finish not in ("stop", ""):
        typer.echo(f"The answer ended early: {answer.finish}.", err=True)
    if answer.route is not None and answer.route.reason == "fallback":
        typer.echo(f"Answered by {answer.route.provider}/{answer.route.model}: {answer.route.why}", err=True)
    if explain and answer.usage is not None and answer.timings is not None:
        typer.echo(f"{measured(answer.usage, answer.timings)} {_cost(answer.spent)}", err=True)
    if explain and answer.route is not None and answer.limits:
        limits = "; ".join(map(str, answer.limits))
        typer.echo(f"Rate limits at {answer.route.provider}: {limits}.", err=True)


def _cost(spent: Spent | None) -> str:
    if spent is None or spent.unpriced == spent.calls:
        return "Cost: unknown."
    known = f"Cost: ${spent.cost_usd:.4f}" + (" and what is unknown" if spent.unpriced else "")
    return f"{known}, with {spent.calls - 1} that failed." if spent.calls > 1 else f"{known}."


def _show_json(answer: _Answer) -> None:
    import json
    from dataclasses import asdict

    document = {
        "answer": answer.text,
        "finish": answer.finish,
        "route": None if answer.route is None else asdict(answer.route),
        "routes": [asdict(route) for route in answer.routes],
        "restarts": answer.restarts,
        "usage": None if answer.usage is None else asdict(answer.usage),
        "timings": None if answer.timings is None else asdict(answer.timings),
        "cost_usd": answer.cost_usd,
        "limits": [asdict(limit) for limit in answer.limits],
    }
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
