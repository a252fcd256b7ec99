"""The text of a settings file as YAML: its document with lines and comments, and its entries; what it may not hold.

Reading and writing the file belongs to `config_file`, what the entries mean to `config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

DEEPEST = 16
_PLAIN_TAGS = "tag:yaml.org,2002:"
_SAYINGS = {
    "'\\t' that cannot start": "a tab indents here; indent with spaces",
    "found duplicate key": "this key stands here a second time; keep one of the two",
    "found another document": "a second document begins with `---`; a file holds one",
    "unexpected end of stream": "a quote is opened and never closed",
}


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


def decoded(content: bytes, file: Path) -> str:
    """The text of a settings file.

    Raises:
        ConfigError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}, line {line}: this is not UTF-8 text; save the file as UTF-8.") from error


def document_of(text: str, file: Path, *, aliases: bool = True) -> Any:  # noqa: ANN401 - a mapping of ruamel's
    """The document as a mapping that remembers lines and comments; without `aliases`, such are refused.

    Raises:
        ConfigError: it is no YAML mapping of plain values, or nests deeper than `DEEPEST`.
    """
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    try:
        _check(text, file, aliases=aliases)
        document = yaml().load(text)
    except YAMLError as error:
        raise ConfigError(_not_yaml(error, file)) from error
    except (
        AttributeError,
        RecursionError,
        ValueError,
    ) as error:  # what ruamel lets through: dates that are none, loops
        raise ConfigError(f"{file}: this cannot be read as settings: {error}.") from error
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise ConfigError(
            f"{file}, line 1: settings are lines like `model: embedded/qwen2.5-coder-1.5b`, with a blank after :."
        )
    return document


def entries_of(document: Any, file: Path) -> tuple[Entry, ...]:  # noqa: ANN401 - as above
    """The entries of a document of `file`, each with its line. A group without anything below it has none."""
    return tuple(_entries(document, file, ()))


def yaml() -> YAML:
    """A reader and writer that keeps comments, quotes and long lines as they are."""
    from ruamel.yaml import YAML

    made = YAML(typ="rt")
    made.preserve_quotes = True
    made.width = 4096
    return made


def _entries(mapping: Any, file: Path, above: tuple[str, ...]) -> Iterator[Entry]:  # noqa: ANN401 - as above
    for key, value in mapping.items():
        path = (*above, str(key))
        if hasattr(value, "items"):
            yield from _entries(value, file, path)
        else:
            plain = list(value) if isinstance(value, list) else value
            yield Entry(path=path, value=plain, where=f"{file}, line {mapping.lc.key(key)[0] + 1}")


def _check(text: str, file: Path, *, aliases: bool) -> None:
    """Refuse what grows or runs when it is loaded; parsing alone does neither."""
    from ruamel.yaml import events

    depth = 0
    for event in yaml().parse(text):
        line = event.start_mark.line + 1
        match event:
            case events.MappingStartEvent() | events.SequenceStartEvent():
                depth += 1
            case events.MappingEndEvent() | events.SequenceEndEvent():
                depth -= 1
            case events.AliasEvent() if not aliases:
                raise ConfigError(f"{file}, line {line}: *{event.anchor} repeats what stands elsewhere; write it out.")
        if depth > DEEPEST:
            raise ConfigError(f"{file}, line {line}: this is nested deeper than any setting.")
        if (tag := str(getattr(event, "ctag", None) or "")) and not _is_plain(tag):
            raise ConfigError(f"{file}, line {line}: {tag} is no plain value; take the tag away.")


def _is_plain(tag: str) -> bool:
    return tag == "!" or (tag.startswith(_PLAIN_TAGS) and "/" not in tag)


def _not_yaml(error: YAMLError, file: Path) -> str:
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    if isinstance(error, ReaderError):
        return f"{file} holds the control character U+{error.character:04X}; settings are plain text."
    if not isinstance(error, MarkedYAMLError):
        return f"{file}: this is not YAML: {error}."
    return _marked(error, file)


def _marked(error: MarkedYAMLError, file: Path) -> str:
    told = str(error.problem or error.context or "")
    saying = next((saying for sign, saying in _SAYINGS.items() if sign in told), told)
    mark = error.context_mark if "quote" in saying and error.context_mark else error.problem_mark
    line = mark.line + 1 if mark else "?"
    return f"{file}, line {line}: this is not YAML: {saying}."
