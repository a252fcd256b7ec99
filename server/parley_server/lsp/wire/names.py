"""Names of commands and methods, and the closed sets of words that are sent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

PROTOCOL_VERSION = 1
CONTENT_SCHEME = "parley"
# The `failureReason` of an editor's own side whose person said yes to an edit while the text was another by then.
MOVED = "parley.moved"


class Command(StrEnum):
    """Commands for `workspace/executeCommand`. Each takes at most one argument, an object."""

    REFACTOR = "parley.refactor"
    EXPLAIN = "parley.explain"
    APPLY = "parley.apply"
    CANCEL = "parley.cancel"
    MODELS = "parley.models"
    PROFILE = "parley.profile"


class ClientCommand(StrEnum):
    """Commands that an editor's own side registers, where it said so in `experimental.parley`."""

    ASK = "parley.ask"


class Method(StrEnum):
    """Notifications to the editor, and the one request of our own from it."""

    STARTED = "parley/started"
    WAITING = "parley/waiting"
    ASKED = "parley/asked"
    ROUTE = "parley/route"
    TOKEN = "parley/token"  # noqa: S105 - a piece of a model's answer
    RESTARTED = "parley/restarted"
    ANSWERED = "parley/answered"
    REPAIRING = "parley/repairing"
    TESTING = "parley/testing"
    FINISHED = "parley/finished"
    EVENT = "parley/event"
    EVENTS = "parley/events"
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
Work: TypeAlias = Literal[Task, "explain"]
Form: TypeAlias = Literal["auto", "decision", "rewrite"]
Outcome: TypeAlias = Literal[
    "applied", "diff", "explained", "refused", "declined", "stale", "unconfirmed", "cancelled", "failed"
]
Id: TypeAlias = Annotated[str, "The request that this belongs to."]
Seq: TypeAlias = Annotated[int, "Counts the notifications of one request from 1, without gaps."]
EventSeq: TypeAlias = Annotated[int, "Counts `parley/event` and `parley/events` together from 1, without gaps."]
