"""Which task classes apply to a place, and why not; instant, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.decision_edits import (
    can_rename,
    definition_of,
    extractable_lines,
    has_docstring,
    poor_names,
    unhinted,
)
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.new_test_file import has_convention
from parley_agent.refactor.tasks import TaskClass

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic
    from parley_agent.refactor.instruction import Wish
    from parley_agent.refactor.target import Place

_NEEDS_FUNCTION = frozenset({TaskClass.RENAME, TaskClass.TYPE_HINTS, TaskClass.EXTRACT_FUNCTION})
_NEEDS_DEFINITION = _NEEDS_FUNCTION | {TaskClass.DOCSTRING, TaskClass.SIMPLIFY, TaskClass.GENERATE_TESTS}
# Languages in which a type may be missing; in the others it stands there, or there are none.
_TYPES_ARE_OPTIONAL = frozenset({"python", "typescript", "tsx", "typescriptreact", "php"})


def refuse_if_not_applicable(
    task: TaskClass, place: Place, diagnostics: tuple[Diagnostic, ...], wish: Wish | None = None
) -> None:
    """Refuse a task class that does not apply at `place`.

    Raises:
        RefactorRefusedError: it says why.
        EditRefusedError: the document's language has rules that say why.
    """
    if task is TaskClass.EXPLAIN:
        return
    if task is TaskClass.FIX_DIAGNOSTICS:
        if not diagnostics:
            raise RefactorRefusedError("nothing-to-do", f"No problem is reported for {place.target.name}.")
        return
    _refuse_broken_syntax(place)
    if task in _NEEDS_DEFINITION:
        definition = definition_of(place)
        if wish is not None and wish.of_definition:
            raise RefactorRefusedError(
                "rename",
                f"{place.target.name} is visible outside of its own lines; Parley changes only names that are local to "
                "a definition. The rename of your editor's language server follows the others.",
            )
        if task in _NEEDS_FUNCTION and definition.kind == "class":
            raise RefactorRefusedError(
                "no-definition", f"{definition.name} is a class. Put the cursor into one of its methods."
            )
    is_held = wish is not None and bool(wish.names or wish.new_name)
    if reason := "" if is_held else _nothing_to_do(task, place):
        raise RefactorRefusedError("nothing-to-do", reason)


def _nothing_to_do(task: TaskClass, place: Place) -> str:
    name, language = place.target.name, place.language.name
    reason = ""
    match task:
        case TaskClass.RENAME if not can_rename(place):
            reason = f"A rename cannot be proved to be safe in {language} yet."
        case TaskClass.RENAME if not poor_names(place):
            reason = f"{name} has no local name that is worth a better one."
        case TaskClass.DOCSTRING if has_docstring(place):
            reason = f"{name} has a docstring already. Delete it first if you want another one."
        case TaskClass.TYPE_HINTS if place.language.id not in _TYPES_ARE_OPTIONAL:
            reason = f"{language} has no type hints to add."
        case TaskClass.TYPE_HINTS if place.is_python and not unhinted(place):
            reason = f"{name} has all its type hints already."
        case TaskClass.EXTRACT_FUNCTION if (
            place.is_python and not place.selected_lines and not extractable_lines(place)
        ):
            reason = f"{name} has no block of lines that can become a function of its own."
        case TaskClass.GENERATE_TESTS if not has_convention(place):
            reason = f"Parley knows no convention for tests in {language} yet."
        case _:
            pass
    return reason


def _refuse_broken_syntax(place: Place) -> None:
    """A change can be checked only where the code could be read before; Python's tools read the whole file."""
    text = place.document.text
    for span in place.tree.errors():
        if place.is_python or place.target.span.contains(span) or place.target.span.overlaps(span):
            line = text.count("\n", 0, span.start) + 1
            raise RefactorRefusedError(
                "syntax", f"Line {line} has a syntax error, so a change could not be checked. Correct it first."
            )
