"""The settings file as text: reading its entries with their lines, and changing one without losing comments.

What the entries mean belongs to `config`.
"""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml import YAML

HEADER = "# Parley's settings. `parley models use NAME` writes `model` here; comments stay.\n"


class ConfigError(Exception):
    """The settings cannot be used; the message says where (file, variable or option), what, and what could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One setting: its path of keys, its value, and where it was read, as a person finds it."""

    path: tuple[str, ...]
    value: object
    where: str

    @property
    def key(self) -> str:
        """The path as it is written: dotted."""
        return ".".join(self.path)


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
    return tuple(_entries(_document(path), path, ()))


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


def _write(path: Path, document: Any) -> None:  # noqa: ANN401 - as below
    text = io.StringIO()
    if document:
        _yaml().dump(document, text)
    written = text.getvalue() if path.exists() else HEADER + text.getvalue()
    try:
        _replace(path.resolve(), written)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def _document(path: Path) -> Any:  # noqa: ANN401 - a mapping of ruamel's that remembers lines and comments
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return CommentedMap()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    try:
        document = _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{path}, line {line}: this is not YAML: {error.problem}.") from error
    except YAMLError as error:
        raise ConfigError(f"{path}: this is not YAML: {error}.") from error
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise ConfigError(f"{path}, line 1: settings are lines like `model: embedded/qwen2.5-coder-1.5b`.")
    return document


def _entries(mapping: Any, file: Path, above: tuple[str, ...]) -> Iterator[Entry]:  # noqa: ANN401 - as above
    for key, value in mapping.items():
        path = (*above, str(key))
        if hasattr(value, "items"):
            yield from _entries(value, file, path)
        else:
            plain = list(value) if isinstance(value, list) else value
            yield Entry(path=path, value=plain, where=f"{file}, line {mapping.lc.key(key)[0] + 1}")


def _yaml() -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


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
