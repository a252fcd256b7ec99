"""How an import looks while it goes on: a bar in a terminal, nothing elsewhere."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rich.progress import Progress

    from parley_events.lines import Imported


class ImportBar:
    """A bar on standard error with events, their speed, and how much of the file is read, if that can be known.

    Args:
        stack: What takes the bar away at the end.
        file: What is read; its size is that of the whole.
    """

    def __init__(self, stack: ExitStack, file: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        more = (TextColumn("{task.percentage:.0f}%"), TimeRemainingColumn())
        self._file = file
        self._total = _size(file)
        bar = Progress(*columns, *(more if self._total else ()), console=console, disable=not console.is_terminal)
        self._bar: Progress = stack.enter_context(bar)
        self._task = self._bar.add_task("reading", total=self._total)

    def move(self, so_far: Imported) -> None:
        """Show what was brought in so far."""
        events = so_far.events + so_far.repeated
        elapsed_s = self._bar.tasks[0].elapsed
        speed = f", {events / elapsed_s:,.0f}/s" if elapsed_s else ""
        done = self._file.buffer.tell() if self._total else 0
        self._bar.update(self._task, completed=done, description=f"{events:,} events{speed}")


def _size(file: TextIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
