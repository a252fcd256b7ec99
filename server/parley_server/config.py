"""Reading settings: defaults, the person's own file, the project's, the environment, the editor's, the command line.

What can be set belongs to `settings`, which keys there are to `config_keys`, and what counts of what a project or an
editor says to `harmless`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from parley_server.config_file import ConfigError, Entry, read_entries
from parley_server.config_keys import Mistake, exists, invalid, is_empty_group, known_keys, unknown_key, variable_of
from parley_server.harmless import tightens
from parley_server.settings import OLLAMA_PORT, VERSION, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Read by `user_path` and by the tests' own tools; they name no setting.
_LISTS = frozenset({"candidates"})
_OTHER_VARIABLES = frozenset({"PARLEY_CONFIG", "PARLEY_VERSION"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where settings come from: the person's file, the environment, and what the command line gave, by dotted key.

    `project` and `editor` hold what a workspace's file and an editor gave, as far as it cannot hurt.
    """

    path: Path
    environment: Mapping[str, str]
    command_line: Mapping[str, object]
    project: tuple[Entry, ...] = ()
    editor: tuple[Entry, ...] = ()


def user_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The person's settings file: `PARLEY_CONFIG`, else in the user's configuration folder."""
    if named := environment.get("PARLEY_CONFIG"):
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("parley", appauthor=False) / "config.yaml"


def load_settings(
    command_line: Mapping[str, object] | None = None,
    *,
    project: tuple[Entry, ...] = (),
    editor: tuple[Entry, ...] = (),
) -> Settings:
    """The settings of this process.

    Args:
        command_line: Those options that were given, by dotted key.
        project: What counts of the workspace's own file, as `project.read_project` gives it.
        editor: What counts of the editor's settings.

    Raises:
        ConfigError: a file, variable or option says something that cannot be; the message says where and what could.
    """
    return settings_from(own_sources(command_line, project=project, editor=editor))


def own_sources(
    command_line: Mapping[str, object] | None = None,
    *,
    project: tuple[Entry, ...] = (),
    editor: tuple[Entry, ...] = (),
) -> Sources:
    """This process's sources; see `load_settings`."""
    return Sources(
        path=user_path(),
        environment=os.environ,
        command_line=dict(command_line or {}),
        project=project,
        editor=editor,
    )


def settings_from(sources: Sources) -> Settings:
    """The settings that these sources make; see `load_settings`."""
    entries = effective_entries(sources)
    known = {path: entry for path, entry in entries.items() if exists(path)}
    mistakes = [Mistake(entry=entry, told=unknown_key(entry)) for path, entry in entries.items() if path not in known]
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(_document(known.values()))
    except ValidationError as error:
        mistakes += invalid(error.errors(), known)
    if settings is None or mistakes:
        order = list(entries)
        mistakes.sort(key=lambda mistake: order.index(mistake.entry.path))
        raise ConfigError("\n".join(mistake.told for mistake in mistakes))
    return settings


def _document(entries: Iterable[Entry]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for entry in entries:
        *sections, name = entry.path
        inner = document
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = entry.value
    return document


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
    wanted = sources or own_sources()
    document = settings_from(wanted).model_dump(mode="json")
    entries = effective_entries(wanted)
    return tuple(
        Explained(path=path, value=value, where=entries[path].where if path in entries else "default")
        for path, value in _leaves(document, ())
    )


def effective_entries(sources: Sources) -> dict[tuple[str, ...], Entry]:
    """Each setting that some source gives, whether or not there is such a one, from the source that wins.

    Raises:
        ConfigError: a file cannot be read, or is of a newer Parley.
    """
    entries: dict[tuple[str, ...], Entry] = {}
    _take(entries, _ollama_host(sources.environment))
    _take(entries, _own_file(sources.path))
    _take(entries, (each for each in sources.project if tightens(each, entries.get(each.path))))
    _take(entries, _variables(sources.environment))
    _take(entries, (each for each in sources.editor if tightens(each, entries.get(each.path))))
    _take(entries, _options(sources.command_line))
    return entries


def _take(entries: dict[tuple[str, ...], Entry], layer: Iterable[Entry]) -> None:
    entries.update({entry.path: entry for entry in layer if not is_empty_group(entry)})


def _own_file(path: Path) -> tuple[Entry, ...]:
    """The person's file. One that a newer Parley wrote is told as such, before its keys are called unknown."""
    entries = read_entries(path)
    for entry in entries:
        if entry.path == ("version",) and entry.value != VERSION:
            raise ConfigError(
                f"{entry.where}: these settings are of version {entry.value}, and this Parley reads version {VERSION}. "
                "Update Parley, or name another file in PARLEY_CONFIG."
            )
    return entries


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
