"""The person's settings: defaults, then their own file, then the environment, then the command line; read once, frozen.

No file of a project is ever read here: endpoints and models are the person's to choose. The schema imports pydantic, so
front ends import this module when they need settings, not at start-up.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from parley_server.config_file import ConfigError, Entry, read_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

PREFIX = "PARLEY_"
# Read by `user_path` and by the tests' own tools; they name no setting.
_OTHER_VARIABLES = frozenset({"PARLEY_CONFIG"})
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not bound
_OLLAMA_PORT = 11434


def _server_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write it like http://127.0.0.1:11434")
    if parts.username or parts.password:
        raise ValueError("an address must not hold a user or a password")
    return url.rstrip("/")


Url: TypeAlias = Annotated[str, AfterValidator(_server_url)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OllamaSettings(_Section):
    """A running Ollama, which Parley finds by itself at its usual address."""

    url: Url = f"http://127.0.0.1:{_OLLAMA_PORT}"


class EmbeddedSettings(_Section):
    """The engine that Parley brings along. `context` is in tokens; `idle_minutes: null` never lets it sleep."""

    model: str | None = None
    context: int = Field(default=8192, ge=512, le=1_048_576)
    threads: int | None = Field(default=None, ge=1, le=1024)
    idle_minutes: float | None = Field(default=10, gt=0)


class TimeoutSettings(_Section):
    """How long to wait for a model, in seconds; `cold_first_token_s` where it must be loaded first."""

    connect_s: Seconds = 5
    first_token_s: Seconds = 60
    cold_first_token_s: Seconds = 300
    idle_s: Seconds = 30
    total_s: Seconds = 600


class Settings(_Section):
    """Everything that can be set. `model` is "provider/model" or a bare name; None lets Parley find one."""

    model: str | None = None
    models_dir: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    ollama: OllamaSettings = OllamaSettings()
    embedded: EmbeddedSettings = EmbeddedSettings()
    timeouts: TimeoutSettings = TimeoutSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where settings come from: the file, the environment, and what the command line gave, by dotted key."""

    path: Path
    environment: Mapping[str, str]
    command_line: Mapping[str, object]


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
    entries = {
        **{entry.key: entry for entry in _ollama_host(sources.environment)},
        **{entry.key: entry for entry in read_entries(sources.path)},
        **{entry.key: entry for entry in _variables(sources.environment)},
        **{key: Entry(key=key, value=value, where="the command line") for key, value in sources.command_line.items()},
    }
    keys = known_keys()
    for entry in entries.values():
        if entry.key not in keys:
            raise ConfigError(_unknown_key(entry, keys))
    document: dict[str, Any] = {}
    for entry in entries.values():
        section, _, name = entry.key.rpartition(".")
        (document.setdefault(section, {}) if section else document)[name] = entry.value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_invalid(error.errors(), entries)) from error


def known_keys() -> tuple[str, ...]:
    """Every key that can be set, dotted."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Section):
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
            found.append(Entry(key=key, value=value, where=name))
    return found


def _ollama_host(environment: Mapping[str, str]) -> list[Entry]:
    """Ollama's own variable, where it stays on this machine: another machine has to be named to Parley."""
    host = environment.get("OLLAMA_HOST", "").strip()
    if not host:
        return []
    parts = urlsplit(host if "//" in host else f"//{host}")
    try:
        name, port = parts.hostname or "", parts.port or _OLLAMA_PORT
    except ValueError:
        return []
    if name in _ANY_ADDRESS:
        name = "127.0.0.1"
    if name != "localhost" and not _is_loopback(name):
        return []
    shown = f"[{name}]" if ":" in name else name
    return [Entry(key="ollama.url", value=f"{parts.scheme or 'http'}://{shown}:{port}", where="OLLAMA_HOST")]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unknown_key(entry: Entry, keys: Sequence[str]) -> str:
    near = get_close_matches(entry.key, keys, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys)}."
    return f"{entry.where}: nothing is called {entry.key!r}. {hint}"


def _invalid(errors: Sequence[ErrorDetails], entries: Mapping[str, Entry]) -> str:
    lines = []
    for error in errors:
        key = ".".join(str(step) for step in error["loc"][:2])
        key = key if key in entries else str(error["loc"][0])
        entry = entries[key]
        reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
        lines.append(f"{entry.where}: {key} cannot be {entry.value!r}: {reason}.")
    return "\n".join(lines)
