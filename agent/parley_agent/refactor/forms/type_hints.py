"""Add type hints, as a decision: the model names the types, a tool resolves and writes them. Python only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.answers import read_choices
from parley_agent.refactor.decision_edits import hinted, unhinted, usable_hints
from parley_agent.refactor.errors import AnswerRejectedError
from parley_agent.refactor.forms.form import Candidate, Question
from parley_agent.refactor.forms.prompt import block, surroundings, wish_line
from parley_providers.messages import assistant, system, user

if TYPE_CHECKING:
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer

_PATTERN = r"^[A-Za-z][A-Za-z0-9_.\[\], |]{1,60}$"
_EXAMPLES = (
    (
        "def find(rows, key, limit=10):\n    found = [row for row in rows if key in row]\n    return found[:limit]",
        {"rows": "list[str]", "key": "str", "limit": "int", "return": "list[str]"},
    ),
    (
        "def save(path, scores):\n    for name, score in scores.items():\n        path.write_text(f'{name} {score}')",
        {"path": "Path", "scores": "dict[str, float]", "return": "None"},
    ),
)


class TypeHintsForm:
    """See `Form`."""

    kind: Literal["decision"] = "decision"

    def held(self, context: Context) -> Candidate | None:
        """Nothing is held."""
        del context
        return None

    def question(self, context: Context, view: View) -> Question:
        """The code, what lacks a type, and two examples before."""
        names = unhinted(context.place)
        tag = context.place.language.fence_tags[0]
        shown = [
            message
            for code, answer in _EXAMPLES
            for message in (user(_task(code, tuple(answer))), assistant(json.dumps(answer)))
        ]
        return Question(
            messages=(
                system(
                    "You give Python functions type hints. Answer with JSON only: a type for each name, never a value."
                ),
                *shown,
                user(wish_line(view) + surroundings(view, tag) + _task(view.code, names)),
            ),
            max_output_tokens=24 + 28 * len(names),
            json_schema={
                "type": "object",
                "properties": {name: {"type": "string", "pattern": _PATTERN} for name in names},
                "required": list(names),
                "additionalProperties": False,
            },
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """Take the types that resolve, leave the others and say so."""
        del view
        choices = read_choices(answer, unhinted(context.place))
        hints = {name: hint for name, hint in choices.items() if isinstance(hint, str)}
        good, problems = usable_hints(context.place, hints) if hints else ({}, ())
        if not good:
            raise AnswerRejectedError("no-good-type", " ".join(problems) or "Each value must be a type, as a string.")
        return Candidate(text=hinted(context.place, good), is_proved=True, notes=problems)


def _task(code: str, names: tuple[str, ...]) -> str:
    return f"{block(code, 'python')}\nGive the type of each of: {', '.join(names)}"
