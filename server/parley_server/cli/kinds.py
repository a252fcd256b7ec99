"""The kinds of work that a person names in an option: which there are, and what is told of one that is not."""

from __future__ import annotations

from difflib import get_close_matches

import typer

from parley_agent.refactor.tasks import TaskClass

ASK = "ask"
"""The kind of work of `parley ask`, which is no refactoring."""


def refactoring(given: str) -> TaskClass:
    """The task class of that name.

    Raises:
        BadParameter: there is none; the message names the nearest.
    """
    return TaskClass(_named(given, tuple(TaskClass)))


def kind_of_work(given: str) -> str:
    """A task class, or `ask`; see `refactoring`."""
    return _named(given, (*TaskClass, ASK))


def _named(given: str, names: tuple[str, ...]) -> str:
    if given in names:
        return given
    near = get_close_matches(given, names, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}?" if near else f"it can be {', '.join(names)}"
    raise typer.BadParameter(f"{given!r} is no kind of work; {meant}")
