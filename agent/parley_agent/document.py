"""Texts, spans and edits as the agent sees them: offsets count code points, and lines end as the file ends them.

Converting from and to an editor's positions belongs to the front end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A half-open range of code-point offsets into a text: `text[start:end]`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}-{self.end}")

    def contains(self, other: Span) -> bool:
        """Whether `other` lies within this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a code point, or one is an empty span inside the other."""
        return self.start < other.end and other.start < self.end


class Severity(StrEnum):
    """How bad a diagnostic is."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What another tool said about a span of the document."""

    span: Span
    message: str
    severity: Severity = Severity.ERROR
    source: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One version of one text, unsaved changes included.

    `language` is LSP's language id ("python", "typescriptreact"). `path` is None for a buffer without a file. `version`
    is the editor's, only ever echoed.
    """

    uri: str
    language: str
    text: str
    path: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """Replace the text of `span` by `new_text`."""

    span: Span
    new_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that a refactoring creates; it must not exist yet. `path` is absolute."""

    path: str
    text: str


def apply_edits(text: str, edits: tuple[TextEdit, ...]) -> str:
    """The text after `edits`, which must not overlap; their offsets refer to `text`."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda each: each.span):
        if edit.span.start < at:
            raise ValueError(f"overlapping edits at offset {edit.span.start}")
        pieces += [text[at : edit.span.start], edit.new_text]
        at = edit.span.end
    return "".join([*pieces, text[at:]])
