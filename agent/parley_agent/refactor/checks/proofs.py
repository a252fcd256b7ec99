"""What is shown to behave as before, by comparing the syntax trees of both texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TaskClass
from parley_agent.syntax import comments, equal_without_comments, local_renaming

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context
    from parley_agent.refactor.forms.form import Candidate
    from parley_agent.syntax import Tree

_WHAT_DIFFERS = {
    TaskClass.RENAME: "more than the names of local variables changed",
    TaskClass.DOCSTRING: "more than the documentation changed",
    TaskClass.TYPE_HINTS: "more than type hints changed",
}
_EVIDENCE = {
    TaskClass.RENAME: "The syntax tree is the same but for local names, renamed consistently.",
    TaskClass.DOCSTRING: "The syntax tree is the same but for the documentation.",
    TaskClass.TYPE_HINTS: "The syntax tree is the same but for type hints and the imports that they need.",
    TaskClass.SIMPLIFY: "Both have one normal form: the same is evaluated, in the same order, with the same result.",
}


def proof_of(context: Context, candidate: Candidate, after: Tree) -> str | None:
    """The sentence that says what was proved; None where nothing can be.

    Raises:
        AnswerRejectedError: the task class must be proved, and the proof fails.
        EditRefusedError: a written hint would fail when the code runs.
    """
    if candidate.is_proved:
        return _EVIDENCE[context.task]
    holds = _python(context, candidate) if context.place.is_python else _by_grammar(context, after)
    if holds is None:
        return None
    if not holds:
        raise AnswerRejectedError(
            "changed-behaviour", f"The behaviour may have changed: {_WHAT_DIFFERS[context.task]}. Change nothing else."
        )
    return _EVIDENCE[context.task]


def _python(context: Context, candidate: Candidate) -> bool | None:
    from parley_agent.python import by_parts

    before, after = context.place.document.text, candidate.text
    match context.task:
        case TaskClass.RENAME:
            return by_parts.same_up_to_renaming(before, after) and by_parts.comments_kept(before, after)
        case TaskClass.DOCSTRING:
            return by_parts.same_without_docstrings(before, after) and by_parts.comments_kept(before, after)
        case TaskClass.TYPE_HINTS:
            if not (by_parts.same_without_annotations(before, after) and by_parts.comments_kept(before, after)):
                return False
            from parley_agent.python.written_hints import check_written_hints

            check_written_hints(before, after)
            return True
        case TaskClass.SIMPLIFY:
            from parley_agent.python.normal_form import same_normal_form

            return same_normal_form(before, after) or None
        case _:
            return None


def _by_grammar(context: Context, after: Tree) -> bool | None:
    match context.task:
        case TaskClass.DOCSTRING:
            return equal_without_comments(context.place.tree, after)
        case TaskClass.RENAME:
            names = local_renaming(context.place.tree, after)
            return names is not None and _comments(context.place.tree) == _comments(after)
        case _:
            return None


def _comments(tree: Tree) -> list[str]:
    return [tree.text[span.start : span.end] for span in comments(tree)]
