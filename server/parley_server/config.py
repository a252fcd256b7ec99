"""Reading the person's settings: defaults, then their own file, then the environment, then the command line.

What can be set belongs to `settings`. No file of a project is ever read here: endpoints and models are the person's to
choose.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from parley_server.config_file import ConfigError, Entry, read_entries
from parley_server.settings import OLLAMA_PORT, FactsSettings, PriceSettings, ProviderSettings, Section, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

PREFIX = "PARLEY_"
# Read by `user_path` and by the tests' own tools; they name no setting.
_LISTS = frozenset({"candidates"})
_OTHER_VARIABLES = frozenset({"PARLEY_CONFIG"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not bound
# Keys below which the person gives the names: of task classes, providers and models.
OPEN_KEYS: dict[str, type[Section] | None] = {
    "models": None,
    "providers": ProviderSettings,
    "prices": PriceSettings,
    "facts": FactsSettings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where settings come from: the file, the environment, and what the command line gave, by dotted key.

    `editor` holds what an editor gave, as `harmless.harmless_layer` let it through.
    """

    path: Path
    environment: Mapping[str, str]
    command_line: Mapping[str, object]
    editor: tuple[Entry, ...] = ()


def user_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The person's settings file: `PARLEY_CONFIG`, else in the user's configuration folder."""
    if named := environment.get("PARLEY_CONFIG"):
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("parley", appauthor=False) / "config.yaml"


def load_settings(command_line: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process; `command_line` holds those options that were given, by dotted key.

    Raises:
        ConfigError: a file, variable or option says something that cannot be; the message says where and what could.
    """
    return settings_from(
        Sources(path=user_path(), environment=os.environ, command_line=dict(command_line or {})),
    )


def settings_from(sources: Sources) -> Settings:
    """The settings that these sources make; see `load_settings`."""
    entries = effective_entries(sources)
    document: dict[str, Any] = {}
    for entry in entries.values():
        *sections, name = entry.path
        inner = document
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = entry.value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_invalid(error.errors(), entries)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value in force, and where it is from: a file and its line, a variable, or "default"."""

    path: tuple[str, ...]
    value: object
    where: str


def explained_settings(sources: Sources | None = None) -> tuple[Explained, ...]:
    """Every value in force, in the schema's order; `sources` are this process's own if not given.

    Raises:
        ConfigError: as `load_settings`.
    """
    wanted = sources or Sources(path=user_path(), environment=os.environ, command_line={})
    entries = effective_entries(wanted)
    document = settings_from(wanted).model_dump(mode="json")
    return tuple(
        Explained(path=path, value=value, where=entries[path].where if path in entries else "default")
        for path, value in _leaves(document, ())
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the settings file."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Parley's settings"}
    return described | {key: value for key, value in Settings.model_json_schema().items() if key != "title"}


def effective_entries(sources: Sources) -> dict[tuple[str, ...], Entry]:
    """Each setting that some source gives, from the source that wins.

    Raises:
        ConfigError: a file cannot be read, or names what does not exist.
    """
    layers = (
        _ollama_host(sources.environment),
        read_entries(sources.path),
        _variables(sources.environment),
        sources.editor,
        _options(sources.command_line),
    )
    entries = {entry.path: entry for layer in layers for entry in layer}
    for entry in entries.values():
        if not _exists(entry.path):
            raise ConfigError(_unknown_key(entry))
    return entries


def known_keys() -> tuple[str, ...]:
    """Every key of a fixed name, dotted. What stands below `OPEN_KEYS` is named by the person."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        if name in OPEN_KEYS:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            keys += [f"{name}.{inner}" for inner in field.annotation.model_fields]
        else:
            keys.append(name)
    return tuple(keys)


def variable_of(key: str) -> str:
    """The environment variable of a key: `embedded.context` is `PARLEY_EMBEDDED_CONTEXT`."""
    return PREFIX + key.replace(".", "_").upper()


def _variables(environment: Mapping[str, str]) -> list[Entry]:
    """Settings from the environment. An empty variable is not set; an unknown one may belong to another tool."""
    found = []
    for key in known_keys():
        name = variable_of(key)
        if (value := environment.get(name)) and name not in _OTHER_VARIABLES:
            listed = [each.strip() for each in value.split(",")] if key in _LISTS else value
            found.append(Entry(path=tuple(key.split(".")), value=listed, where=name))
    return found


def _options(given: Mapping[str, object]) -> list[Entry]:
    return [Entry(path=tuple(key.split(".")), value=value, where="the command line") for key, value in given.items()]


def _ollama_host(environment: Mapping[str, str]) -> list[Entry]:
    """Ollama's own variable, where it stays on this machine: another machine has to be named to Parley."""
    host = environment.get("OLLAMA_HOST", "").strip()
    if not host:
        return []
    parts = urlsplit(host if "//" in host else f"//{host}")
    try:
        name, port = parts.hostname or "", parts.port or OLLAMA_PORT
    except ValueError:
        return []
    if name in _ANY_ADDRESS:
        name = "127.0.0.1"
    if name != "localhost" and not _is_loopback(name):
        return []
    shown = f"[{name}]" if ":" in name else name
    return [Entry(path=("ollama", "url"), value=f"{parts.scheme or 'http'}://{shown}:{port}", where="OLLAMA_HOST")]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _leaves(document: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in document.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _exists(path: tuple[str, ...]) -> bool:
    if path[0] not in OPEN_KEYS:
        return ".".join(path) in known_keys()
    section = OPEN_KEYS[path[0]]
    return len(path) == 2 if section is None else len(path) == 3 and path[2] in section.model_fields


def _unknown_key(entry: Entry) -> str:
    section = OPEN_KEYS.get(entry.path[0])
    if section is not None and len(entry.path) >= 2:
        keys = [".".join((*entry.path[:2], name)) for name in section.model_fields]
    else:
        keys = [*known_keys(), *(f"{name}.NAME" for name in OPEN_KEYS)]
    near = get_close_matches(entry.key, keys, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys)}."
    return f"{entry.where}: nothing is called {entry.key!r}. {hint}"


def _invalid(errors: Sequence[ErrorDetails], entries: Mapping[tuple[str, ...], Entry]) -> str:
    lines = []
    for error in errors:
        at = tuple(str(step) for step in error["loc"] if step != "[key]")
        entry = _nearest(entries.values(), at)
        reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
        if error["type"] == "missing":
            lines.append(f"{entry.where}: {'.'.join(at)} is missing.")
        else:
            lines.append(f"{entry.where}: {entry.key} cannot be {entry.value!r}: {reason}.")
    return "\n".join(lines)


def _nearest(entries: Iterable[Entry], at: tuple[str, ...]) -> Entry:
    """The entry that shares most of its path with `at`: what is missing is told beside what is there."""

    def shared(entry: Entry) -> int:
        return sum(1 for _ in takewhile(lambda steps: steps[0] == steps[1], zip(entry.path, at, strict=False)))

    return max(entries, key=shared)
