"""What an editor sent as its settings, as entries: nested or dotted, its section alone or bare.

Which of them count belongs to `harmless`: an editor merges the settings of the project into the person's, so that
nobody can tell who wrote a value. What the layer means among the others belongs to `config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parley_server.config_keys import exists, is_group
from parley_server.config_text import DEEPEST, Entry
from parley_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHERE = "the editor's settings"
# Read by VS Code's language client itself, in the section of the server.
_THE_CLIENTS_OWN = frozenset({"trace.server"})
_LONGEST_KEY = 60


def entries_in(given: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries of `given`, the section `parley` of an editor's settings; null says nothing, as in every editor."""
    found = {
        path: Entry(path=path, value=value, where=WHERE)
        for path, value in _leaves(given, ())
        if ".".join(path) not in _THE_CLIENTS_OWN and not _says_nothing(path, value)
    }
    return tuple(found.values())


def names_a_setting(given: Mapping[str, Any]) -> bool:
    """Whether a mapping without the key `parley` is meant for Parley: some editors send one server's settings bare."""
    return any(str(name).partition(".")[0] in Settings.model_fields for name in given)


def _leaves(given: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in given.items():
        path = (*above, *(step[:_LONGEST_KEY] for step in str(name).split(".")))
        if isinstance(value, dict) and len(path) < DEEPEST and not exists(path):
            yield from _leaves(value, path)
        else:
            yield path, value


def _says_nothing(path: tuple[str, ...], value: object) -> bool:
    """Whether it is null, or a group that is an empty list: so an empty table of Lua arrives."""
    return value is None or (value == [] and len(path) == 1 and is_group(path[0]))
