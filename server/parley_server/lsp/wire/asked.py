"""What the editor sends: arguments of commands, and what its own side announces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from parley_server.lsp.wire.names import Form, Id, Task, Work  # noqa: TC001 - `shapes` resolves them at run time


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
class ActionData:
    """The `data` of a code action, which the editor sends back to have it resolved."""

    text_document: TextDocument
    range: Range
    task: Work


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
class ApplyArguments:
    """The argument of `parley.apply`, which says yes to a change that was kept."""

    id: Annotated[str | None, "The request that it ended; without it, the latest that is kept."] = None
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
    task: Annotated[Work | None, "Only the requests of this task class; without it, of all others."] = None


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
class EventsWanted:
    """Which events the editor's own side wants to be told of by `parley/event`."""

    after: Annotated[
        int | None,
        "The position of the last event that it knows of, 0 for all; without it, only what is stored from now on.",
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAbilities:
    """What an editor's own side may announce as `experimental.parley` among the client capabilities."""

    asks: Annotated[bool, "It registered the command parley.ask."] = False
    outcomes: Annotated[bool, "It shows how requests end; else the server sends window/showMessage."] = False
    events: Annotated[
        EventsWanted | None, "It shows what Parley does on this machine; without it, no events are told."
    ] = None
