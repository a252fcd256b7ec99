"""Reads a text before it is asked about, so that what is offered or asked for there next comes at once.

It goes in steps of a few milliseconds, between which whoever needs the thread has it, and after any of which it may be
left: a text that is overtaken by the next change is not worth its end. When to read belongs to the front end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.document import Span
from parley_agent.refactor.decision_edits import reading as reading_for_edits
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.offers import offers
from parley_agent.refactor.target import known_language, refuse_unreadable, tree_of
from parley_agent.syntax import Reading, definitions, imports, reading_queries

if TYPE_CHECKING:
    from collections.abc import Generator

    from parley_agent.document import Diagnostic, Document
    from parley_agent.refactor.requests import Offer
    from parley_agent.syntax import Language

_LONGEST_KNOWN_AHEAD = 100_000


class Ahead:
    """Reads texts ahead, one at a time; for the thread that also offers."""

    def __init__(self) -> None:
        self._text = ""
        self._reading: Reading | None = None

    def steps(self, document: Document) -> Generator[None, None, None]:
        """Read `document`, a step at each item. One that cannot be read is left.

        The definitions of a very long one are looked for when they are needed.
        """
        try:
            refuse_unreadable(document)
            language = known_language(document)
        except RefactorRefusedError:
            return
        yield from self._parsing(document.text, language)
        yield from reading_queries(language)
        # The trees that it takes the place of are freed, which takes a while.
        tree = tree_of(document.text, language)
        tree.errors()
        tree.outer_nodes(Span(start=0, end=0))
        yield
        if len(document.text) <= _LONGEST_KNOWN_AHEAD:
            yield from tree.searching(language.queries.structure)
            definitions(tree)
            imports(tree)
        yield from reading_for_edits(tree)

    def offers(
        self, document: Document, selection: Span, diagnostics: tuple[Diagnostic, ...] = ()
    ) -> tuple[Offer, ...]:
        """See `offers`. A text that is being read is read to the end, and not once more."""
        reading = self._reading
        if reading is not None and self._text == document.text:
            self._text, self._reading = "", None
            reading.finish()
        return offers(document, selection, diagnostics)

    def _parsing(self, text: str, language: Language) -> Generator[None, None, None]:
        reading = Reading(text, language)
        self._text, self._reading = text, reading
        try:
            while reading.tree is None and self._reading is reading:
                reading.step()
                yield
        finally:
            if self._reading is reading:
                self._text, self._reading = "", None
