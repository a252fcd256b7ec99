"""The proofs of `proof`, held on what differs: where the rest is the same to the letter, it need not be looked at.

Each is True only if the whole proof would be; where the parts alone do not show it, the whole texts are compared.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from parley_agent.python import proof, scopes
from parley_agent.python.bindings import BUILTINS, Bindings, analyse
from parley_agent.python.errors import EditRefusedError
from parley_agent.python.module import read
from parley_agent.python.parts import changed_parts
from parley_agent.python.visibility import TAKE_FUNCTIONS

if TYPE_CHECKING:
    from parley_agent.python.parts import Parts


@lru_cache(maxsize=2)
def same_up_to_renaming(before: str, after: str) -> bool:
    """See `proof`. A local variable is local to its part; any other name means in the whole what its name says."""
    parts = changed_parts(before, after)
    if parts is not None and not _hides_builtins(before) and proof.same_up_to_renaming(parts.before, parts.after):
        return True
    return proof.same_up_to_renaming(before, after)


@lru_cache(maxsize=2)
def same_without_docstrings(before: str, after: str) -> bool:
    """See `proof`. Text that opens a part is the docstring of no module but that of the whole."""
    parts = changed_parts(before, after)
    if parts is not None and not _opens_with_text(parts) and proof.same_without_docstrings(parts.before, parts.after):
        return True
    return proof.same_without_docstrings(before, after)


@lru_cache(maxsize=2)
def same_without_annotations(before: str, after: str) -> bool:
    """See `proof`. Whether an import is used by annotations alone, only the whole can tell."""
    parts = changed_parts(before, after)
    if parts is not None and not _imports(parts) and proof.same_without_annotations(parts.before, parts.after):
        return True
    return proof.same_without_annotations(before, after)


def comments_kept(before: str, after: str) -> bool:
    """See `proof`."""
    parts = changed_parts(before, after)
    return proof.comments_kept(before, after) if parts is None else proof.comments_kept(parts.before, parts.after)


def newly_undefined_names(before: str, after: str) -> frozenset[str]:
    """The names that nothing defines in `after`, and that were not so in `before`.

    Raises:
        EditRefusedError: one of them cannot be parsed.
    """
    parts = changed_parts(before, after)
    known = analyse(read(before))
    if parts is not None:
        old, new = (analyse(read(each)) for each in (parts.before, parts.after))
        if not (old.stars or new.stars) and _bound(old) <= _bound(new):
            found = frozenset(new.unbound) - _bound(known) - BUILTINS - frozenset(known.unbound)
            return frozenset() if known.stars else found
    return scopes.undefined_names(after) - scopes.undefined_names(before)


def _bound(bindings: Bindings) -> frozenset[str]:
    return frozenset(bindings.module.variables)


def _hides_builtins(text: str) -> bool:
    """Whether the module binds a name of those that take a function: in a part, it would be taken for Python's own."""
    try:
        return not TAKE_FUNCTIONS.isdisjoint(analyse(read(text)).module.variables)
    except EditRefusedError:
        return True


def _opens_with_text(parts: Parts) -> bool:
    firsts = [each for part in (parts.before, parts.after) for each in read(part).tree.body[:1]]
    return any(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in firsts)


def _imports(parts: Parts) -> bool:
    bodies = [*read(parts.before).tree.body, *read(parts.after).tree.body]
    return any(isinstance(each, ast.Import | ast.ImportFrom) for each in bodies)
