"""What single task classes promise beyond the common checks: that the change which was asked for is there."""

from __future__ import annotations

import re
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


def check_promise(context: Context, after: Tree, target: Span) -> None:
    """Check that the change does what its task class says.

    Raises:
        AnswerRejectedError: it does not.
    """
    match context.task:
        case TaskClass.SIMPLIFY:
            _check_code_changed(context, after)
            old = estimated_tokens(context.place.code)
            if estimated_tokens(after.text[target.start : target.end]) > old * _SIMPLER_SHARE:
                raise AnswerRejectedError("not-simpler", "It is longer than before. Make it shorter and simpler.")
        case TaskClass.FIX_DIAGNOSTICS:
            _check_code_changed(context, after)
        case TaskClass.EXTRACT_FUNCTION:
            _check_extracted(context, after, target)
        case _:
            pass


def _check_code_changed(context: Context, after: Tree) -> None:
    if equal_without_comments(context.place.tree, after):
        raise AnswerRejectedError("no-change", "Only comments or blanks changed. Make the change that was asked for.")


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
