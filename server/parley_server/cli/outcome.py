"""How a refactoring in the terminal ended: shown as a diff or as JSON, or written to the file.

What a refactoring is belongs to the agent, writing to `parley_server.files`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import typer

from parley_agent.document import apply_edits
from parley_agent.refactor.requests import Explained, Proposed, Refused, Routed
from parley_providers.plain_text import printable
from parley_server.diffs import proposal_diff
from parley_server.files import create_text, replace_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_agent.refactor.requests import RefactorEvent, RefactorRequest
    from parley_providers.errors import ProviderError
    from parley_providers.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one request. `message` is for the person, `code` for machines.

    "offered" is a change that was to be written and waits for the person's yes; `is_shown` once its diff was printed.
    """

    kind: Literal["diff", "written", "offered", "explained", "refused", "failed"]
    request: RefactorRequest
    message: str
    code: str | None = None
    proposed: Proposed | None = None
    text: str | None = None
    route: Route | None = None
    is_shown: bool = False

    @staticmethod
    def of(request: RefactorRequest, events: Sequence[RefactorEvent]) -> Outcome:
        """The outcome that `events` lead to."""
        route = next((event.route for event in reversed(events) if isinstance(event, Routed)), None)
        match events[-1]:
            case Proposed() as proposed:
                return Outcome(kind="diff", request=request, message="", proposed=proposed, route=route)
            case Explained(text=text):
                return Outcome(kind="explained", request=request, message="", text=text, route=route)
            case Refused(code=code, reason=reason):
                return Outcome(kind="refused", request=request, message=reason, code=code, route=route)
            case other:
                raise RuntimeError(f"a refactoring ended with {type(other).__name__}")

    @staticmethod
    def failed(request: RefactorRequest, error: ProviderError) -> Outcome:
        """The model failed."""
        return Outcome(kind="failed", request=request, message=str(error), code=error.kind)

    @property
    def succeeded(self) -> bool:
        """Whether there is what was asked for."""
        return self.kind in ("diff", "written", "explained")

    def offered(self, message: str, *, shown: bool = False) -> Outcome:
        """The same, waiting for the person's yes."""
        return replace(self, kind="offered", message=message, code="needs-consent", is_shown=shown)

    def accepted(self) -> Outcome:
        """The same, after the person saw it and said yes."""
        return replace(self, is_shown=True)

    def written(self) -> Outcome:
        """The same, written to disk: the new files first, which can be refused without harm, then the file itself.

        What is only offered is not written.

        Raises:
            FileError: the file changed meanwhile, a new one exists already, or the disk refused.
        """
        document, proposed = self.request.document, self.proposed
        if proposed is None or document.path is None or self.kind == "offered":
            return self
        for file in proposed.new_files:
            create_text(file.path, file.text)
        if proposed.edits:
            replace_text(document.path, document.text, apply_edits(document.text, proposed.edits))
        return replace(self, kind="written")

    def show(self, *, as_json: bool) -> None:
        """Print the result to standard output, and what is to be said about it to standard error."""
        if as_json:
            typer.echo(json.dumps(self.document(), indent=2, ensure_ascii=False))
            return
        if self.proposed is not None and not self.is_shown:
            _print_diff(self.diff())
            for line in (self.proposed.evidence, *self.proposed.notes):
                typer.echo(printable(line), err=True)
        if self.text is not None:
            _print_markdown(self.text)
        if self.message:
            typer.echo(printable(self.message), err=True)
        if self.kind == "written":
            typer.echo(printable(f"Written: {', '.join(self._paths())}"), err=True)

    def _paths(self) -> list[str]:
        proposed, path = self.proposed, self.request.document.path
        if proposed is None:
            return []
        edited = [path] if proposed.edits and path is not None else []
        return [*edited, *(file.path for file in proposed.new_files)]

    def diff(self) -> str:
        """What changes, or changed."""
        if self.proposed is None:
            return ""
        return proposal_diff(self.request.document, self.proposed.edits, self.proposed.new_files)

    def document(self) -> dict[str, Any]:
        """The outcome as JSON; what is unknown or does not apply is null."""
        proposed, route = self.proposed, self.route
        return {
            "outcome": self.kind,
            "message": self.message or (proposed.evidence if proposed else ""),
            "code": self.code,
            "title": proposed.title if proposed else None,
            "task": proposed.task.value if proposed else None,
            "proof": proposed.proof if proposed else None,
            "needs_consent": proposed.needs_consent if proposed else None,
            "notes": list(proposed.notes) if proposed else [],
            "diff": self.diff() or None,
            "created": [file.path for file in proposed.new_files] if proposed else [],
            "text": self.text,
            "provider": route.provider if route else None,
            "model": route.model if route else None,
            "why": route.why if route else None,
        }


def _print_diff(diff: str) -> None:
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console()
    if console.is_terminal:
        console.print(Syntax(printable(diff), "diff", theme="ansi_dark", background_color="default"))
    else:
        typer.echo(diff, nl=False)


def _print_markdown(text: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    if console.is_terminal:
        console.print(Markdown(printable(text)))
    else:
        typer.echo(text)
