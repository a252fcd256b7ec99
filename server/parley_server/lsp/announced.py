"""Reads an `initialize` of which some is unknown: of a later LSP than ours, or of a client's own making.

A value that cannot be read counts as one that was not announced, for the smallest part that can be left out. What the
rest means belongs to `from_lsp`.
"""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from typing import TYPE_CHECKING, TypeVar

from cattrs import BaseValidationError, ClassValidationError, IterableValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from parley_server.lsp.shapes import Json

T = TypeVar("T")
logger = logging.getLogger(__name__)
_MOST_ROUNDS = 32
_NEEDED = ((), ("params",), ("params", "capabilities"))

Path = tuple[str | int, ...]


def readable(message: dict[str, Json], structured: Callable[[Json], T]) -> T:
    """What `structured` makes of `message`, less what it cannot read.

    Raises:
        BaseValidationError: of `message` as it came, where even the smallest that is needed cannot be read.
    """
    try:
        return structured(message)
    except BaseValidationError as error:
        rest, problem = deepcopy(message), error
        for _ in range(_MOST_ROUNDS):
            unread = {_existing(rest, path) for path in _paths(problem)}
            if not unread.isdisjoint(_NEEDED):
                raise
            for path in sorted(unread, key=_by_place, reverse=True):
                _leave_out(rest, path)
            try:
                return structured(rest)
            except BaseValidationError as left:
                problem = left
        raise


def _paths(error: BaseException, path: Path = ()) -> Iterator[Path]:
    """Where in the message each problem is."""
    match error:
        case ClassValidationError():
            for each, attribute in error.group_exceptions()[0]:
                yield from _paths(each, (*path, _on_the_wire(attribute.name)))
        case IterableValidationError():
            for each, item in error.group_exceptions()[0]:
                yield from _paths(each, (*path, item.index))
        case _:
            yield path


def _existing(message: Json, path: Path) -> Path:
    """As much of `path` as there is: what misses something cannot be read itself."""
    holder = message
    for depth, name in enumerate(path):
        is_there = (
            name in holder if isinstance(holder, dict) else isinstance(holder, list) and name in range(len(holder))
        )
        if not is_there:
            return path[:depth]
        holder = holder[name]
    return path


def _by_place(path: Path) -> tuple[tuple[int, str], ...]:
    """The order of a message; from its end on, leaving one out moves none of the others."""
    return tuple((each, "") if isinstance(each, int) else (0, each) for each in path)


def _leave_out(message: Json, path: Path) -> None:
    logger.info("initialize has an unknown %s, which counts as not announced", ".".join(map(str, path)))
    holder = message
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]


def _on_the_wire(name: str) -> str:
    return re.sub(r"_+(\w)", lambda found: found[1].upper(), name.rstrip("_"))
