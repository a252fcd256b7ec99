"""`parley refactor`: one refactoring from the terminal, shown as a diff or written to the file."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley_agent.refactor.tasks import TaskClass
from parley_server.cli.names import refactoring

if TYPE_CHECKING:
    from asyncio import Runner

    from parley_agent.document import Document, Span
    from parley_agent.refactor.events import RefactoringEvent
    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_server.application import Application
    from parley_server.cli.outcome import Outcome

WAYS_OUT = (
    "Nothing was written: this change is neither proved nor tested, so it waits for your yes. Look at the diff, then "
    "add --yes to accept it, or name a test that must pass on the result, as in --test 'pytest -q'. "
    "`refactor.unproved: apply` in your settings accepts such changes always."
)
ACTS = "Nothing was written: the file acts by being there. Look at the diff, then add --yes to accept it."
_TASKS = ", ".join(TaskClass)
_WAITS = 3
_CANCELLED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file and lines of it, counted from 1; without lines the whole file."""

    path: Path
    first_line: int | None = None
    last_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a request is carried out: whether the file is written, and how the person is told and asked."""

    write: bool
    as_json: bool
    yes: bool
    scripted: Path | None


def refactor(
    target: Annotated[str, typer.Argument(metavar="FILE[:START[-END]]", help="The file and its lines, from 1.")],
    instruction: Annotated[str | None, typer.Argument(help="What you want, in your words.")] = None,
    task: Annotated[
        TaskClass | None,
        typer.Option(
            "--as", parser=refactoring, metavar="TASK", help=f"The kind of work, beside words or alone: {_TASKS}."
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write/--diff", help="Write the file; or only show the diff, which is the default.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="This model, as `parley models list` names it.")] = None,
    test_command: Annotated[
        str | None,
        typer.Option(
            "--test-command",
            "--test",
            help="A program, such as 'pytest -q', that must pass on the result; in a scratch copy.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write a result that is neither proved nor tested without asking.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the diff.")] = False,
    scripted: Annotated[Path | None, typer.Option(hidden=True, help="Answer from a script.")] = None,
) -> None:
    """Refactor code with a model, and show what would change.

    parley refactor billing.py:12-40 "rename for clarity"

    parley refactor billing.py:12 --as docstring --write

    What is proved or tested is written at once; anything else is shown, and written after your yes.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 waits for your yes, 130 cancelled.
    """
    if instruction is None and task is None:
        raise typer.BadParameter('say what to do: an instruction such as "simplify this", or --as with a task class')
    wanted = _target(target)
    words = _words(test_command) if test_command else None
    try:
        request = _request(wanted, instruction, task, model, words)
        way = Way(write=write, as_json=as_json, scripted=scripted, yes=yes)
        outcome = _outcome(request, way)
    except KeyboardInterrupt:
        typer.echo("Cancelled; nothing was changed.", err=True)
        raise typer.Exit(_CANCELLED) from None
    outcome.show(as_json=as_json)
    raise typer.Exit(_WAITS if outcome.kind == "offered" else 0 if outcome.succeeded else 1)


def _words(test_command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(test_command))
    except ValueError as error:
        raise typer.BadParameter(f"{test_command!r} is no command line: {error}") from error


def _target(given: str) -> Target:
    found = re.fullmatch(r"(?P<path>.+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?", given)
    if found is None or not found["path"]:
        raise typer.BadParameter(f"{given!r} names no file; write it like billing.py:12-40")
    first = int(found["first"]) if found["first"] else None
    last = int(found["last"]) if found["last"] else first
    if first is not None and last is not None and not 1 <= first <= last:
        raise typer.BadParameter(f"{given!r}: lines count from 1, and the first comes before the last")
    return Target(path=Path(found["path"]), first_line=first, last_line=last)


def _request(
    target: Target, instruction: str | None, task: TaskClass | None, model: str | None, words: tuple[str, ...] | None
) -> RefactorRequest:
    import uuid

    from parley_agent.document import Document
    from parley_agent.refactor.requests import RefactorRequest
    from parley_server.files import read_text

    path = target.path.absolute()
    document = Document(uri=path.as_uri(), language="", text=read_text(str(path)), path=str(path))
    return RefactorRequest(
        document=document,
        selection=_selection(document, target),
        task=task,
        instruction=instruction,
        model=model,
        test_command=words,
        workspace_root=str(_root_of(path)),
        correlation_id=uuid.uuid4().hex,
    )


def _selection(document: Document, target: Target) -> Span:
    """The lines as a span; one line alone is a cursor at its first character that is no blank."""
    from parley_agent.document import Span
    from parley_server.lsp.positions import LineIndex

    if target.first_line is None or target.last_line is None:
        return Span(start=0, end=len(document.text))
    index = LineIndex(document.text)
    if target.first_line > len(index):
        raise typer.BadParameter(f"{target.path} has {len(index)} lines; there is no line {target.first_line}")
    start, end = index.line_start(target.first_line - 1), index.line_start(target.last_line)
    if target.first_line == target.last_line:
        line = document.text[start:end]
        start += len(line) - len(line.lstrip())
        return Span(start=min(start, end), end=min(start, end))
    return Span(start=start, end=end)


def _root_of(path: Path) -> Path:
    """The workspace: the nearest folder above that is a repository, else the file's own."""
    for folder in path.parents:
        if (folder / ".git").exists():
            return folder
    return path.parent


def _outcome(request: RefactorRequest, way: Way) -> Outcome:
    """Carry out the request. Nothing runs while the person is asked, so that Ctrl-C ends the question."""
    import asyncio

    from parley_providers.errors import ProviderError
    from parley_server.app import build_application
    from parley_server.cli.outcome import Outcome

    given = {"refactor.unproved": "apply"} if way.yes else None
    with asyncio.Runner() as runner:
        application = build_application(way.scripted, given, Path.cwd())
        try:
            outcome = runner.run(_proposed(application, request, tokens=not way.as_json))
            if way.write and outcome.kind == "diff":
                outcome = _with_consent(outcome, application, runner, way).written()
            runner.run(_keep(application, outcome))
        except ProviderError as error:
            return Outcome.failed(request, error)
        finally:
            runner.run(application.aclose())
    return outcome


async def _proposed(application: Application, request: RefactorRequest, *, tokens: bool) -> Outcome:
    from rich.console import Console

    from parley_server.cli.outcome import Outcome
    from parley_server.cli.telling import Teller

    console = Console(stderr=True)
    teller = Teller(console, tokens=tokens and console.is_terminal)
    events: list[RefactorEvent] = []
    async with aclosing(application.refactor(request)) as stream:
        async for event in stream:
            teller.tell(event)
            events.append(event)
    return Outcome.of(request, events)


def _with_consent(outcome: Outcome, application: Application, runner: Runner, way: Way) -> Outcome:
    """The same, if it may be written; else offered: no person is there to ask, or they did not say yes."""
    from parley_server import consent_events

    document, proposed = outcome.request.document, outcome.proposed
    if proposed is None or not proposed.needs_consent:
        return outcome

    def keep(event: RefactoringEvent) -> None:
        runner.run(application.keep(outcome.request.correlation_id, event))

    if way.yes:  # a file that acts by being there: its name stands beside the yes on the command line
        keep(consent_events.given(document, proposed))
        return outcome
    if way.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return outcome.offered(ACTS if proposed.acts else WAYS_OUT)
    outcome.show(as_json=False)
    question = consent_events.asked(document, proposed)
    keep(question)
    what = "which is not proved" if proposed.proof == "unproved" else "to a file that acts by being there"
    try:
        agreed = typer.confirm(f"Write this change, {what}?", err=True)
    except typer.Abort:
        keep(consent_events.answered(question, "withdrawn"))
        raise
    keep(consent_events.answered(question, None if agreed else "declined"))
    return outcome.accepted() if agreed else outcome.offered("It was not written.", shown=True)


async def _keep(application: Application, outcome: Outcome) -> None:
    from parley_agent.refactor.events import RefactoringApplied, RefactoringNotApplied

    about = outcome.request.correlation_id
    match outcome.kind:
        case "written":
            await application.keep(about, RefactoringApplied(by="file"))
        case "offered":
            await application.keep(about, RefactoringNotApplied(outcome="offered", reason=outcome.message))
        case "diff":
            shown = RefactoringNotApplied(outcome="diff", reason="It was only shown; --write writes it.")
            await application.keep(about, shown)
        case _:
            pass
