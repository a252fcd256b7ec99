"""What the server tells by itself: of a request while it runs, how it ended, and what is stored.

What it answers belongs to `answered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from parley_server.lsp.wire.names import EventSeq, Id, Method, Outcome, Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A request began; `version` is the document's at that moment."""

    id: Id
    seq: Seq
    command: Literal["parley.refactor", "parley.explain", "parley.apply"]
    title: str
    uri: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The model answers other requests first."""

    id: Id
    seq: Seq
    position: Annotated[int, "In line; 1 is the next."]


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
class Spent:
    """What the model calls of a request used, repairs and failures included; a field that is absent is unknown."""

    shown: Annotated[str, "In one line, for the person."]
    remote: Annotated[bool, "Whether any call left this machine; what stays on it costs nothing."]
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Annotated[float | None, "In US dollars."] = None
    session_usd: Annotated[float | None, "What every request of this server cost so far, in US dollars."] = None


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
    rebased: Annotated[
        bool, "The person changed the document elsewhere meanwhile; the edit was moved along and checked again."
    ] = False
    kept: Annotated[bool, "It was not applied; parley.apply with this id applies it."] = False
    created: Annotated[tuple[str, ...], "URIs of files that were created."] = ()
    text: Annotated[str | None, "An explanation, as Markdown."] = None
    edit_sha256: Annotated[str | None, "The hash of the document's new text."] = None
    wall_ms: Annotated[float | None, "From accepting the request to this outcome."] = None
    spent: Annotated[Spent | None, "Absent where no model was asked, or was cancelled before it told."] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was stored: a step of a refactoring in this editor, in another, or at a terminal of this machine.

    `position` counts over the whole store and grows: announced as `experimental.parley.events.after` at the next start,
    it brings everything since. Whole texts are not in `data` but named there by their hash.
    """

    seq: EventSeq
    topic: Annotated[str, "front-end.events, or front-end.approvals for what a person's yes is asked for."]
    type: str
    version: Annotated[int, "Of the type's data."]
    position: int
    event_id: str
    stream: str
    aggregate: Annotated[str, "What it belongs to, within the stream: of refactorings, the request's id."]
    sequence: Annotated[int, "Counts the events of one aggregate from 1."]
    time: Annotated[str | None, "When it was stored, in UTC, as ISO 8601 writes it."] = None
    correlation_id: Annotated[str | None, "The request that it belongs to."] = None
    causation_id: str | None = None
    data: Annotated[Any, "What the type says; absent where it is larger than 64 KiB."] = None
    data_bytes: Annotated[int | None, "How large the data is, where it is absent; `parley events show` shows it."] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How it stands with telling events: at the beginning, and when it changes."""

    seq: EventSeq
    following: Annotated[bool, "Whether what is stored after the position is told from now on."]
    position: Annotated[int | None, "Everything up to it was told, or was not asked for."] = None
    problem: Annotated[str | None, "Why events are not told, or what is missing, for the person."] = None


Notification: TypeAlias = (
    Started | Waiting | Asked | RouteChosen | Token | Restarted | Answered | Repairing | Testing | Finished
)

METHODS: dict[type, Method] = {
    Started: Method.STARTED,
    Waiting: Method.WAITING,
    Asked: Method.ASKED,
    RouteChosen: Method.ROUTE,
    Token: Method.TOKEN,
    Restarted: Method.RESTARTED,
    Answered: Method.ANSWERED,
    Repairing: Method.REPAIRING,
    Testing: Method.TESTING,
    Finished: Method.FINISHED,
    Event: Method.EVENT,
    Events: Method.EVENTS,
}
