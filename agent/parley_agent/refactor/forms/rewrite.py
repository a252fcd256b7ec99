"""The rewrite: the model gives the whole new code.

For what no decision can say, and as the measured alternative to decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from parley_agent.hidden_unicode import hidden_characters
from parley_agent.refactor.answers import read_code
from parley_agent.refactor.assembly import assembled
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.forms.form import Candidate, Question
from parley_agent.refactor.forms.prompt import block, surroundings
from parley_agent.refactor.tasks import TaskClass
from parley_agent.refactor.tokens import estimated_tokens
from parley_providers.messages import system, user

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer

_SPARE_TOKENS = 160
_KEEP = "Keep its name, its parameters and its comments."
_WISHES = {
    TaskClass.SIMPLIFY: f"Make {{name}} simpler: clearer and fewer lines that do the same for all input. {_KEEP}",
    TaskClass.RENAME: f"Give the poorly named local variables of {{name}} clear names; change nothing else. {_KEEP}",
    TaskClass.DOCSTRING: "Add documentation to {name} in the usual place; change nothing else.",
    TaskClass.TYPE_HINTS: "Add type annotations to the parameters and the result of {name}; change nothing else.",
    TaskClass.EXTRACT_FUNCTION: (
        f"Move one self-contained part of {{name}} into a new function beside it, and call it there. {_KEEP}"
    ),
    TaskClass.FIX_DIAGNOSTICS: "Fix in {name}, with the smallest change:\n{diagnostics}",
}


class RewriteForm:
    """See `Form`."""

    kind: Literal["rewrite"] = "rewrite"

    def held(self, context: Context) -> Candidate | None:
        """Nothing is held; a custom wish needs words."""
        if context.task is TaskClass.CUSTOM and not context.wish.text:
            raise RefactorRefusedError("no-instruction", "Say what to change, such as: use a set instead of a list.")
        if hidden_characters(context.place.code):
            raise RefactorRefusedError(
                "hidden-characters",
                f"{context.place.target.name} holds hidden characters, which a rewrite would lose. Remove them first.",
            )
        return None

    def question(self, context: Context, view: View) -> Question:
        """The code, what it may use, and the wish in the last lines."""
        place = context.place
        tag = place.language.fence_tags[0]
        what = "lines" if place.target.kind == "lines" else place.target.kind
        shown = block(view.code, tag)
        return Question(
            messages=(
                system(
                    f"You are a careful {place.language.name} programmer. You change code exactly as asked and answer "
                    "with one code block that holds the complete new code, without explanations."
                ),
                user(
                    f"{surroundings(view, tag)}The {what} to change:\n{shown}\n\n{_wish(context, view)}\n"
                    f"Answer with the complete new {what} in one code block."
                ),
            ),
            max_output_tokens=int(estimated_tokens(view.code) * 1.4) + _SPARE_TOKENS,
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """Put the code where the target was, its imports and new functions where they belong."""
        return assembled(context, view, read_code(answer, context.place.language, view.code))


def _wish(context: Context, view: View) -> str:
    if context.task is TaskClass.CUSTOM:
        return f"{view.instruction}\nChange nothing else."
    wish = _WISHES[context.task].format(name=f"`{context.place.target.name}`", diagnostics=view.diagnostics)
    return f"{wish}\nThe person adds: {view.instruction}" if view.instruction else wish
