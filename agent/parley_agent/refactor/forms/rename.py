"""Rename for clarity, as a decision: the model gives new names for the poor ones, a tool applies them by scope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.answers import read_choices
from parley_agent.refactor.decision_edits import poor_names, renamed, usable_names
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.forms.form import Candidate, Question
from parley_agent.refactor.forms.prompt import block, wish_line
from parley_providers.messages import assistant, system, user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer
    from parley_agent.refactor.target import Place

_MAX_NAMES = 8
_SNAKE = "^[a-z][a-z0-9_]{2,29}$"
_CAMEL = "^[a-z][A-Za-z0-9]{2,29}$"
_SNAKE_LANGUAGES = frozenset({"python", "rust", "ruby", "c", "cpp", "bash", "lua"})
_EXAMPLES = {
    True: (
        (
            "python",
            "def f(xs):\n    t = 0\n    for x in xs:\n        t += x.price\n    return t",
            {"t": "total_price", "x": "item"},
        ),
        (
            "python",
            "def load(path):\n    d = json.load(path)\n    tmp = d['users']\n    return [u.id for u in tmp]",
            {"d": "document", "tmp": "users", "u": "user"},
        ),
    ),
    False: (
        (
            "javascript",
            "function f(xs) {\n  let t = 0;\n  for (const x of xs) {\n    t += x.price;\n  }\n  return t;\n}",
            {"t": "totalPrice", "x": "item"},
        ),
        (
            "javascript",
            "function load(path) {\n  const d = read(path);\n  const tmp = d.users;\n  return tmp.map((u) => u.id);\n}",
            {"d": "document", "tmp": "users", "u": "user"},
        ),
    ),
}


class RenameForm:
    """See `Form`."""

    kind: Literal["decision"] = "decision"

    def held(self, context: Context) -> Candidate | None:
        """A rename that the instruction spells out needs no model."""
        if context.wish.names:
            return _candidate(context.place, context.wish.names, ())
        if not poor_names(context.place):
            raise RefactorRefusedError(
                "nothing-to-do", f"{context.place.target.name} has no local name that is worth a better one."
            )
        return None

    def question(self, context: Context, view: View) -> Question:
        """The code, the names to replace, and two examples before."""
        names = _asked_names(context.place)
        snake = context.place.language.id in _SNAKE_LANGUAGES
        shown = [
            message
            for tag, code, answer in _EXAMPLES[snake]
            for message in (user(_task(tag, code, answer)), assistant(json.dumps(answer)))
        ]
        return Question(
            messages=(
                system("You give local variables clear names that say what they hold. Answer with JSON only."),
                *shown,
                user(wish_line(view) + _task(context.place.language.fence_tags[0], view.code, names)),
            ),
            max_output_tokens=24 + 20 * len(names),
            json_schema={
                "type": "object",
                "properties": {name: {"type": "string", "pattern": _SNAKE if snake else _CAMEL} for name in names},
                "required": list(names),
                "additionalProperties": False,
            },
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """Take the names that pass, leave the others and say so."""
        del view
        asked = _asked_names(context.place)
        choices = read_choices(answer, asked)
        names = {old: new for old, new in choices.items() if isinstance(new, str)}
        names = {old: new for old, new in names.items() if new != old}
        good, problems = usable_names(context.place, names) if names else ({}, ())
        if not good:
            kept = "You kept the old names; give better ones." if not names else " ".join(problems)
            raise AnswerRejectedError("no-good-name", kept)
        return _candidate(context.place, good, problems)


def _asked_names(place: Place) -> tuple[str, ...]:
    return poor_names(place)[:_MAX_NAMES]


def _candidate(place: Place, names: Mapping[str, str], notes: tuple[str, ...]) -> Candidate:
    return Candidate(text=renamed(place, names), is_proved=True, notes=notes)


def _task(tag: str, code: str, names: Mapping[str, str] | tuple[str, ...]) -> str:
    return f"{block(code, tag)}\nGive a clear new name for each of: {', '.join(names)}"
