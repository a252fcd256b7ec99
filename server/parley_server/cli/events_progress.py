"""How work on a whole event store goes on, in a terminal: a bar on standard error, which is nothing elsewhere."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rich.progress import Progress


class EventsBar:
    """A bar on standard error with events, their speed, and how much is done, if that can be known.

    Args:
        stack: What takes the bar away at the end.
        total: How much is to be done; None is unknown.
        begin: What is done before the first events.
        is_wanted: Whether it is shown where standard error is a terminal.
    """

    def __init__(self, stack: ExitStack, total: int | None, *, begin: str = "reading", is_wanted: bool = True) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        more = (TextColumn("{task.percentage:.0f}%"), TimeRemainingColumn()) if total else ()
        bar = Progress(*columns, *more, console=console, disable=not (is_wanted and console.is_terminal))
        self._bar: Progress = stack.enter_context(bar)
        self._task = self._bar.add_task(begin, total=total)

    def move(self, events: int, done: int) -> None:
        """Show how many events went by, and how much of the total that is."""
        elapsed_s = self._bar.tasks[0].elapsed
        speed = f", {events / elapsed_s:,.0f}/s" if elapsed_s else ""
        self._bar.update(self._task, completed=done, description=f"{events:,} events{speed}")


def size_of(file: TextIO) -> int | None:
    """The bytes of a plain file; None for a pipe or a terminal."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
