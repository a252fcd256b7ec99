"""Whether the file under a name is still the one that was opened.

SQLite goes on with a file that was deleted or replaced: what it stores there is lost, what others store is never seen.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parley_events.errors import StoreUnusableError

if TYPE_CHECKING:
    from pathlib import Path


class OpenedFile:
    """The file that is under this name now. It costs about a microsecond to look again.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._identity = self._look()

    def check(self, consequence: str) -> None:
        """See that it is still there, under its name.

        Raises:
            StoreUnusableError: it is not; what follows from that, `consequence`, is part of the message.
        """
        if self._identity is None or self._look() != self._identity:
            raise StoreUnusableError(
                f"The event store {self._path} was moved, deleted or replaced while it was open. {consequence} "
                "Put it back, or start Parley again."
            )

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - a path object takes three times as long
        except OSError:
            return None
        return found.st_dev, found.st_ino
