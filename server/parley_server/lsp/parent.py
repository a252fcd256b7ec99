"""Whether the process that started the server still lives: an editor that crashed closes no connection."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PERIOD_S = 2.0


async def gone(process_id: Callable[[], int | None]) -> bool:
    """Wait a while, then tell whether the process is gone; an unknown process never is."""
    await asyncio.sleep(_PERIOD_S)
    number = process_id()
    return number is not None and not lives(number)


def lives(process_id: int) -> bool:
    """Whether there is a process of that number."""
    if process_id <= 0:
        return False
    if sys.platform == "win32":  # there, signal 0 would end the process
        import psutil

        return bool(psutil.pid_exists(process_id))
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
