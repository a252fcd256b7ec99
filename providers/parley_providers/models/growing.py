"""A file that grows while a model is fetched: how long it is, and cutting it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def size_of(path: Path) -> int:
    """The file's length in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def cut(path: Path, length: int) -> None:
    """Keep the first `length` bytes, making the file where there is none."""
    with path.open("ab") as file:
        file.truncate(length)
