"""Which settings count that came from elsewhere than the person's own hand: those that cannot hurt them.

A project's file comes with a repository, and editors merge a repository's settings into theirs. Endpoints, keys,
providers, models, prices and folders are never among them; a budget is, as far as it lowers the person's own. Reading
such a layer belongs to `project`, its place among the others to `config`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from reprlib import Repr
from typing import TYPE_CHECKING

from pydantic import ValidationError

from parley_server.config_keys import OWN_HAND, exists, is_empty_group, reason_of, unknown_key
from parley_server.settings import VERSION, BudgetSettings, Settings, TimeoutSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_server.config_text import Entry

TIGHTENING = frozenset(f"budget.{name}" for name in BudgetSettings.model_fields)
"""Keys of which only the lower of two values counts, so that nobody else can raise what the person allowed."""
HARMLESS = TIGHTENING | {
    "embedded.idle_minutes",
    "embedded.threads",
    *(f"timeouts.{name}" for name in TimeoutSettings.model_fields),
}
COUNTING = "budget.*, embedded.idle_minutes, embedded.threads, timeouts.*"
"""`HARMLESS` as a person reads it."""
_REASONS = {
    "providers": "where code is sent, and with which key, is yours alone to say",
    "ollama": "where code is sent, and what is loaded into memory, is yours alone to say",
    "prices": "what a model costs decides whom your budget lets be asked",
    "facts": "what is known of a model decides which one reads your code",
    "models_dir": "where files are read and written is yours alone to say",
    "log_level": "what is written down of your code is yours alone to say",
    "refactor": "what is applied without your yes is yours alone to say",
    "version": f"this Parley reads version {VERSION} of settings",
    "embedded": "what is loaded into memory is yours alone to say",
}
_SHORT = Repr()  # of values that somebody else wrote, at any length
_WHICH_MODEL = "which model reads your code, and at what price, is yours alone to say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What counts of a layer, and for each of its other entries the sentence why it does not."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


def sifted(entries: Iterable[Entry], previous: Iterable[Entry] = ()) -> Sifted:
    """Sort `entries` into those that count and those that do not; one bad entry leaves the others standing.

    In place of one that cannot be, what `previous` says of it, or of what stands below it, goes on counting.
    """
    before = tuple(previous)
    counting: dict[str, Entry] = {}
    problems = []
    for entry in entries:
        if is_empty_group(entry) or (entry.key, entry.value) == ("version", VERSION):
            continue
        problem = _problem(entry)
        if problem is None:
            counting[entry.key] = entry
        else:
            problems.append(problem)
            counting |= {each.key: each for each in before if f"{each.key}.".startswith(f"{entry.key}.")}
    return Sifted(entries=tuple(counting.values()), problems=tuple(problems))


def tightens(entry: Entry, before: Entry | None) -> bool:
    """Whether `entry` counts after `before`, what an earlier source says: a limit only where it is the lower one."""
    if entry.key not in TIGHTENING or before is None or before.value is None:
        return True
    try:
        return entry.value is not None and float(str(entry.value)) < float(str(before.value))
    except ValueError:
        return False  # what came before is wrong, and is told


def _problem(entry: Entry) -> str | None:
    if entry.key not in HARMLESS:
        return unknown_key(entry, HARMLESS) if not exists(entry.path) else _forbidden(entry)
    section, name = entry.path
    try:
        Settings.model_validate_json(json.dumps({section: {name: entry.value}}, default=str), strict=True)
    except ValidationError as error:
        return f"{entry.where}: {entry.key} cannot be {_SHORT.repr(entry.value)}: {reason_of(error.errors()[0])}."
    return None


def _forbidden(entry: Entry) -> str:
    """What is told of a key that is the person's to set; never its value, which may be secret."""
    reason = _REASONS.get(entry.path[0], _WHICH_MODEL)
    return f"{entry.where}: {entry.key!r} cannot be set there, only in {OWN_HAND}: {reason}. There can be: {COUNTING}."
