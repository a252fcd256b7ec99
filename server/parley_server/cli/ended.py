"""SIGTERM and SIGHUP end a command as Ctrl-C does: what it started ends with it, and nothing half-made is left.

What a command does on Ctrl-C is its own affair.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")  # Windows has no hang-up
_BY_SIGNAL = 128  # what shells add to its number, for an exit code


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Within, a signal that would end the process at once is heard as Ctrl-C; the exit code tells which it was.

    One that is ignored, as `nohup` has it, stays so.
    """
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):  # Ctrl-C is ignored, as in what a script runs in the background
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, hear)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if heard:
            sys.exit(_BY_SIGNAL + heard[0])
        raise
