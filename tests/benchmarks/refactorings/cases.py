"""The refactorings of the evaluation: one text file each, and how such a file is read.

A file begins with a sentence of prose and `key: value` lines, then holds files under headers `-- name --`:

    The sliding sums of a moving average.

    task: rename
    names: d w s
    -- average.py --
    …«selected»…
    -- diagnostics --
    `text` error F821: what is wrong with the first place where the document has that text
    -- driver.py --
    …
    -- output --
    …

The first file is the document, with the selection between « and »; the driver uses it and prints what it does. Without
`output` the document must do after the refactoring what it did before it; `output` says what it must do instead.
`names` are the names local to the definition, all that a rename may change; `absent` and `present` are regular
expressions that the refactored document must not, or must, match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from parley_agent.document import Diagnostic, Document, Severity, Span
from parley_agent.refactor.tasks import TaskClass
from parley_agent.syntax import Definition, enclosing_definition, language_of, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_agent.syntax import Language

FOLDER = Path(__file__).parent / "cases"
_KEYS = frozenset({"task", "instruction", "names", "absent", "present"})
_HEADER = re.compile(r"^-- (\S+) --\n", re.MULTILINE)
_DIAGNOSTIC = re.compile(r"`(?P<text>[^`]+)` (?P<severity>\w+) (?P<code>[\w-]+): (?P<message>.+)")


class CaseError(ValueError):
    """A case file that does not say what a case must; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One small refactoring, with what shows whether it was done and whether it did harm.

    `name` is "<task>/<file>", `file_name` what the document is called, `drivers` the files beside it by name.
    """

    name: str
    task: TaskClass
    language: Language
    file_name: str
    text: str
    selection: Span
    diagnostics: tuple[Diagnostic, ...]
    drivers: Mapping[str, str]
    instruction: str | None
    output: str | None
    names: frozenset[str]
    absent: str | None
    present: str | None

    @property
    def definition(self) -> Definition:
        """The definition that the refactoring is about."""
        found = enclosing_definition(parse(self.text, self.language), self.selection)
        if found is None:
            raise CaseError(f"{self.name}: no definition is around the selection")
        return found

    def document(self, folder: Path) -> Document:
        """The document as an editor would have it open, at home in `folder`."""
        path = folder / self.file_name
        return Document(uri=path.as_uri(), language=self.language.id, text=self.text, path=str(path))


def load_cases(folder: Path = FOLDER) -> tuple[Case, ...]:
    """Every case, ordered by name.

    Raises:
        CaseError: a file does not hold a case.
    """
    paths = sorted(folder.rglob("*.txt"))
    return tuple(read_case(path.relative_to(folder).with_suffix("").as_posix(), path.read_text()) for path in paths)


def read_case(name: str, text: str) -> Case:
    """The case that `text` holds.

    Raises:
        CaseError: it holds none.
    """
    head, *parts = _HEADER.split(text)
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    facts = _facts(name, head)
    if "task" not in facts or not files:
        raise CaseError(f"{name}: a case needs a task and a document")
    file_name = next(iter(files))
    language = language_of("", file_name)
    if language is None:
        raise CaseError(f"{name}: {file_name} is in no known language")
    document, selection = _unmarked(name, files.pop(file_name))
    found = files.pop("diagnostics", "")
    output = files.pop("output", None)
    if not any(PurePath(each).stem == "driver" for each in files):
        raise CaseError(f"{name}: there is no driver")
    return Case(
        name=name,
        task=TaskClass(facts["task"]),
        language=language,
        file_name=file_name,
        text=document,
        selection=selection,
        diagnostics=tuple(_diagnostic(name, document, line) for line in found.splitlines() if line.strip()),
        drivers=files,
        instruction=facts.get("instruction"),
        output=output,
        names=frozenset(facts.get("names", "").split()),
        absent=facts.get("absent"),
        present=facts.get("present"),
    )


def _facts(name: str, head: str) -> dict[str, str]:
    _, _, lines = head.partition("\n\n")
    facts: dict[str, str] = {}
    for line in filter(None, lines.splitlines()):
        key, separator, value = line.partition(": ")
        if not separator or key not in _KEYS:
            raise CaseError(f"{name}: {line!r} is not one of {', '.join(sorted(_KEYS))}")
        facts[key] = value.strip()
    return facts


def _unmarked(name: str, marked: str) -> tuple[str, Span]:
    before, opening, rest = marked.partition("«")
    inside, closing, after = rest.partition("»")
    if not opening or not closing or "«" in inside + after or "»" in after:
        raise CaseError(f"{name}: the selection must be marked once, by « and »")
    return before + inside + after, Span(start=len(before), end=len(before) + len(inside))


def _diagnostic(name: str, document: str, line: str) -> Diagnostic:
    match = _DIAGNOSTIC.fullmatch(line)
    start = document.find(match["text"]) if match else -1
    if match is None or start < 0:
        raise CaseError(f"{name}: {line!r} is no diagnostic of a text in the document")
    return Diagnostic(
        span=Span(start=start, end=start + len(match["text"])),
        message=match["message"],
        severity=Severity(match["severity"]),
        code=match["code"],
        source="check",
    )
