"""A workspace's own settings: `.parley.yaml` at its root, read only where the person trusts it, and harmless keys only.

Whom to trust is kept by `trust`, what is harmless decided by `harmless`, its place among the sources by `config`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_server.config_text import ConfigError, Entry, decoded, document_of, entries_of
from parley_server.trust import Trusted

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from parley_server.trust import TrustStore

FILE_NAME = ".parley.yaml"
LARGEST_BYTES = 16_384
_ROOT_MARKS = (FILE_NAME, ".git")

Standing: TypeAlias = Literal["absent", "untrusted", "changed", "trusted", "unusable"]
"""Of a workspace's file: not there; not trusted; trusted with other bytes; read; there and not to be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the file of the workspace at `folder` (a real path) gives: nothing unless its standing is "trusted".

    `problems` are sentences for the person: why the file is not read, or which of its entries do not count.
    """

    folder: Path
    standing: Standing
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    is_trusted: bool = False

    @property
    def file(self) -> Path:
        """Where its settings are, or would be."""
        return self.folder / FILE_NAME


def workspace_of(folder: Path) -> Path:
    """The root of the workspace that holds `folder`, as a real path.

    It is the nearest folder with a settings file of its own or a repository, else `folder` itself.
    """
    real = folder.resolve()
    for each in (real, *real.parents):
        if any((each / mark).exists() for mark in _ROOT_MARKS):
            return each
    return real


def has_settings(folder: Path) -> bool:
    """Whether the workspace that holds `folder` has a settings file, trusted or not."""
    return os.path.lexists(workspace_of(folder) / FILE_NAME)


def read_project(folder: Path, trust: TrustStore) -> Project:
    """The settings of the workspace whose root is `folder`; nothing of its file is parsed before it is trusted."""
    root = folder.resolve()
    file, trusted = root / FILE_NAME, trust.find(root)
    try:
        content = _content(file)
        if content is None:
            return Project(folder=root, standing="absent", is_trusted=trusted is not None)
        if trusted is None:
            return Project(folder=root, standing="untrusted", problems=(_untrusted(file),))
        if trusted.file_sha256 != _sha256(content):
            return Project(folder=root, standing="changed", problems=(_changed(file),), is_trusted=True)
        from parley_server.harmless import sifted

        found = sifted(entries_of(document_of(decoded(content, file), file, aliases=False), file))
    except ConfigError as error:
        return Project(folder=root, standing="unusable", problems=(str(error),), is_trusted=trusted is not None)
    return Project(folder=root, standing="trusted", entries=found.entries, problems=found.problems, is_trusted=True)


def trust_project(folder: Path, trust: TrustStore, at: datetime) -> Project:
    """Trust the workspace whose root is `folder`, with its settings file as it is now; what follows.

    Raises:
        ConfigError: there is no such folder, its file is not to be used, or the trust cannot be kept.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise ConfigError(f"{folder} is no folder; name the workspace's root.")
    content = _content(root / FILE_NAME)
    try:
        trust.trust(Trusted(folder=root, at=at, file_sha256=None if content is None else _sha256(content)))
    except OSError as error:
        raise ConfigError(f"{trust.root} cannot be written: {error.strerror}.") from error
    return read_project(root, trust)


def _content(file: Path) -> bytes | None:
    """The file's bytes; None where there is none. No link is followed and nothing but a plain file is opened.

    Raises:
        ConfigError: it is no plain file, another user's, too large, or cannot be read.
    """
    if file.is_symlink():
        raise ConfigError(f"{file} is a link, so it is not read; put the settings there themselves.")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(file, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    try:
        content = _plain(descriptor, file)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{file} is larger than {LARGEST_BYTES // 1024} KiB, so it is not read.")
    return content


def _plain(descriptor: int, file: Path) -> bytes:
    """Up to one byte more than is read at most; a plain file is never read in pieces that small."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{file} is no plain file, so it is not read.")
    if hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"{file} belongs to another user, so it is not read.")
    return os.read(descriptor, LARGEST_BYTES + 1)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _untrusted(file: Path) -> str:
    return f"{file} is not read, since you have not trusted this workspace. {_look(file)}"


def _changed(file: Path) -> str:
    return f"{file} is not read, since it changed after you trusted it. {_look(file)}"


def _look(file: Path) -> str:
    return f"Look at it, then: parley trust add {file.parent}"
