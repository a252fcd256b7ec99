"""The edits that tools make from a decision, by language: Python's own room where it is Python, the grammar elsewhere.

Every function raises `EditRefusedError`, whose reason is for the person and for the model alike. The rooms are imported
at first use: offering nothing must cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.python.errors import EditRefusedError
from parley_agent.refactor.errors import RefactorRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_agent.document import Span
    from parley_agent.refactor.target import Place
    from parley_agent.syntax import Definition


def definition_of(place: Place) -> Definition:
    """The definition that the request is about.

    Raises:
        RefactorRefusedError: the selection is in no definition.
    """
    if place.target.definition is None:
        raise RefactorRefusedError(
            "no-definition", "There is no function, method or class at the selection. Put the cursor into one."
        )
    return place.target.definition


def poor_names(place: Place) -> tuple[str, ...]:
    """The local names that are worth a better one, in order of appearance."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import rename

        return tuple(each.name for each in rename.renameable(place.document.text, definition.span) if each.worth)
    raise EditRefusedError("language", f"Parley does not do this in {place.language.name} yet.")


def usable_names(place: Place, names: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of `names` (old to new) that can be applied, and a sentence for each one that cannot."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import rename

        return rename.usable(place.document.text, definition.span, names)
    raise EditRefusedError("language", f"Parley does not do this in {place.language.name} yet.")


def renamed(place: Place, names: Mapping[str, str]) -> str:
    """The document with local names of the definition changed by scope."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import rename

        return rename.rename(place.document.text, definition.span, names)
    raise EditRefusedError("language", f"Parley does not do this in {place.language.name} yet.")


def has_docstring(place: Place) -> bool:
    """Whether the definition is documented already."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import docstring

        return docstring.has_docstring(place.document.text, definition.span)
    raise EditRefusedError("language", f"Parley does not do this in {place.language.name} yet.")


def with_docstring(place: Place, text: str) -> str:
    """The document with `text` as the definition's documentation."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import docstring

        return docstring.set_docstring(place.document.text, definition.span, text)
    raise EditRefusedError("language", f"Parley does not do this in {place.language.name} yet.")


def span_of(place: Place) -> Span:
    """Where the definition is."""
    return definition_of(place).span
