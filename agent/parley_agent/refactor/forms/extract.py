"""Extract a function, as a decision: the model chooses among blocks that can be moved and names the new function.

A tool finds the blocks and moves one, following what it reads and writes. Python only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.answers import read_choices
from parley_agent.refactor.decision_edits import extractable_lines, extracted
from parley_agent.refactor.errors import AnswerRejectedError, RefactorRefusedError
from parley_agent.refactor.forms.form import Candidate, Question
from parley_agent.refactor.forms.prompt import block, wish_line
from parley_agent.refactor.layout import dedented
from parley_providers.messages import assistant, system, user

if TYPE_CHECKING:
    from parley_agent.python.extract import LineRange
    from parley_agent.refactor.context import Context, View
    from parley_agent.refactor.forms.form import Answer
    from parley_agent.refactor.target import Place
    from parley_providers.messages import JsonObject

_MAX_BLOCKS = 4
_NAME = "^[a-z][a-z0-9_]{3,29}$"
_EVIDENCE = (
    "Not proved by comparing trees: the lines were moved as they are, what they read and write was followed, and every "
    "name is known."
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_EXAMPLE_BLOCKS = (
    "lines = text.splitlines()\nlines = [line.strip() for line in lines]\nlines = [line for line in lines if line]",
    "for line in lines:\n    key, value = line.split('=')\n    settings[key] = value",
)
_EXAMPLE_NAMED = "for order in orders:\n    total += order.price * order.count\nif total > 100:\n    total *= 0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines of the document, from 1, both included, and their text without indentation."""

    first_line: int
    last_line: int
    code: str


class ExtractForm:
    """See `Form`."""

    kind: Literal["decision"] = "decision"

    def held(self, context: Context) -> Candidate | None:
        """Lines and a name that the instruction holds need no model."""
        if not context.wish.new_name:
            _refuse_immovable(context)
            return None
        blocks = _blocks(context)
        if len(blocks) != 1:
            raise RefactorRefusedError(
                "no-lines", "Which lines? Select them, or say: extract lines 4-9 into " + context.wish.new_name + "."
            )
        return _candidate(context.place, blocks[0], context.wish.new_name)

    def question(self, context: Context, view: View) -> Question:
        """The blocks to choose from, or the one to name, with an example before."""
        blocks = _blocks(context)
        shown = tuple(view.screen.show(each.code) for each in blocks)
        numbers = tuple(range(1, len(blocks) + 1)) if len(blocks) > 1 else ()
        choice: JsonObject = {"block": {"type": "integer", "enum": numbers}} if numbers else {}
        example = _EXAMPLE_BLOCKS if numbers else (_EXAMPLE_NAMED,)
        answer = {"block": 1, "name": "clean_lines"} if numbers else {"name": "discounted_total"}
        return Question(
            messages=(
                system("You move a block of code into a function of its own, clearly named. Answer with JSON only."),
                user(_task(example)),
                assistant(json.dumps(answer)),
                user(f"This is part of the function {context.place.target.name}.\n{wish_line(view)}{_task(shown)}"),
            ),
            max_output_tokens=48,
            json_schema={
                "type": "object",
                "properties": {**choice, "name": {"type": "string", "pattern": _NAME}},
                "required": [*choice, "name"],
                "additionalProperties": False,
            },
        )

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """Move the chosen block."""
        del view
        blocks = _blocks(context)
        choices = read_choices(answer, ["block", "name"])
        number, name = choices.get("block", 1), choices.get("name")
        if not isinstance(number, int) or not 1 <= number <= len(blocks):
            raise AnswerRejectedError("not-json", f"Choose a block from 1 to {len(blocks)}.")
        if not isinstance(name, str) or not name.isidentifier():
            raise AnswerRejectedError("no-good-name", f"{name!r} is no name for a function.")
        return _candidate(context.place, blocks[number - 1], name)


def _candidate(place: Place, chosen: Block, name: str) -> Candidate:
    text = extracted(place, chosen.first_line, chosen.last_line, name)
    return Candidate(text=text, evidence=_EVIDENCE)


def _refuse_immovable(context: Context) -> None:
    """Refuse lines that no name could move, before a model is asked for one.

    Raises:
        EditRefusedError: the chosen lines cannot become a function; the reason is for the person.
    """
    if lines := context.wish.lines or context.place.selected_lines:
        name = "moved"
        while name in context.place.document.text:
            name += "_"
        extracted(context.place, *lines, name)


def _blocks(context: Context) -> tuple[Block, ...]:
    """The lines that the instruction names, or that are selected; else the blocks most worth a function.

    Raises:
        RefactorRefusedError: no block can be moved.
    """
    place = context.place
    lines = context.wish.lines or place.selected_lines
    if lines is not None:
        return (_block(place, *lines),)
    ranked = sorted(extractable_lines(place), key=lambda each: _worth(place, each))
    chosen: list[Block] = []
    for each in reversed(ranked):
        apart = all(_shared(each.first_line, each.last_line, other) < 0.6 for other in chosen)
        if apart and len(chosen) < _MAX_BLOCKS:
            chosen.append(_block(place, each.first_line, each.last_line))
    if not chosen:
        raise RefactorRefusedError(
            "nothing-to-do", f"{place.target.name} has no block of lines that can become a function of its own."
        )
    return tuple(sorted(chosen, key=lambda each: each.first_line))


def _block(place: Place, first_line: int, last_line: int) -> Block:
    lines = _LINE_END.split(place.document.text)[first_line - 1 : last_line]  # a form feed ends no line of Python
    first = lines[0] if lines else ""
    indent = first[: len(first) - len(first.lstrip())]
    return Block(first_line=first_line, last_line=last_line, code=dedented("\n".join(lines), indent))


def _worth(place: Place, lines: LineRange) -> tuple[float, int]:
    """How much a function of these lines would help.

    Much: many lines, few names in and out, and one loop or branch, with what prepares it, that ends the block. Little:
    most of the body, or several things one after the other.
    """
    body = place.code.count("\n") + 1
    count = lines.last_line - lines.first_line + 1
    too_much = max(0, count - body * 0.6) * 2
    code = _block(place, lines.first_line, lines.last_line).code.split("\n")
    heads = sum(1 for line in code if line[:1].strip() and line.rstrip().endswith(":") and not line.startswith("el"))
    shape = (3.0 if code[-1][:1].isspace() else 0.0) - 2.0 * max(0, heads - 1)
    return count - too_much + shape - len(lines.reads) - 1.5 * len(lines.writes), -lines.first_line


def _shared(first_line: int, last_line: int, other: Block) -> float:
    """The share of the shorter one's lines that the two have in common."""
    common = min(last_line, other.last_line) - max(first_line, other.first_line) + 1
    return max(0, common) / min(last_line - first_line + 1, other.last_line - other.first_line + 1)


def _task(blocks: tuple[str, ...]) -> str:
    if len(blocks) == 1:
        return f"{block(blocks[0], 'python')}\nGive the name of a function that has these lines as its body."
    listed = "\n".join(f"Block {number}:\n{block(code, 'python')}" for number, code in enumerate(blocks, start=1))
    return f"{listed}\nChoose the block that makes the best function of its own, and name the function by what it does."
