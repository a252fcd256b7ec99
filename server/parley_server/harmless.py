"""Which settings an editor may give: those that cannot hurt the person, since editors merge a project's into theirs.

Endpoints, keys, providers, models, prices, budgets and folders are never among them. What a layer of entries means
together with the others belongs to `config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from parley_server.config_file import ConfigError, Entry
from parley_server.settings import Settings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HARMLESS = frozenset(
    {"embedded.idle_minutes", "embedded.threads", *(f"timeouts.{name}" for name in TimeoutSettings.model_fields)}
)


def harmless_layer(given: Mapping[str, Any], where: str) -> tuple[Entry, ...]:
    """The entries of a layer that came from elsewhere than the person's own hand, named `where` in messages.

    Raises:
        ConfigError: it names what only the person may set, or says what cannot be; nothing of it counts then.
    """
    entries = tuple(_entries(given, where, ()))
    for entry in entries:
        if entry.key not in HARMLESS:
            raise ConfigError(
                f"{where}: {entry.key!r} cannot be set there, only in your own settings file, the environment or the "
                f"command line. There can be: {', '.join(sorted(HARMLESS))}."
            )
        section, name = entry.path
        try:
            Settings.model_validate({section: {name: entry.value}})
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Input ")
            raise ConfigError(f"{where}: {entry.key} cannot be {entry.value!r}: {reason}.") from error
    return entries


def _entries(given: Mapping[str, Any], where: str, above: tuple[str, ...]) -> Iterator[Entry]:
    """Nested or dotted, as editors write both."""
    for key, value in given.items():
        path = (*above, *str(key).split("."))
        if isinstance(value, dict):
            yield from _entries(value, where, path)
        else:
            yield Entry(path=path, value=value, where=where)
