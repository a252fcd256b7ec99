"""Renaming local variables by the grammar: which may be, what a new name must be, and the edit itself.

The contract is that of `parley_agent.python.rename`, for the languages whose facts tell where names are declared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.document import TextEdit, apply_edits
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.naming import is_poor
from parley_agent.syntax.equality import equal_up_to_local_renaming
from parley_agent.syntax.locals import Kind, Local, locals_of
from parley_agent.syntax.names import identifiers
from parley_agent.syntax.reading import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_agent.syntax.definitions import Definition
    from parley_agent.syntax.language import Language
    from parley_agent.syntax.tree import Tree

# Counters keep their letters, declared in a loop or before it; the rest is what readers of some language expect.
_IDIOMS = frozenset(
    {"i", "j", "k", "ok", "err", "ex", "ctx", "fn", "cb", "it", "wg", "mu", "tx", "rx", "el", "os", "fs"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalName:
    """A name that may be changed without anything outside of its definition noticing.

    `worth` is True for poor names only: it is those that a model should be asked about.
    """

    name: str
    kind: Kind
    worth: bool


def can_rename(language: Language) -> bool:
    """Whether the facts of `language` are enough to rename by."""
    return bool(language.queries.locals)


def renameable_locals(tree: Tree, definition: Definition) -> tuple[LocalName, ...]:
    """The names local to `definition` that may be changed, in the order of their declarations."""
    return tuple(
        LocalName(name=each.name, kind=each.kind, worth=_is_worth(each))
        for each in locals_of(tree, definition)
        if each.problem is None and not each.is_documented
    )


def usable_renames(
    tree: Tree, definition: Definition, names: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of a model's answer that `rename_locals` will take, and a sentence for each name that it will not.

    Beyond what `rename_locals` asks, a new name must be longer than two letters: a model was asked for clarity. A name
    mapped to itself is left out without a word.
    """
    target = _Target.of(tree, definition)
    kept: dict[str, str] = {}
    problems: list[str] = []
    for old, new in names.items():
        if old == new:
            continue
        problem = target.problem(old, new, set(kept.values()))
        if problem is None and len(new.lstrip("$")) <= 2:
            problem = f"{old}: {new!r} is too short to be clearer."
        if problem:
            problems.append(problem)
        else:
            kept[old] = new
    return kept, tuple(problems)


def rename_locals(tree: Tree, definition: Definition, names: Mapping[str, str]) -> str:
    """The text with each local name of `names` replaced by its new one throughout `definition`.

    All or nothing: the first name that cannot be changed, or new name that cannot be used, refuses the edit.

    Raises:
        EditRefusedError: a name cannot be changed, or the result could not be proved to be a renaming.
    """
    target = _Target.of(tree, definition)
    taken: set[str] = set()
    for old, new in names.items():
        problem = target.problem(old, new, taken)
        if problem:
            raise EditRefusedError("rename", problem)
        taken.add(new)
    edits = tuple(TextEdit(span=span, new_text=new) for old, new in names.items() for span in target.locals[old].uses)
    result = apply_edits(tree.text, edits)
    if not equal_up_to_local_renaming(tree, parse(result, tree.language), dict(names)):
        raise EditRefusedError("unproved", "The rename could not be proved to keep the behaviour; nothing was changed.")
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The definition whose names are changed, with the names it declares and those that the text uses anywhere."""

    language: Language
    name: str
    locals: dict[str, Local]
    used: frozenset[str]

    @classmethod
    def of(cls, tree: Tree, definition: Definition) -> _Target:
        return cls(
            language=tree.language,
            name=definition.name,
            locals={each.name: each for each in locals_of(tree, definition)},
            used=frozenset(each.name for each in identifiers(tree) if each.role != "member")
            | frozenset(each.name for each in identifiers(tree, definition.span)),
        )

    def problem(self, old: str, new: str, taken: set[str]) -> str | None:
        """What speaks against changing `old` to `new`, as a sentence."""
        if (reason := self._fixed(old)) is not None:
            return reason
        if clause := self._problem_with(new):
            return f"{old}: {new!r} {clause}."
        if new in taken:
            return f"{old}: {new!r} was given to another variable already."
        if new in self.used:
            return f"{old}: {new!r} is in use already."
        return None

    def _fixed(self, old: str) -> str | None:
        if old not in self.locals and old == self.name:
            return f"{old} is visible outside of its own lines; only names that are surely local to it are changed."
        if old not in self.locals:
            return f"{old}: {self.name} declares no local name like that."
        if reason := self.locals[old].problem:
            return f"{old} {reason}; only names that are surely local to {self.name} are changed."
        if self.locals[old].is_documented:
            return f"{old} is documented by this name above {self.name}, so it stays."
        return None

    def _problem_with(self, new: str) -> str | None:
        if re.fullmatch(self.language.identifier, new) is None:
            return f"is not a valid name in {self.language.name}"
        if new in self.language.keywords:
            return f"is a keyword of {self.language.name}"
        if new.startswith("__") or not new.strip("_$"):
            return "begins with two underscores or says nothing"
        if new in self.language.builtins:
            return "would hide a builtin"
        return None


def _is_worth(local: Local) -> bool:
    name = local.name.lstrip("$")
    return name not in _IDIOMS and is_poor(name, "loop" if local.kind == "loop" else "local")
