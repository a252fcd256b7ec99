"""Files on disk as texts: read whole, and replaced whole or not at all.

Knows no editor: a text that an editor has open is the editor's to change.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FILE_BYTES = 8_000_000
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FileError(Exception):
    """The file cannot be read as text, or may not be written; the message is for the person."""


def read_text(path: str) -> str:
    """The text of a file, line ends as they are.

    Raises:
        FileError: it does not exist, is no plain file, is too large, or is no UTF-8 text.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileError(f"{path} is no plain file; Parley reads plain files only.")
        size = status.st_size
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
    real = Path(path).resolve()
    _refuse_changed(path, before)
    with _explained(path), _written_beside(real, after) as written:
        written.chmod(stat.S_IMODE(real.stat().st_mode))
        _refuse_changed(path, before)  # the disk may have taken its time
        written.replace(real)


def create_text(path: str, text: str) -> None:
    """Write a new file, whole or not at all.

    Raises:
        FileError: it exists already, or cannot be written.
    """
    with _explained(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        file.write(text.encode("utf-8"))


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file to write into that gets its name when the block ends well, on the disk by then; else nothing is left.

    Raises:
        FileError: it exists already, or cannot be written.
    """
    goal = Path(path)
    with _explained(path), _beside(goal) as temporary:
        yield temporary
        written = _synced(temporary)
        try:
            written.chmod(0o666 & ~_umask())
            _move_new(written, goal)
        except FileExistsError as error:
            raise FileError(f"{path} exists already; it was not overwritten.") from error


def _refuse_changed(path: str, before: str) -> None:
    if read_text(path) != before:
        raise FileError(f"{path} changed meanwhile, so nothing was written. Ask again for the file as it is now.")


@contextmanager
def _written_beside(goal: Path, text: str) -> Iterator[Path]:
    """A file of that text, on the disk and in the goal's folder, so that it can take its place in one step."""
    content = text.encode("utf-8")
    with _beside(goal) as temporary:
        temporary.write(content)
        yield _synced(temporary)


@contextmanager
def _beside(goal: Path) -> Iterator[BinaryIO]:
    """A new file in the goal's folder, which is removed at the end."""
    prefix = f".{goal.name[:40]}."  # a name that is as long as may be has no room for more
    with tempfile.NamedTemporaryFile(dir=goal.parent, prefix=prefix, delete=False) as temporary:
        try:
            yield cast("BinaryIO", temporary)
        finally:
            Path(temporary.name).unlink(missing_ok=True)


def _synced(temporary: BinaryIO) -> Path:
    """Its path, once it is closed and all of it is on the disk."""
    temporary.flush()
    os.fsync(temporary.fileno())
    temporary.close()
    return Path(temporary.name)


def _move_new(written: Path, goal: Path) -> None:
    """Give `written` its name, unless something has it."""
    try:
        goal.hardlink_to(written)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        goal.touch(exist_ok=False)
        written.replace(goal)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        room = " Make room, or use another place." if error.errno in _NO_ROOM else ""
        raise FileError(f"{path} cannot be written: {error.strerror}. Nothing was changed.{room}") from error


def _umask() -> int:
    """What the person's new files are not allowed; there is no way to ask for it but to set it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
