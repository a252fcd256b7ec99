"""The edits that tools make from a decision, by language: Python's own room where it is Python, the grammar elsewhere.

Every function that edits raises `EditRefusedError`, whose reason is for the person and for the model alike. The rooms
are imported at first use: offering nothing must cost nothing.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from parley_agent.document import Span
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.syntax import top_level_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from parley_agent.python.extract import LineRange
    from parley_agent.refactor.target import Place
    from parley_agent.syntax import Definition, Tree

_T = TypeVar("_T")
_SHORT_CHARACTERS = 60_000
# What is read at each pause in typing takes less than a fifth of a core from a quick hand.
_AHEAD_CHARACTERS = 20_000
_ASKED_FIRST = tuple(f"parley_agent.python.{name}" for name in ("rename", "docstring", "type_hints", "extract"))


def reading(tree: Tree) -> Iterator[None]:
    """Read what is asked of any definition of a text, a step at each item, so that who asks first need not wait."""
    if tree.language.id != "python":
        return
    for module in _ASKED_FIRST:
        if module not in sys.modules:
            import_module(module)
            yield
    if len(tree.text) <= _AHEAD_CHARACTERS and not tree.errors():
        yield from _reading_whole(tree.text)


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

        found = _kept(rename.renameable)(*_alone(place))
        return tuple(each.name for each in found if each.worth)
    from parley_agent.syntax import rename as by_grammar

    return tuple(each.name for each in by_grammar.renameable_locals(place.tree, definition) if each.worth)


def usable_names(place: Place, names: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of `names` (old to new) that can be applied, and a sentence for each one that cannot."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import rename

        return rename.usable(place.document.text, definition.span, names)
    from parley_agent.syntax import rename as by_grammar

    return by_grammar.usable_renames(place.tree, definition, names)


def renamed(place: Place, names: Mapping[str, str]) -> str:
    """The document with local names of the definition changed by scope."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import rename

        return rename.rename(place.document.text, definition.span, names)
    from parley_agent.syntax import rename as by_grammar

    return by_grammar.rename_locals(place.tree, definition, names)


def has_docstring(place: Place) -> bool:
    """Whether the definition is documented already."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import docstring

        return docstring.has_docstring(*_alone(place))
    from parley_agent.syntax import doc_comment

    return doc_comment.has_doc_comment(place.tree, definition)


def with_docstring(place: Place, text: str) -> str:
    """The document with `text` as the definition's documentation."""
    definition = definition_of(place)
    if place.is_python:
        from parley_agent.python import docstring

        return docstring.set_docstring(place.document.text, definition.span, text)
    from parley_agent.syntax import doc_comment

    return doc_comment.set_doc_comment(place.tree, definition, text)


def span_of(place: Place) -> Span:
    """Where the definition is."""
    return definition_of(place).span


def unhinted(place: Place) -> tuple[str, ...]:
    """The parameters of a Python function that have no type, and "return" where that has none."""
    from parley_agent.python import type_hints

    found: tuple[str, ...] = _kept(type_hints.unannotated)(*_alone(place))
    return found


def usable_hints(place: Place, hints: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of `hints` (name to type) that can be applied, and a sentence for each one that cannot."""
    from parley_agent.python import type_hints

    return type_hints.usable_hints(place.document.text, definition_of(place).span, hints)


def hinted(place: Place, hints: Mapping[str, str]) -> str:
    """The document with the types written, and the imports that they need."""
    from parley_agent.python import type_hints

    return type_hints.add_hints(place.document.text, definition_of(place).span, hints)


def can_rename(place: Place) -> bool:
    """Whether names of the document's language can be changed by scope."""
    from parley_agent.syntax import rename as by_grammar

    return place.is_python or by_grammar.can_rename(place.language)


def can_document(place: Place) -> bool:
    """Whether definitions of the document's language are documented in a known way."""
    from parley_agent.syntax import doc_comment

    return place.is_python or doc_comment.can_document(place.tree)


def extractable_lines(place: Place) -> tuple[LineRange, ...]:
    """The lines of a Python function that could become a function of their own, and the names in and out."""
    from parley_agent.python import extract

    source, own = _alone(place)
    found: tuple[LineRange, ...] = _kept(extract.extractable)(source, own)
    before = place.document.text[: definition_of(place).span.start - own.start]
    above = before.count("\n") + before.count("\r") - before.count("\r\n")
    return tuple(replace(each, first_line=each.first_line + above, last_line=each.last_line + above) for each in found)


def extracted(place: Place, first_line: int, last_line: int, name: str) -> str:
    """The document with lines (from 1, both included) of a Python function moved into a new one."""
    from parley_agent.python import extract

    return extract.extract(place.document.text, definition_of(place).span, first_line, last_line, name)


def _reading_whole(text: str) -> Iterator[None]:
    from parley_agent.python import bindings, module
    from parley_agent.python.errors import EditRefusedError

    try:
        read = module.read(text)
        yield
        bindings.analyse(read)
    except EditRefusedError:
        # Why, is told to whoever asks.
        return
    module.definitions(read.tree)


def _alone(place: Place) -> tuple[str, Span]:
    """The definition with the statement of the top level that holds it, as a text of its own, and its span in there.

    What is asked of a definition alone needs no more, and the rest of a long file costs nothing. A short file is read
    whole: what was read for an offer is there when the offer is taken.
    """
    own = definition_of(place).span
    if len(place.document.text) <= _SHORT_CHARACTERS:
        return place.document.text, own
    part = top_level_part(place.tree, own)
    text = place.document.text[part.start : part.end]
    return text, Span(start=own.start - part.start, end=own.end - part.start)


@cache
def _kept(question: Callable[[str, Span], _T]) -> Callable[[str, Span], _T]:
    """`question`, with its last answers kept: what is offered at a place is asked again when it is carried out."""
    return lru_cache(maxsize=8)(question)
