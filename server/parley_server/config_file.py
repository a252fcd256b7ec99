"""The settings file: reading its entries with their lines, and changing one without losing comments.

What its text may hold belongs to `config_text`, what the entries mean to `config`.
"""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parley_server.config_text import ConfigError, Entry, decoded, document_of, entries_of, yaml

HEADER = "# Parley's settings. `parley models use NAME` writes `model` here; comments stay.\n"
LARGEST_BYTES = 200_000
READ_AT_START = "A server that runs in an editor reads the settings at its next start."

__all__ = ["READ_AT_START", "ConfigError", "Entry", "WrittenChoice", "read_entries", "remove_entry", "write_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenChoice:
    """The model that was written into the file at `path`; None: Parley chooses."""

    path: Path
    model: str | None


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The file's entries; none where there is no file.

    Raises:
        ConfigError: it cannot be read, or is no YAML mapping.
    """
    return entries_of(_document(path), path)


def write_entry(path: Path, key: str | tuple[str, ...], value: object) -> None:
    """Set one entry, by its key or its path of keys, keeping all else and its comments; None is null.

    The file is replaced whole.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    document = _document(path)
    *sections, name = (key,) if isinstance(key, str) else key
    inner = document
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[name] = value
    _write(path, document)


def remove_entry(path: Path, steps: tuple[str, ...]) -> None:
    """Remove one entry, and what stands above it if that is empty then; nothing happens where it is not.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    document = _document(path)
    above = [document]
    for step in steps[:-1]:
        if step not in above[-1]:
            return
        above.append(above[-1][step])
    for inner, step in zip(reversed(above), reversed(steps), strict=True):
        inner.pop(step, None)
        if inner:
            break
    _write(path, document)


def _document(path: Path) -> Any:  # noqa: ANN401 - a mapping of ruamel's that remembers lines and comments
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return document_of("", path)
    except IsADirectoryError as error:
        raise ConfigError(
            f"{path} is a folder; settings are a file. Move it away, or name a file in PARLEY_CONFIG."
        ) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_BYTES:
        raise ConfigError(f"{path} is larger than {LARGEST_BYTES // 1000} kB; these are no settings.")
    return document_of(decoded(content, path), path)


def _write(path: Path, document: Any) -> None:  # noqa: ANN401 - as above
    text = io.StringIO()
    if document:
        yaml().dump(document, text)
    written = text.getvalue() if path.exists() else HEADER + text.getvalue()
    try:
        _replace(path.resolve(), written)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
