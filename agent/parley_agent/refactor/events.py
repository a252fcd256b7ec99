"""What happened in a refactoring, as events that are kept: asked, routed, answered, consented to, applied, undone.

One aggregate of the stream `refactorings` is one refactoring, named by its correlation id. Texts are kept as blobs
and named by their hash. Storing belongs to `parley_events`, writing them down as they happen to `recording`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, get_args

from parley_events.types import EventTypes

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM = "refactorings"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringAsked:
    """A person wished for a change. `text` names the document's text, the selection is in code points of it."""

    event_type: ClassVar[str] = "RefactoringAsked"
    event_version: ClassVar[int] = 1

    uri: str
    language: str
    text: str
    selection_start: int
    selection_end: int
    task: str | None = None
    instruction: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked:
    """A question was put together, for the `attempt`th time."""

    event_type: ClassVar[str] = "ModelAsked"
    event_version: ClassVar[int] = 1

    attempt: int
    task: str
    form: str
    target: str
    prompt_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChosen:
    """It was decided which model serves the question, and why."""

    event_type: ClassVar[str] = "RouteChosen"
    event_version: ClassVar[int] = 1

    provider: str
    model: str
    reason: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack:
    """What had been streamed became void, and another way was tried; the route that follows says which."""

    event_type: ClassVar[str] = "FellBack"
    event_version: ClassVar[int] = 1

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswered:
    """The model finished an attempt. `text` names its words; counts and times are the server's, None is unknown."""

    event_type: ClassVar[str] = "ModelAnswered"
    event_version: ClassVar[int] = 1

    attempt: int
    text: str
    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    output_tokens: int | None = None
    prefill_ns: int | None = None
    decode_ns: int | None = None
    total_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRejected:
    """An answer failed a check, and the model was told why."""

    event_type: ClassVar[str] = "AnswerRejected"
    event_version: ClassVar[int] = 1

    attempt: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """The test command that the person named was run on the result."""

    event_type: ClassVar[str] = "TrialStarted"
    event_version: ClassVar[int] = 1

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEdit:
    """One edit: the span in code points of the text before, and the new text."""

    start: int
    end: int
    new_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """One file that is to be created; `text` names its content."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringProposed:
    """Edits passed every check. `result` is the hash of the whole text after them, as it would be in the editor."""

    event_type: ClassVar[str] = "RefactoringProposed"
    event_version: ClassVar[int] = 1

    task: str
    title: str
    edits: tuple[KeptEdit, ...]
    new_files: tuple[KeptFile, ...]
    result: str
    proof: str
    evidence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringRebased:
    """The person had changed the document elsewhere meanwhile; the edits were moved, and passed every check again.

    `text` names the text that they are for now, `result` is the hash of the whole text after them.
    """

    event_type: ClassVar[str] = "RefactoringRebased"
    event_version: ClassVar[int] = 1

    text: str
    edits: tuple[KeptEdit, ...]
    result: str
    proof: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeExplained:
    """The answer to a request to explain; `text` names it."""

    event_type: ClassVar[str] = "CodeExplained"
    event_version: ClassVar[int] = 1

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringRefused:
    """Nothing was proposed, for a reason that the person was told."""

    event_type: ClassVar[str] = "RefactoringRefused"
    event_version: ClassVar[int] = 1

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringFailed:
    """The model failed, or the request was cancelled."""

    event_type: ClassVar[str] = "RefactoringFailed"
    event_version: ClassVar[int] = 1

    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAsked:
    """A yes is waited for: the person was asked whether exactly this may be applied.

    `result` is the hash of the whole text after the edits, `shown` that of the unified diff that the person can look
    at, with the new files in it.
    """

    event_type: ClassVar[str] = "ConsentAsked"
    event_version: ClassVar[int] = 1

    result: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNotGiven:
    """What was asked about is not applied: the person said no, nobody answered, or the question was taken back.

    `result` is that of the question.
    """

    event_type: ClassVar[str] = "ConsentNotGiven"
    event_version: ClassVar[int] = 1

    result: str
    because: Literal["declined", "unanswered", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """The person accepted an unproved result: by answering yes to it, or beforehand by their settings.

    `result` is the hash of the text that they accepted, as proposed.
    """

    event_type: ClassVar[str] = "ConsentGiven"
    event_version: ClassVar[int] = 1

    result: str
    by: Literal["answer", "settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringApplied:
    """The edits are in the document."""

    event_type: ClassVar[str] = "RefactoringApplied"
    event_version: ClassVar[int] = 1

    by: Literal["editor", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringNotApplied:
    """The edits did not get into the document, or nobody can say: stale, declined, unconfirmed, only shown."""

    event_type: ClassVar[str] = "RefactoringNotApplied"
    event_version: ClassVar[int] = 1

    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactoringUndone:
    """The document's text is what it was before the edits."""

    event_type: ClassVar[str] = "RefactoringUndone"
    event_version: ClassVar[int] = 1


RefactoringEvent: TypeAlias = (
    RefactoringAsked
    | ModelAsked
    | RouteChosen
    | FellBack
    | ModelAnswered
    | AnswerRejected
    | TrialStarted
    | RefactoringProposed
    | RefactoringRebased
    | CodeExplained
    | RefactoringRefused
    | RefactoringFailed
    | ConsentAsked
    | ConsentNotGiven
    | ConsentGiven
    | RefactoringApplied
    | RefactoringNotApplied
    | RefactoringUndone
)

# Members that hold the hash of a text that is not kept, because it can be made again from what is.
TEXTS_NOT_KEPT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        RefactoringProposed.event_type: frozenset(("result",)),
        RefactoringRebased.event_type: frozenset(("result",)),
        ConsentAsked.event_type: frozenset(("result", "shown")),
        ConsentNotGiven.event_type: frozenset(("result",)),
        ConsentGiven.event_type: frozenset(("result",)),
    }
)

REFACTORING_EVENTS: EventTypes[RefactoringEvent] = EventTypes(get_args(RefactoringEvent))

CONSENT_EVENTS: tuple[type[RefactoringEvent], ...] = (ConsentAsked, ConsentNotGiven, ConsentGiven)
