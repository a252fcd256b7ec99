"""Everything on the wire that is Parley's own: names of commands and methods, and the shapes of what they carry.

Nothing else in the code spells such a name; `editors/protocol.json` is generated from here by `python -m
parley_server.lsp.protocol_file`. How a shape becomes JSON belongs to `shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

PROTOCOL_VERSION = 1
CONTENT_SCHEME = "parley"


class Command(StrEnum):
    """Commands for `workspace/executeCommand`. Each takes at most one argument, an object."""

    REFACTOR = "parley.refactor"
    EXPLAIN = "parley.explain"
    CANCEL = "parley.cancel"
    MODELS = "parley.models"
    PROFILE = "parley.profile"


class ClientCommand(StrEnum):
    """Commands that an editor's own side registers, where it said so in `experimental.parley`."""

    ASK = "parley.ask"


class Method(StrEnum):
    """Notifications to the editor, and the one request of our own from it."""

    STARTED = "parley/started"
    ASKED = "parley/asked"
    ROUTE = "parley/route"
    TOKEN = "parley/token"  # noqa: S105 - a piece of a model's answer
    RESTARTED = "parley/restarted"
    ANSWERED = "parley/answered"
    REPAIRING = "parley/repairing"
    TESTING = "parley/testing"
    FINISHED = "parley/finished"
    RESEND = "parley/resend"


Task: TypeAlias = Literal[
    "custom",
    "rename",
    "extract-function",
    "simplify",
    "docstring",
    "type-hints",
    "generate-tests",
    "fix-diagnostics",
]
Form: TypeAlias = Literal["auto", "decision", "rewrite"]
Outcome: TypeAlias = Literal[
    "applied", "diff", "explained", "refused", "declined", "stale", "unconfirmed", "cancelled", "failed"
]
Id: TypeAlias = Annotated[str, "The request that this belongs to."]
Seq: TypeAlias = Annotated[int, "Counts the notifications of one request from 1, without gaps."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a document, in the position encoding that was negotiated."""

    line: int
    character: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A half-open range of a document; empty for a cursor."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocument:
    """A document by its URI; with a version, a request for another version is refused at once."""

    uri: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """What another tool said about a range."""

    range: Range
    message: str
    severity: Annotated[Literal["error", "warning", "information", "hint"], "Defaults to error."] = "error"
    source: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefactorArguments:
    """The argument of `parley.refactor`."""

    text_document: TextDocument
    range: Annotated[Range, "The selection, or a cursor."]
    task: Annotated[Task | None, "Without it, the task class is read from the instruction."] = None
    instruction: Annotated[str | None, "What the person wants, in their words."] = None
    diagnostics: Annotated[tuple[Diagnostic, ...], "What is to be fixed."] = ()
    model: Annotated[str | None, "Without it, the route decides."] = None
    form: Annotated[Form, "How the model is asked."] = "auto"
    test_command: Annotated[
        tuple[str, ...] | None, "A program and its arguments, run on the result in a scratch copy before it is offered."
    ] = None
    apply: Annotated[bool, "False: only show what would change; the outcome is diff."] = True
    confirm: Annotated[bool, "True: the editor asks before it applies, where it can."] = False
    wait: Annotated[bool, "True: answer with Finished at the end; else with Accepted at once."] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainArguments:
    """The argument of `parley.explain`."""

    text_document: TextDocument
    range: Annotated[Range, "The selection, or a cursor."]
    instruction: Annotated[str | None, "A question about the code."] = None
    model: Annotated[str | None, "Without it, the route decides."] = None
    show: Annotated[bool, "True: open the answer as a read-only document."] = True
    wait: Annotated[bool, "True: answer with Finished at the end; else with Accepted at once."] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelArguments:
    """The argument of `parley.cancel`."""

    id: Annotated[str | None, "Without it, every request is cancelled."] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsArguments:
    """The argument of `parley.models`, which may be left out."""

    use: Annotated[
        str | None,
        "provider/model: from now on it serves this session's requests that name none; empty: the route decides again.",
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileArguments:
    """The argument of `parley.profile`."""

    model: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendParams:
    """The parameters of `parley/resend`."""

    id: Id
    since: Annotated[int, "The last sequence number that arrived; 0 for none."] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request was accepted and runs; its notifications carry this id."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResult:
    """Which requests were cancelled; one whose edit is already with the editor no longer can be."""

    cancelled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that could be asked; a field that is absent is unknown."""

    provider: str
    name: str
    digest: str | None = None
    window_tokens: int | None = None
    loaded: bool | None = None
    size_bytes: int | None = None
    quantization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsResult:
    """Every model of every provider that is available, and what serves a request that names none."""

    models: tuple[Model, ...]
    default: Annotated[str | None, "provider/model"] = None
    why: Annotated[str | None, "Why that one, or why none can be asked and what to do."] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean of `count` measurements, its 95% interval, and where the next one falls with 95%."""

    count: int
    mean: float
    low: float | None = None
    high: float | None = None
    next_low: float | None = None
    next_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRow:
    """What was measured of one model at one task class; a field that is absent is unknown."""

    provider: str
    model: str
    task: str
    constrained: Annotated[bool, "Whether answers had to follow a schema."]
    calls: int
    answered: int
    prefill_tokens_per_s: Estimate | None = None
    decode_tokens_per_s: Estimate | None = None
    first_visible_warm_s: Annotated[Estimate | None, "To the first visible text, the model being loaded."] = None
    first_visible_cold_s: Annotated[Estimate | None, "To the first visible text, loading included."] = None
    whole_warm_s: Annotated[Estimate | None, "To the end of the answer, the model being loaded."] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileResult:
    """The profiles of every model that was called."""

    profiles: tuple[ProfileRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAbilities:
    """What an editor's own side may announce as `experimental.parley` among the client capabilities."""

    asks: Annotated[bool, "It registered the command parley.ask."] = False
    outcomes: Annotated[bool, "It shows how requests end; else the server sends window/showMessage."] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A request began; `version` is the document's at that moment."""

    id: Id
    seq: Seq
    command: Literal["parley.refactor", "parley.explain"]
    title: str
    uri: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model is being asked; attempts after the first are repairs."""

    id: Id
    seq: Seq
    attempt: int
    task: str
    form: Literal["decision", "rewrite"]
    target: Annotated[str, "What is being changed, by name."]
    prompt_tokens: Annotated[int, "An estimate."]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChosen:
    """Which model serves the request, and why."""

    id: Id
    seq: Seq
    provider: str
    model: str
    reason: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """More of the model's answer; pieces are joined when the editor reads slowly."""

    id: Id
    seq: Seq
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """What was streamed of this attempt is void."""

    id: Id
    seq: Seq
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An attempt is complete; a field that is absent is unknown. Durations are what the model's server said."""

    id: Id
    seq: Seq
    attempt: int
    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    output_tokens: int | None = None
    load_ms: float | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairing:
    """The answer failed a check; the model is told the problem and asked again."""

    id: Id
    seq: Seq
    attempt: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Testing:
    """The test command that was named runs on the result, in a scratch copy."""

    id: Id
    seq: Seq
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a request ended. In every outcome but `applied` and `unconfirmed` the document is as it was."""

    id: Id
    seq: Seq
    outcome: Outcome
    message: Annotated[str, "What happened, for the person."]
    code: Annotated[str | None, "Why it was refused or failed, for machines."] = None
    title: str | None = None
    proof: Annotated[
        Literal["proved", "tested", "unproved"] | None, "Whether unchanged behaviour was proved, tested, or neither."
    ] = None
    evidence: str | None = None
    notes: tuple[str, ...] = ()
    diff: Annotated[str | None, "What changed, or would have, as a unified diff."] = None
    created: Annotated[tuple[str, ...], "URIs of files that were created."] = ()
    text: Annotated[str | None, "An explanation, as Markdown."] = None
    edit_sha256: Annotated[str | None, "The hash of the document's new text."] = None
    wall_ms: Annotated[float | None, "From accepting the request to this outcome."] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A notification that was sent before."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendResult:
    """What followed `since`, in order; empty when nothing did."""

    notifications: tuple[Sent, ...]


Notification: TypeAlias = Started | Asked | RouteChosen | Token | Restarted | Answered | Repairing | Testing | Finished

METHODS: dict[type, Method] = {
    Started: Method.STARTED,
    Asked: Method.ASKED,
    RouteChosen: Method.ROUTE,
    Token: Method.TOKEN,
    Restarted: Method.RESTARTED,
    Answered: Method.ANSWERED,
    Repairing: Method.REPAIRING,
    Testing: Method.TESTING,
    Finished: Method.FINISHED,
}
