"""Names that a person gives in an option (kinds of work, strategies, log levels): which there are, and the nearest."""

from __future__ import annotations

from difflib import get_close_matches

import typer

from parley_agent.refactor.tasks import TaskClass
from parley_providers.strategies import StrategyName
from parley_server.cli.entry import LEVELS, LogLevel

ASK = "ask"
"""The kind of work of `parley ask`, which is no refactoring."""
_KIND = "kind of work"


def refactoring(given: str) -> TaskClass:
    """The task class of that name.

    Raises:
        BadParameter: there is none; the message names the nearest.
    """
    return TaskClass(_named(given, tuple(TaskClass), _KIND))


def kind_of_work(given: str) -> str:
    """A task class, or `ask`; see `refactoring`."""
    return _named(given, (*TaskClass, ASK), _KIND)


def strategy_named(given: str) -> StrategyName:
    """The strategy of that name; see `refactoring`."""
    return StrategyName(_named(given, tuple(StrategyName), "strategy"))


def log_level(given: str) -> LogLevel:
    """The level of that name; see `refactoring`."""
    _named(given, LEVELS, "log level")
    return next(each for each in LEVELS if each == given)


def _named(given: str, names: tuple[str, ...], what: str) -> str:
    if given in names:
        return given
    near = get_close_matches(given, names, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}?" if near else f"it can be {', '.join(names)}"
    raise typer.BadParameter(f"{given!r} is no {what}; {meant}")
