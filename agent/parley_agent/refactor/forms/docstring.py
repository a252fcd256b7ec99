"""Add a docstring, as a decision: the model writes the sentences, a tool puts them where the language wants them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.answers import read_choices, refuse_elisions
from parley_agent.refactor.decision_edits import has_docstring, with_docstring
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.forms.form import Candidate, Question
from parley_agent.refactor.forms.prompt import block, wish_line
from parley_providers.messages import assistant, system, user

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer

_KEY = "docstring"
_MAX_CHARACTERS = 2000
_EXAMPLE_CODE = """def retry(call, times):
    for left in reversed(range(times)):
        try:
            return call()
        except OSError:
            if not left:
                raise"""
_EXAMPLE_ANSWER = "Call `call` up to `times` times and return its first result; the last OSError is raised again."


class DocstringForm:
    """See `Form`."""

    kind: Literal["decision"] = "decision"

    def held(self, context: Context) -> Candidate | None:
        """Nothing is held; a definition that is documented already is refused."""
        if has_docstring(context.place):
            raise RefactorRefusedError(
                "nothing-to-do",
                f"{context.place.target.name} has a docstring already. Delete it first if you want another one.",
            )
        return None

    def question(self, context: Context, view: View) -> Question:
        """The code, and an example before."""
        place = context.place
        return Question(
            messages=(
                system(
                    "You document code in one to three plain sentences: what it does, what it returns. Answer in JSON."
                ),
                user(_task("python", _EXAMPLE_CODE, "function", "retry")),
                assistant(json.dumps({_KEY: _EXAMPLE_ANSWER})),
                user(
                    wish_line(view)
                    + _task(place.language.fence_tags[0], view.code, place.target.kind, _short(place.target.name))
                ),
            ),
            max_output_tokens=220,
            json_schema={
                "type": "object",
                "properties": {_KEY: {"type": "string"}},
                "required": [_KEY],
                "additionalProperties": False,
            },
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """Set the text, once it is text."""
        text = read_choices(answer, [_KEY])[_KEY]
        if not isinstance(text, str) or len(text.split()) < 2:
            raise AnswerRejectedError("empty", "The docstring says nothing. Write a sentence on what the code does.")
        if len(text) > _MAX_CHARACTERS:
            raise AnswerRejectedError(
                "too-long", f"The docstring has {len(text)} characters. Write one to three sentences."
            )
        if "```" in text:
            raise AnswerRejectedError("code-in-prose", "Write plain sentences, without code blocks.")
        refuse_elisions(text, "")
        view.screen.check_placeholders(text, "")
        return Candidate(text=with_docstring(context.place, text), is_proved=True)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _task(tag: str, code: str, kind: str, name: str) -> str:
    return f"{block(code, tag)}\nWrite the docstring of the {kind} {name}."
