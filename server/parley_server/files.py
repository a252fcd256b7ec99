"""Files on disk as texts: read whole, and replaced whole or not at all.

Knows no editor: a text that an editor has open is the editor's to change.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

LARGEST_FILE_BYTES = 8_000_000


class FileError(Exception):
    """The file cannot be read as text, or may not be written; the message is for the person."""


def read_text(path: str) -> str:
    """The text of a file, line ends as they are.

    Raises:
        FileError: it does not exist, is too large, or is no UTF-8 text.
    """
    try:
        size = Path(path).stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise FileError(f"{path} has {size:,} bytes; Parley reads files up to {LARGEST_FILE_BYTES:,} bytes.")
        return Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path} is not UTF-8 text (byte {error.start} is {error.object[error.start]:#04x}); save it as UTF-8."
        ) from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from error


def replace_text(path: str, before: str, after: str) -> None:
    """Put `after` in the place of `before`, in one step that no crash can halve; links and permissions stay.

    Raises:
        FileError: the file is not `before` any more, or cannot be written; it is as it was.
    """
    if read_text(path) != before:
        raise FileError(f"{path} changed meanwhile, so nothing was written. Ask again for the file as it is now.")
    real = Path(path).resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as temporary:
            try:
                temporary.write(after.encode("utf-8"))
                temporary.flush()
                os.fsync(temporary.fileno())
                Path(temporary.name).chmod(stat.S_IMODE(real.stat().st_mode))
                Path(temporary.name).replace(real)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}.") from error


def create_text(path: str, text: str) -> None:
    """Write a new file.

    Raises:
        FileError: it exists already, or cannot be written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise FileError(f"{path} exists already; it was not overwritten.") from error
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}.") from error
