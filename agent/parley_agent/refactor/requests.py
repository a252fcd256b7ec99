"""What a front end asks of refactoring, and what it is told while it happens.

A refactoring is a stream of events that ends with exactly one of `Proposed`, `Refused`, `Explained`; a model's failure
is raised as `ProviderError`. Nothing here changes a file: applying edits belongs to the front end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from parley_agent.document import Diagnostic, Document, NewFile, Span, TextEdit
    from parley_agent.refactor.tasks import TaskClass
    from parley_providers.route import Route
    from parley_providers.usage import Timings, Usage

Unproved: TypeAlias = Literal["ask", "apply"]  # what a front end does with a result that is neither proved nor tested


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactorRequest:
    """One wish.

    `selection` may be empty (a cursor). `task` None means: read it from `instruction`. `model` None means: the route
    decides. `form` chooses how the model is asked: "auto" takes the decision where the task class has one, else the
    rewrite. What cannot be proved is tested, where the person names a `test_command`: it runs on the result in a
    scratch copy of the workspace at `workspace_root` before the result is offered.
    """

    document: Document
    selection: Span
    task: TaskClass | None = None
    instruction: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    model: str | None = None
    form: Literal["auto", "decision", "rewrite"] = "auto"
    test_command: tuple[str, ...] | None = None
    workspace_root: str | None = None
    correlation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A task class that could be asked for here; with a `disabled_reason` it cannot, and the sentence says why.

    `target` names the definition that it is about; "" where it is about none.
    """

    task: TaskClass
    title: str
    target: str = ""
    disabled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The model is being asked, for the `attempt`th time (1 is the first; later ones are repairs).

    `target` names what is being changed, `prompt_tokens` is our estimate of the prompt.
    """

    attempt: int
    task: TaskClass
    form: Literal["decision", "rewrite"]
    target: str
    prompt_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The model answers others first; `position` in line, 1 is the next."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """The route of the attempt that was just asked."""

    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The model reads the prompt: `share`, from 0 to 1, of what it does not remember, as its server counts it."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """More text from the model, as it came."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """What was streamed of this attempt is void; another try begins."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The model finished an attempt, with what the server measured."""

    attempt: int
    usage: Usage
    timings: Timings


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairing:
    """The answer failed a check; the model is told `problem` and asked again."""

    attempt: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTests:
    """The test command that the person named now runs on the result, in a scratch copy of the workspace."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The refactoring succeeded: minimal edits to the document and files to create.

    `proof` says whether behaviour is shown to be unchanged: "proved" (by comparing syntax trees), "tested" (the named
    test command passed on the result) or "unproved". `evidence` is the sentence for the person. `notes` tell of what
    was left out, such as a name that was not renamed and why. `unproved` is what the person's own settings say of
    results that are neither proved nor tested; it does not count where `acts`, since a file that it changes acts by
    being there (a hook, a settings file of an editor or a shell).
    """

    task: TaskClass
    title: str
    edits: tuple[TextEdit, ...]
    new_files: tuple[NewFile, ...] = ()
    proof: Literal["proved", "tested", "unproved"]
    evidence: str
    notes: tuple[str, ...] = ()
    unproved: Unproved = "ask"
    acts: bool = False

    @property
    def needs_consent(self) -> bool:
        """Whether a front end may apply this only after the person has seen exactly this change and said yes."""
        return self.acts or (self.proof == "unproved" and self.unproved == "ask")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """A proposal for another text than it was made for: `request` is about the text that `proposed` is for now."""

    request: RefactorRequest
    proposed: Proposed


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was changed; `reason` is written for the person, `code` for machines."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The answer to an explain request, as Markdown."""

    text: str


RefactorEvent: TypeAlias = (
    Waiting | Asked | Routed | Reading | Streamed | Restarted | Answered | Repairing | RunningTests | Proposed | Refused
) | Explained
