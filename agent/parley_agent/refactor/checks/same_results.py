"""Whether code that must do what it did gives the same on inputs of our own; nothing of it is run, only interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.tasks import TaskClass
from parley_agent.secrets import find_secrets

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context

_KEEP_BEHAVIOUR = frozenset({TaskClass.SIMPLIFY, TaskClass.EXTRACT_FUNCTION})


def check_same_results(context: Context, after: str) -> str:
    """The sentence that says on how many inputs both gave the same; "" where the code cannot be interpreted.

    Raises:
        AnswerRejectedError: there is an input for which they differ; the problem shows it.
    """
    definition = context.place.target.definition
    is_function = definition is not None and definition.qualified_name == definition.name
    if definition is None or not is_function or not context.place.is_python or context.task not in _KEEP_BEHAVIOUR:
        return ""
    from parley_agent.python.interpreted import counterexample

    found, agreed = counterexample(context.place.document.text, after, definition.name)
    if found is not None:
        # The inputs are made from the words of the code; where one is a secret, none is shown to a model.
        has_secrets = bool(find_secrets(context.place.document.text) or find_secrets(after))
        shown = f"`{found.call}` {found.before} in the old code, but {found.after} in the new."
        problem = "For some input it no longer gives the same." if has_secrets else shown
        raise AnswerRejectedError("changed-behaviour", f"{problem} Do the same for all input.")
    return f" Worked out for {agreed} inputs, old and new gave the same." if agreed else ""
