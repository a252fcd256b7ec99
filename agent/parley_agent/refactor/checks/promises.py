"""What single task classes promise beyond the common checks: that the change which was asked for is there."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TaskClass
from parley_agent.refactor.tokens import estimated_tokens
from parley_agent.syntax import definitions, equal_without_comments, identifiers

if TYPE_CHECKING:
    from parley_agent.document import Span
    from parley_agent.refactor.context import Context
    from parley_agent.syntax import Tree

_SIMPLER_SHARE = 1.05
_SMALL_FIX = 0.6
_REORDERING = frozenset({"set", "frozenset", "HashSet", "HashMap", "sorted", "sort", "reversed", "reverse", "Counter"})
_WORD = re.compile(r"\w+|[^\w\s]")
_DEFINED = re.compile(r"\b(?:def|class|func|function|fn|struct|interface|enum|trait|module)\s+(\w+)")


def check_promise(context: Context, after: Tree, target: Span) -> None:
    """Check that the change does what its task class says.

    Raises:
        AnswerRejectedError: it does not.
    """
    match context.task:
        case TaskClass.SIMPLIFY:
            _check_code_changed(context, after)
            old = estimated_tokens(context.place.code)
            _refuse_other_order(context, after, target)
            if estimated_tokens(after.text[target.start : target.end]) > old * _SIMPLER_SHARE:
                raise AnswerRejectedError("not-simpler", "It is longer than before. Make it shorter and simpler.")
        case TaskClass.FIX_DIAGNOSTICS:
            _check_code_changed(context, after)
            _check_fixed(context, after, target)
        case TaskClass.EXTRACT_FUNCTION:
            _check_extracted(context, after, target)
        case _:
            pass


def _check_code_changed(context: Context, after: Tree) -> None:
    if equal_without_comments(context.place.tree, after):
        raise AnswerRejectedError("no-change", "Only comments or blanks changed. Make the change that was asked for.")


def _refuse_other_order(context: Context, after: Tree, target: Span) -> None:
    """What models call simpler and is not the same: a set forgets the order and wants hashable items."""
    before = {each.name for each in identifiers(context.place.tree, context.place.target.span)}
    new = {each.name for each in identifiers(after, target)} - before
    if reordering := sorted(new & _REORDERING):
        raise AnswerRejectedError(
            "changed-behaviour", f"{reordering[0]} may change the order or the kind of the result. Do without it."
        )


def _check_fixed(context: Context, after: Tree, target: Span) -> None:
    """A fix is small, keeps what is defined, and leaves neither the syntax error nor the unknown name."""
    before, own = context.place.tree, context.place.target.span
    old, new = _WORD.findall(context.place.code), _WORD.findall(after.text[target.start : target.end])
    if SequenceMatcher(None, old, new, autojunk=False).ratio() < _SMALL_FIX:
        raise AnswerRejectedError("too-much", "That changes too much. Change only what the problem is about.")
    gone = set(_DEFINED.findall(context.place.code)) - set(_DEFINED.findall(after.text))
    names, known = (Counter(each.qualified_name for each in definitions(tree)) for tree in (after, before))
    doubled = {name for name, count in names.items() if count > max(1, known[name])}
    if gone or doubled:
        raise AnswerRejectedError("outside", f"{min(gone or doubled)} must be there, once. Change only the problem.")
    was_broken = any(own.contains(each) or own.overlaps(each) for each in before.errors())
    if was_broken and len(after.errors()) >= len(before.errors()):
        raise AnswerRejectedError(
            "syntax", "The syntax error is still there. Write the code again, complete and correct."
        )
    if context.place.is_python and not after.errors():
        _check_names_known(context, after, target, was_broken=was_broken)


def _check_names_known(context: Context, after: Tree, target: Span, *, was_broken: bool) -> None:
    from parley_agent.python import scopes

    told = set(_WORD.findall(" ".join(each.message for each in context.diagnostics)))
    used = {each.name for each in identifiers(after, target)}
    suspects = used if was_broken else told & used
    if unknown := sorted(scopes.undefined_names(after.text) & suspects):
        raise AnswerRejectedError(
            "unknown-name", f"Nothing here is called {', '.join(unknown)}. Use what the file has."
        )


def _check_extracted(context: Context, after: Tree, target: Span) -> None:
    known = {each.qualified_name for each in definitions(context.place.tree)}
    new = [each for each in definitions(after) if each.qualified_name not in known and not target.contains(each.span)]
    used = {each.name for each in identifiers(after, target)}
    called = [each for each in new if each.name in used]
    if len(called) != 1 or len(new) != 1:
        raise AnswerRejectedError(
            "not-extracted", "Answer with both: one new function, and the old one changed so that it calls the new one."
        )
    if _empty(after.text[called[0].body.start : called[0].body.end]):
        raise AnswerRejectedError("not-extracted", f"{called[0].name} is empty. Move the lines into it.")


def _empty(body: str) -> bool:
    return not re.sub(r"\b(?:pass|return|None)\b|[{}();.\s]", "", body)
