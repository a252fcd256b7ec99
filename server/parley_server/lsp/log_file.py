"""The log file: bounded in size, readable by its owner only, and without secrets."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from parley_agent.secrets import masked

if TYPE_CHECKING:
    from io import TextIOWrapper

_MAX_BYTES = 5_000_000
_KEPT = 2


class LogFile(RotatingFileHandler):
    """A log of at most 5 MB at `path`, beside the two before it (`.1`, `.2`).

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.touch(mode=0o600)
        if path.is_file():  # no terminal, no pipe
            path.chmod(0o600)
        return super()._open()


class _Masking(logging.Formatter):
    """Hides what looks like a key, stack traces included."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
