"""What a form works with: where the change goes, what was wished, and what the model is shown of both.

Sizing: the whole prompt and the answer must fit the model's window; the signatures of neighbours are left out first,
then the imports; a definition that does not fit is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.layout import dedented
from parley_agent.refactor.screen import Screen
from parley_agent.refactor.tokens import estimated_prompt_tokens
from parley_agent.syntax import definitions, imports

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic
    from parley_agent.refactor.forms.form import Form, Question
    from parley_agent.refactor.instruction import Wish
    from parley_agent.refactor.target import Place
    from parley_agent.refactor.tasks import TaskClass
    from parley_providers.provider import ModelFacts

# What a local server is started with when nobody says otherwise.
ASSUMED_WINDOW_TOKENS = 4096
SPARE_TOKENS = 32
_MAX_NEIGHBOURS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request, understood: pure facts, the same for every model.

    `diagnostics` are those on the target.
    """

    place: Place
    task: TaskClass
    wish: Wish
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one model is shown: texts that passed the `screen`, dedented, with lines that end in a newline only."""

    code: str
    imports: str
    neighbours: str
    diagnostics: str
    instruction: str
    screen: Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a model leaves us: its window in tokens, and whether it may see secrets.

    `larger` says how it can have a larger window, where it can.
    """

    window_tokens: int
    hides_secrets: bool
    larger: str | None = None

    @staticmethod
    def of(facts: ModelFacts, *, hides_secrets: bool) -> Room:
        """The room of a model of which this is known."""
        now, most, setting = facts.window_tokens or ASSUMED_WINDOW_TOKENS, facts.max_window_tokens, facts.window_setting
        larger = None
        if setting is not None and (most is None or most > now):
            larger = f"set {setting} higher" + ("" if most is None else f" (this model takes up to {most:,})")
        return Room(window_tokens=now, hides_secrets=hides_secrets, larger=larger)

    def holds(self, question: Question) -> bool:
        """Whether the question and its answer fit the window."""
        return self.needed(question) <= self.window_tokens

    def needed(self, question: Question) -> int:
        """About how many tokens the question and its longest answer take."""
        return estimated_prompt_tokens(question.messages) + question.max_output_tokens + SPARE_TOKENS

    def too_small(self, needed: int, *, select: str) -> str:
        """That it does not hold `needed` tokens, and the ways out; `select` is what to select less of."""
        ways = filter(None, (f"Select {select}", self.larger, "or use a model with a larger window."))
        window = f"{self.window_tokens:,}"
        return f"question and answer need about {needed:,} tokens, and its window has {window}. {', '.join(ways)}"


Scope = Literal["all", "imports", "definition"]


def fitted(context: Context, form: Form, room: Room) -> tuple[View, Question]:
    """The largest view whose question fits the room, and that question.

    Raises:
        RefactorRefusedError: not even the definition alone fits.
    """
    needed = 0
    for scope in ("all", "imports", "definition"):
        view = _view(context, scope, hides_secrets=room.hides_secrets)
        question = form.question(context, view)
        if room.holds(question):
            return view, question
        needed = room.needed(question)
    raise RefactorRefusedError(
        "too-long",
        f"{context.place.target.name} does not fit the model: {room.too_small(needed, select='a smaller definition')}",
    )


def _view(context: Context, scope: Scope, *, hides_secrets: bool) -> View:
    place = context.place
    screen = Screen(hides_secrets=hides_secrets, known_text=place.document.text + context.wish.text)
    return View(
        code=screen.show(dedented(place.code, place.target.indent)),
        imports=screen.show(_imports(place)) if scope != "definition" else "",
        neighbours=screen.show(_neighbours(place)) if scope == "all" else "",
        diagnostics=screen.show(_diagnostics(context)),
        instruction=screen.show(context.wish.text),
        screen=screen,
    )


def _imports(place: Place) -> str:
    text = place.document.text
    return "\n".join(
        text[span.start : span.end].replace("\r\n", "\n")
        for span in imports(place.tree)
        if not place.target.span.contains(span)
    )


def _neighbours(place: Place) -> str:
    """The signatures of the definitions that the target may call, without their bodies."""
    text = place.document.text
    around = [each for each in definitions(place.tree) if not place.target.span.overlaps(each.span)]
    return "\n".join(
        each.indent + " ".join(text[each.signature.start : each.signature.end].split())
        for each in around[:_MAX_NEIGHBOURS]
    )


def _diagnostics(context: Context) -> str:
    place = context.place
    text = place.document.text
    first = text.count("\n", 0, place.target.span.start)
    told: list[str] = []
    for diagnostic in context.diagnostics:
        line = text.count("\n", 0, min(diagnostic.span.start, len(text))) - first + 1
        marked = text[diagnostic.span.start : diagnostic.span.end]
        at = f" at `{marked}`" if marked and "\n" not in marked and len(marked) <= 60 else ""
        told.append(f"line {line}{at}: {' '.join(diagnostic.message.split())}")
    return "\n".join(told)
