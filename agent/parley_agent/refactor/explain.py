"""Explain: what a piece of code does, as Markdown for the person; any language, and no edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_agent.refactor.context import View
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.forms.form import Question
from parley_agent.refactor.forms.prompt import block
from parley_agent.refactor.instruction import read_wish
from parley_agent.refactor.layout import dedented
from parley_agent.refactor.screen import Screen
from parley_agent.refactor.target import lines_target, place_of, refuse_unreadable
from parley_agent.refactor.tasks import TaskClass
from parley_agent.syntax import language_of
from parley_providers.messages import system, user

if TYPE_CHECKING:
    from parley_agent.refactor.context import Room
    from parley_agent.refactor.requests import RefactorRequest
    from parley_agent.refactor.target import Target

_MAX_OUTPUT_TOKENS = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What is to be explained: `code`, called `name`; `around` is the definition that it was taken from, or ""."""

    name: str
    code: str
    around: str
    tag: str
    wish: str


def excerpt_of(request: RefactorRequest) -> Excerpt:
    """What `request` wants explained: the selected lines, else the definition at the cursor, else the whole text.

    Raises:
        RefactorRefusedError: the document is binary, huge or empty.
    """
    document, selection = request.document, request.selection
    refuse_unreadable(document)
    language = language_of(document.language, document.path)
    definition = place_of(document, selection).target if language is not None else None
    chosen = document.text[selection.start : selection.end]
    around: Target | None = None
    if chosen.strip():
        target = lines_target(document.text, selection)
        if definition is not None and definition.definition is not None:
            target, around = (definition, None) if target.span.contains(definition.span) else (target, definition)
        name, code = target.name, dedented(document.text[target.span.start : target.span.end], target.indent)
    elif definition is not None and definition.definition is not None:
        name = definition.name
        code = dedented(document.text[definition.span.start : definition.span.end], definition.indent)
    else:
        name, code = "the file", document.text.replace("\r\n", "\n")
    if not code.strip():
        raise RefactorRefusedError("empty", "There is no code here to explain.")
    return Excerpt(
        name=name,
        code=code,
        around=dedented(document.text[around.span.start : around.span.end], around.indent) if around else "",
        tag=language.fence_tags[0] if language else "",
        wish=read_wish(request.instruction, TaskClass.EXPLAIN).text,
    )


def explained_view(excerpt: Excerpt, room: Room) -> tuple[View, Question]:
    """What to show and ask, sized to the room: what is around goes first.

    Raises:
        RefactorRefusedError: the code alone does not fit.
    """
    needed = 0
    for around in dict.fromkeys((excerpt.around, "")):
        view = _view(excerpt, around, room)
        question = _question(excerpt, view)
        if room.holds(question):
            return view, question
        needed = room.needed(question)
    raise RefactorRefusedError(
        "too-long",
        f"{excerpt.name} does not fit the model: {room.too_small(needed, select='fewer lines')}",
    )


def _view(excerpt: Excerpt, around: str, room: Room) -> View:
    screen = Screen(hides_secrets=room.hides_secrets, known_text=excerpt.code + excerpt.around + excerpt.wish)
    return View(
        code=screen.show(excerpt.code),
        imports="",
        neighbours=screen.show(around),
        diagnostics="",
        instruction=screen.show(excerpt.wish),
        screen=screen,
    )


def _question(excerpt: Excerpt, view: View) -> Question:
    around = f"These lines are part of:\n{block(view.neighbours, excerpt.tag)}\n\n" if view.neighbours else ""
    asked = view.instruction or "Explain what this code does, why, and what to watch out for."
    return Question(
        messages=(
            system(
                "You explain code to a colleague: first one sentence, then a short list of the steps. Use Markdown."
            ),
            user(f"{around}{block(view.code, excerpt.tag)}\n\n{asked} Be brief."),
        ),
        max_output_tokens=_MAX_OUTPUT_TOKENS,
    )
