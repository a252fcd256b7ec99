"""Tells in the terminal what happens while a model works: route, tokens as they come, repairs, measured times.

All of it goes to standard error; what a command is asked for goes to standard output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.requests import (
    Answered,
    Asked,
    Repairing,
    Restarted,
    Routed,
    RunningTests,
    Streamed,
    Waiting,
)
from parley_providers.plain_text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from parley_agent.refactor.requests import RefactorEvent
    from parley_providers.usage import Timings, Usage


class Teller:
    """Prints the events of one refactoring.

    Args:
        console: Where to.
        tokens: Whether the model's own words are shown as they come.
    """

    def __init__(self, console: Console, *, tokens: bool) -> None:
        self._console = console
        self._tokens = tokens
        self._in_line = False

    def tell(self, event: RefactorEvent) -> None:
        """Print what `event` means."""
        match event:
            case Asked(task=task, target=target, prompt_tokens=count, form=form):
                how = "for a decision" if form == "decision" else "for the code"
                self._say(f"Asking {how}: {task.value} of {target}, about {count} tokens.")
            case Routed(route=route):
                self._say(f"{route.provider}/{route.model}: {route.why}")
            case Waiting(position=position):
                self._say(f"The model answers others first; number {position} in line.")
            case Streamed(text=text):
                self._stream(text)
            case Restarted(reason=reason):
                self._say(f"Starting again: {reason}")
            case Answered(usage=usage, timings=timings):
                self._say(measured(usage, timings))
            case Repairing(problem=problem):
                self._say(f"The answer failed a check; asking again. {problem}")
            case RunningTests(command=command):
                self._say(f"Running {' '.join(command)} on the result, in a scratch copy.")
            case _:
                pass

    def _say(self, sentence: str) -> None:
        if self._in_line:
            self._console.print()
            self._in_line = False
        self._console.print(printable(sentence), markup=False, highlight=False, soft_wrap=True)

    def _stream(self, text: str) -> None:
        if not self._tokens:
            return
        self._in_line = True
        self._console.print(printable(text), end="", style="dim", markup=False, highlight=False, soft_wrap=True)


def measured(usage: Usage, timings: Timings) -> str:
    """What an answer used, as the model's server reported it; what it did not report is left out."""
    parts = [
        _count(usage.prompt_tokens, "prompt tokens", usage.cached_prompt_tokens),
        _count(usage.output_tokens, "output tokens"),
        _seconds("loading", timings.load_ns),
        _seconds("prefill", timings.prefill_ns),
        _seconds("decode", timings.decode_ns),
    ]
    known = ", ".join(part for part in parts if part)
    return f"Answered: {known}." if known else "Answered; its server reported no figures."


def _count(count: int | None, what: str, cached: int | None = None) -> str:
    if count is None:
        return ""
    return f"{count} {what}" + (f" ({cached} of them cached)" if cached else "")


def _seconds(what: str, duration_ns: int | None) -> str:
    return "" if duration_ns is None else f"{what} {duration_ns / 1e9:.2f} s"
