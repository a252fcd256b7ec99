"""What a form is: a way to put one task class to a model, and to make a change of what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from parley_agent.document import NewFile
    from parley_agent.refactor.context import Context, View
    from parley_providers.messages import JsonObject, Message

FormKind = Literal["decision", "rewrite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked. With `json_schema` the answer is one JSON value of that schema."""

    messages: tuple[Message, ...]
    max_output_tokens: int
    json_schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model said; `cut` when it was stopped by the limit of tokens."""

    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change that was not checked yet: the whole document after it, and files to create.

    `is_proved`: the tool that made the edit compared the syntax trees itself, and refuses what it cannot prove. `notes`
    tell what was left out. `evidence` says what stands in for a proof where there can be none.
    """

    text: str
    new_files: tuple[NewFile, ...] = ()
    is_proved: bool = False
    notes: tuple[str, ...] = ()
    evidence: str = ""


class Form(Protocol):
    """One way to put a task class to a model."""

    @property
    def kind(self) -> FormKind:
        """Whether the model decides and a tool edits, or the model writes the code."""
        ...

    def held(self, context: Context) -> Candidate | None:
        """The change, where the instruction already holds the decision.

        Raises:
            RefactorRefusedError: it holds a decision that cannot be carried out, or there is nothing to decide.
        """
        ...

    def question(self, context: Context, view: View) -> Question:
        """What to ask."""
        ...

    def propose(self, context: Context, view: View, answer: Answer) -> Candidate:
        """What the answer makes of the document.

        Raises:
            AnswerRejectedError: it will not do; the problem is for the model.
        """
        ...
