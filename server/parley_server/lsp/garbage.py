"""When garbage in cycles is looked for: while nobody waits. Looking stops all threads, and all that lives is looked at.

Nearly all garbage is found without that: by counting references, and among the young by Python itself (`starting`).
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_S = 5.0
WORTHWHILE = 120
TOO_MUCH = 2_400


class Garbage:
    """Looks for garbage after a pause in the conversation with the editor, or at last when much may have gathered.

    Args:
        gathered: How often the young were looked at, and what survived was kept, since all was looked at last.
        collect: Looks at all.
    """

    def __init__(
        self, gathered: Callable[[], int] = lambda: gc.get_count()[2], collect: Callable[[], object] = gc.collect
    ) -> None:
        self._gathered = gathered
        self._collect = collect
        self._talked_at_s = 0.0

    def talked(self, now_s: float) -> None:
        """A message came or went; `now_s` is of the same clock as `look`'s."""
        self._talked_at_s = now_s

    def look(self, now_s: float) -> None:
        """Called every now and then: look at all, if it is time."""
        is_quiet = now_s - self._talked_at_s >= QUIET_S
        if self._gathered() >= (WORTHWHILE if is_quiet else TOO_MUCH):
            self._collect()
