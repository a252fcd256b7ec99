"""What a request is about: the definition around the selection, or the selected lines where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from parley_agent.document import Span
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.syntax import enclosing_definition, language_of, parse

if TYPE_CHECKING:
    from parley_agent.document import Document
    from parley_agent.syntax import Definition, Language, Tree

MAX_DOCUMENT_CHARACTERS = 1_000_000
# The schemes under which VS Code and its kin show a notebook's cells, their output and its description.
_NOTEBOOK_SCHEMES = ("vscode-notebook", "vscode-interactive", "vscode-jupyter", "jupyter-notebook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What may be changed: whole lines of the document.

    `span` ends without the last line's end. `definition` is None for lines outside of every definition.
    """

    kind: Literal["function", "method", "class", "lines"]
    name: str
    span: Span
    indent: str
    definition: Definition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A document with what its grammar tells, and the target in it."""

    document: Document
    language: Language
    tree: Tree
    selection: Span
    target: Target

    @property
    def code(self) -> str:
        """The target's text, as it stands in the document."""
        return self.document.text[self.target.span.start : self.target.span.end]

    @property
    def selected_lines(self) -> tuple[int, int] | None:
        """The first and last selected line, from 1, if some but not all of the definition's body is selected."""
        text, definition = self.document.text, self.target.definition
        chosen = text[self.selection.start : self.selection.end]
        start = self.selection.end - len(chosen.lstrip())
        if not chosen.strip() or definition is None or start < definition.body.start:
            return None
        end = self.selection.start + len(chosen.rstrip())
        return text.count("\n", 0, start) + 1, text.count("\n", 0, end) + 1

    @property
    def is_python(self) -> bool:
        """Whether the edits and proofs for Python apply."""
        return self.language.id == "python"


def refuse_unreadable(document: Document) -> None:
    """Refuse a document that no model should be shown, or that is only a part of what runs: a notebook, binary or huge.

    Raises:
        RefactorRefusedError: it says why.
    """
    if _is_notebook(document):
        raise RefactorRefusedError(
            "notebook",
            "Parley does not change or explain notebooks: a cell uses names of other cells, which it cannot check. "
            "Move the code into a file of its own first.",
        )
    if len(document.text) > MAX_DOCUMENT_CHARACTERS:
        raise RefactorRefusedError(
            "too-large",
            f"The file has {len(document.text):,} characters; Parley refactors files of up to "
            f"{MAX_DOCUMENT_CHARACTERS:,}. Move the code into a smaller file first.",
        )
    if "\0" in document.text:
        raise RefactorRefusedError("binary", "The file is binary: it holds NUL characters. Open a text file.")


def _is_notebook(document: Document) -> bool:
    return document.uri.startswith(_NOTEBOOK_SCHEMES) or (document.path or document.uri).endswith(".ipynb")


def known_language(document: Document) -> Language:
    """The document's language.

    Raises:
        RefactorRefusedError: Parley has no grammar for it, so nothing could be checked.
    """
    language = language_of(document.language, document.path)
    if language is None:
        named = repr(document.language) if document.language else "this kind of file"
        raise RefactorRefusedError(
            "unknown-language",
            f"Parley has no grammar for {named}, so no change could be checked. It can explain the code.",
        )
    return language


@lru_cache(maxsize=4)
def tree_of(text: str, language: Language) -> Tree:
    """The tree of a document's text, kept: what is offered at a place is often carried out next."""
    return parse(text, language)


def place_of(document: Document, selection: Span) -> Place:
    """Where `selection` lies in `document`.

    Raises:
        RefactorRefusedError: the document is binary, huge or of an unknown language, or the selection is outside it.
    """
    refuse_unreadable(document)
    if selection.end > len(document.text):
        raise RefactorRefusedError(
            "bad-selection",
            f"The selection ends at offset {selection.end}, behind the document's end ({len(document.text)}).",
        )
    language = known_language(document)
    tree = tree_of(document.text, language)
    definition = enclosing_definition(tree, selection)
    target = _definition_target(definition) if definition is not None else lines_target(document.text, selection)
    return Place(document=document, language=language, tree=tree, selection=selection, target=target)


def lines_target(text: str, selection: Span) -> Target:
    """The whole lines that `selection` touches, without the last line's end."""
    start = text.rfind("\n", 0, selection.start) + 1
    last = selection.end - 1 if selection.end > selection.start and text[selection.end - 1] == "\n" else selection.end
    end = text.find("\n", last)
    end = len(text) if end < 0 else end
    if text[start:end].endswith("\r"):
        end -= 1
    lines = text[start:end]
    first, count = text.count("\n", 0, start) + 1, lines.count("\n") + 1
    indent = lines[: len(lines) - len(lines.lstrip())].rpartition("\n")[2]
    return Target(
        kind="lines",
        name=f"line {first}" if count == 1 else f"lines {first}-{first + count - 1}",
        span=Span(start=start, end=max(start, end)),
        indent=indent,
    )


def _definition_target(definition: Definition) -> Target:
    return Target(
        kind=definition.kind,
        name=definition.qualified_name,
        span=definition.span,
        indent=definition.indent,
        definition=definition,
    )
