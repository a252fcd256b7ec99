"""Which workspaces the person trusts: kept in their own data folder, one file for each, never in the workspace.

Trust is of a folder by its real path, and of the very bytes of its settings file: a file that changes later, as by a
pull, is not read until the person trusts it again. What trust allows belongs to whoever asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_FILE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """That the person trusted `folder` (its real path) `at` a moment, with a settings file of that hash or none."""

    folder: Path
    at: datetime
    file_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Keeps what is trusted below `root`, for this person alone. A record that cannot be read trusts nothing."""

    root: Path

    def trust(self, trusted: Trusted) -> None:
        """Keep that a folder is trusted, in place of what was kept of it before.

        Raises:
            OSError: it cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        record = {
            "format": 1,
            "folder": str(trusted.folder),
            "at": trusted.at.isoformat(),
            "file": trusted.file_sha256 or _NO_FILE,
        }
        handle, name = tempfile.mkstemp(dir=self.root, prefix=".")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        Path(name).replace(self._path(trusted.folder))

    def forget(self, folder: Path) -> bool:
        """Trust a folder no longer; whether it was trusted."""
        try:
            self._path(folder).unlink()
        except FileNotFoundError:
            return False
        return True

    def find(self, folder: Path) -> Trusted | None:
        """What is kept of a folder, by its real path; None: it is not trusted."""
        found = _read(self._path(folder))
        return found if found is not None and found.folder == folder else None

    def all(self) -> tuple[Trusted, ...]:
        """Everything that is trusted, by path."""
        return tuple(sorted(self._each(), key=lambda each: each.folder))

    def _each(self) -> Iterator[Trusted]:
        if self.root.is_dir():
            for path in self.root.glob("*.json"):
                if (found := _read(path)) is not None:
                    yield found

    def _path(self, folder: Path) -> Path:
        return self.root / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()}.json"


def _read(path: Path) -> Trusted | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != 1:
            return None
        told = str(record["file"])
        return Trusted(
            folder=Path(record["folder"]),
            at=datetime.fromisoformat(record["at"]),
            file_sha256=None if told == _NO_FILE else told,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
