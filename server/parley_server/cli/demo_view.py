"""What the demo prints: offers, route, tokens as they come, the diff, the file, and the times that were measured."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.table import Table

from parley_providers.plain_text import printable
from parley_server.lsp import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from parley_server.lsp.demo import OfferedAction


class DemoView:
    """Prints what happens, as it happens.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chosen_at = 0.0
        self._first_token_s: float | None = None
        self._answered: wire.Answered | None = None
        self._in_line = False

    def code(self, text: str, title: str) -> None:
        """A Python source."""
        self._console.print(f"[bold]{title}[/bold]")
        self._console.print(Syntax(text.rstrip("\n"), "python", theme="ansi_dark", background_color="default"))

    def offered(self, actions: Sequence[OfferedAction], took_s: float) -> None:
        """The code actions, and how long asking for them took."""
        table = Table(box=None, pad_edge=False)
        for heading in ("code action", "kind", "not now, because"):
            table.add_column(heading, no_wrap=heading == "kind")
        for action in actions:
            table.add_row(action.title, action.kind, action.disabled or "", style="dim" if action.disabled else None)
        self._console.rule("the server offers")
        self._console.print(table)
        self._console.print(f"Offered in {took_s * 1e3:.0f} ms, without a model.")

    def chosen(self, title: str) -> None:
        """One action was chosen."""
        self._console.rule(f"chosen: {title}")
        self._chosen_at = perf_counter()
        self._first_token_s = self._answered = None

    def told(self, notification: wire.Notification) -> None:
        """What the server tells of the request."""
        match notification:
            case wire.Asked(target=target, prompt_tokens=count):
                self._say(f"Asking about {target}: about {count} tokens of prompt.")
            case wire.RouteChosen(provider=provider, model=model, why=why):
                self._say(f"Route: {provider}/{model}. {why}")
            case wire.Token(text=text):
                self._stream(text)
            case wire.Repairing(problem=problem):
                self._say(f"The answer failed a check, asking again: {problem}")
            case wire.Restarted(reason=reason):
                self._say(f"Starting again: {reason}")
            case wire.Answered():
                self._answered = notification
            case _:
                pass

    def ended(self, finished: wire.Finished, text: str) -> None:
        """The outcome, the diff, the file as it is now, and the times."""
        self._say(f"{finished.outcome}: {finished.message}")
        for note in finished.notes:
            self._say(note)
        if finished.diff:
            diff = printable(finished.diff)
            self._console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default"))
        if finished.outcome == "applied":
            self.code(text, "the file now")
        self._console.print(self._times(finished))

    def _times(self, finished: wire.Finished) -> Table:
        answered = self._answered
        table = Table(box=None, pad_edge=False, show_header=False)
        first = None if self._first_token_s is None else self._first_token_s * 1e3
        rows: list[tuple[str, float | None, str]] = [
            ("to the first token", first, "ms"),
            ("loading the model", answered.load_ms if answered else None, "ms"),
            ("reading the prompt", answered.prefill_ms if answered else None, "ms"),
            ("writing the answer", answered.decode_ms if answered else None, "ms"),
            ("prompt", answered.prompt_tokens if answered else None, "tokens"),
            ("answer", answered.output_tokens if answered else None, "tokens"),
            ("in all", finished.wall_ms, "ms"),
        ]
        for name, value, unit in rows:
            table.add_row(name, "unknown" if value is None else f"{value:,.0f} {unit}")
        return table

    def _stream(self, text: str) -> None:
        if self._first_token_s is None:
            self._first_token_s = perf_counter() - self._chosen_at
        self._in_line = True
        self._console.print(printable(text), end="", style="dim", markup=False, soft_wrap=True)

    def _say(self, sentence: str) -> None:
        if self._in_line:
            self._console.print()
            self._in_line = False
        self._console.print(printable(sentence), markup=False, soft_wrap=True)
