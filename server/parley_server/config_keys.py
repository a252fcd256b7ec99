"""Which keys there are, and what is told of one that is not: pure, from the schema in `settings`.

Where values come from belongs to `config`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from typing import TYPE_CHECKING

from parley_profiling.redaction import redact
from parley_server.settings import (
    MODEL,
    NAME,
    VARIABLE,
    FactsSettings,
    PriceSettings,
    ProviderSettings,
    Section,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from parley_server.config_text import Entry

PREFIX = "PARLEY_"
# Keys below which the person gives the names: of task classes, providers and models.
OPEN_KEYS: dict[str, type[Section] | None] = {
    "models": None,
    "providers": ProviderSettings,
    "prices": PriceSettings,
    "facts": FactsSettings,
}
OWN_HAND = "your own settings file, the environment or the command line"
_WRITTEN_LIKE = {
    VARIABLE: "ACME_API_KEY, the name of an environment variable",
    NAME: "my-box, with small letters, digits and -",
    MODEL: "anthropic/claude-sonnet-4-5, a provider and its model",
}
_MOST_LISTED = 12
_SECRETS = ("key", "api_key", "apikey", "token", "secret", "password")


def known_keys() -> tuple[str, ...]:
    """Every key of a fixed name, dotted. What stands below `OPEN_KEYS` is named by the person."""
    keys: list[str] = []
    for name, field in Settings.model_fields.items():
        if name in OPEN_KEYS:
            continue
        if (section := _section(field.annotation)) is not None:
            keys += [f"{name}.{inner}" for inner in section.model_fields]
        else:
            keys.append(name)
    return tuple(keys)


def variable_of(key: str) -> str:
    """The environment variable of a key: `embedded.context` is `PARLEY_EMBEDDED_CONTEXT`."""
    return PREFIX + key.replace(".", "_").upper()


def is_empty_group(entry: Entry) -> bool:
    """Whether this is a group of settings with nothing below it, as `embedded:` alone on its line."""
    return entry.value is None and len(entry.path) == 1 and is_group(entry.key)


def is_group(name: str) -> bool:
    """Whether settings stand below this name."""
    field = Settings.model_fields.get(name)
    return name in OPEN_KEYS or (field is not None and _section(field.annotation) is not None)


def exists(path: tuple[str, ...]) -> bool:
    """Whether there is such a key."""
    if path[0] not in OPEN_KEYS:
        return ".".join(path) in known_keys()
    section = OPEN_KEYS[path[0]]
    return len(path) == 2 if section is None else len(path) == 3 and path[2] in section.model_fields


def unknown_key(entry: Entry, keys: Collection[str] | None = None) -> str:
    """What is told of a key that does not exist: where it stands, and the nearest one.

    `keys` are those that can be set there; None is all.
    """
    name = entry.path[0]
    if len(entry.path) == 1 and is_group(name):
        return f"{entry.where}: {name} is a group; its settings stand indented below it, such as {_example(name)}."
    if name == "providers" and entry.path[-1].lower() in _SECRETS:
        return (
            f"{entry.where}: keys do not stand in files. Take it out, and keep it in the keyring: "
            f"parley auth set {entry.path[1]}"
        )
    siblings = _siblings(entry.path)
    near = next(iter(get_close_matches(entry.key, siblings or known_keys(), n=1, cutoff=0.5)), None)
    if near is None:
        hint = f"There are: {', '.join(_shortened(siblings or list(known_keys() if keys is None else keys)))}."
    elif keys is None or near in keys:
        hint = f"Did you mean {near}?"
    else:
        hint = f"Did you mean {near}? That cannot be set there, only in {OWN_HAND}."
    return f"{entry.where}: nothing is called {entry.key!r}. {hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with an entry, as it is `told`: where it stands, and what would be right."""

    entry: Entry
    told: str


def invalid(errors: Sequence[ErrorDetails], entries: Mapping[tuple[str, ...], Entry]) -> list[Mistake]:
    """What is told of values that cannot be."""
    mistakes = []
    for error in errors:
        at = tuple(str(step) for step in error["loc"] if step != "[key]")
        entry = _nearest(entries.values(), at)
        if error["type"] == "missing":
            told = f"{entry.where}: {'.'.join(at)} is missing."
        elif error["loc"][-1] == "[key]":
            told = f"{entry.where}: nothing in {at[0]} can be called {at[-1]!r}: {reason_of(error)}."
        else:
            value = redact(repr(entry.value))
            told = f"{entry.where}: {entry.key} cannot be {value}: {reason_of(error)}.{_meant(entry.value, error)}"
        mistakes.append(Mistake(entry=entry, told=told))
    return mistakes


def reason_of(error: ErrorDetails) -> str:
    """Why a value cannot be, in words that say what would be right."""
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    if pattern in _WRITTEN_LIKE:
        return f"write it like {_WRITTEN_LIKE[pattern]}"
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return reason.replace("should be a valid tuple", "should be a list, such as [one, two]")


def _meant(value: object, error: ErrorDetails) -> str:
    """The nearest of the words that could stand there, where there is a near one."""
    words = re.findall(r"'([^']+)'", str(error.get("ctx", {}).get("expected", "")))
    near = get_close_matches(str(value).lower(), words, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _nearest(entries: Iterable[Entry], at: tuple[str, ...]) -> Entry:
    """The entry that shares most of its path with `at`: what is missing is told beside what is there."""

    def shared(entry: Entry) -> int:
        return sum(1 for _ in takewhile(lambda steps: steps[0] == steps[1], zip(entry.path, at, strict=False)))

    return max(entries, key=shared)


def _siblings(path: tuple[str, ...]) -> list[str]:
    """The keys of the open group that `path` leads into; empty where it leads into none."""
    section = OPEN_KEYS.get(path[0])
    return [] if section is None or len(path) < 2 else [".".join((*path[:2], name)) for name in section.model_fields]


def _shortened(keys: Sequence[str]) -> list[str]:
    """A long list of keys by its groups."""
    if len(keys) <= _MOST_LISTED:
        return sorted(keys)
    return [*dict.fromkeys(key.partition(".")[0] for key in keys), *OPEN_KEYS]


def _section(annotation: object) -> type[Section] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def _example(name: str) -> str:
    if name not in OPEN_KEYS:
        return next(key for key in known_keys() if key.startswith(f"{name}."))
    section = OPEN_KEYS[name]
    return f"{name}.NAME" if section is None else f"{name}.NAME.{next(iter(section.model_fields))}"
