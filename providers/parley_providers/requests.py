"""What goes to a provider and what comes back: requests, responses and the stream's events.

Errors are raised, not streamed: see `parley_providers.errors`, whose fields say what the caller can do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from parley_providers.messages import TextPart
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.messages import JsonObject, Message, Part
    from parley_providers.rate_limits import RateLimit
    from parley_providers.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that a model may call: its name, what it is for, and the JSON schema of its arguments."""

    name: str
    description: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long to wait, in seconds. A cold local model gets `cold_first_token_s` instead of `first_token_s`."""

    connect_s: float = 5.0
    first_token_s: float = 60.0
    cold_first_token_s: float = 300.0
    idle_s: float = 30.0
    total_s: float = 600.0


ReasoningEffort: TypeAlias = Literal["off", "low", "medium", "high"]
# What an effort is for a vendor that wants a number, and the most that one may think beyond the answer's own limit.
THINKING_TOKENS: Mapping[ReasoningEffort, int] = {"off": 0, "low": 1024, "medium": 4096, "high": 16_384}


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMRequest:
    """One question to a model.

    `model` is a provider's name for it (None: the route decides). `task_class` is what kind of work this is, under
    which the call is recorded. With `json_schema` the answer is one JSON value of that schema. `correlation_id` is
    shared by everything that one user request caused. `reasoning` is how much a model that can think may do so (None:
    as the model does by itself). `loopback_only` forbids sending it off this machine: it holds secrets in the clear.
    """

    messages: tuple[Message, ...]
    task_class: str
    model: str | None = None
    max_output_tokens: int = 1024
    temperature: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: JsonObject | None = None
    tools: tuple[ToolSpec, ...] = ()
    deadlines: Deadlines = field(default_factory=Deadlines)
    reasoning: ReasoningEffort | None = None
    correlation_id: str = ""
    loopback_only: bool = False


class FinishReason(StrEnum):
    """Why a model stopped; `StreamFinish.raw` keeps the vendor's own word."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    UNKNOWN = "unknown"


PartKind: TypeAlias = Literal["text", "reasoning", "tool_call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStart:
    """The provider accepted the request; the route says who serves it and why."""

    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRestarted:
    """What was streamed so far is void: another attempt, by `route`, begins at once, for `reason`."""

    route: Route
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What the server told of its rate limits when it accepted the request; servers that tell nothing have none."""

    limits: tuple[RateLimit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """The server has read so many tokens of those that it has to read: the prompt, less what it remembers of it."""

    read_tokens: int
    unread_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStart:
    """A part begins; `index` counts the parts of this answer from 0."""

    index: int
    kind: PartKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDelta:
    """More text of part `index`. A tool call's delta is raw JSON text: to be shown, never to be run."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEnd:
    """Part `index` is whole; `part` is its final value."""

    index: int
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUsage:
    """What the server reported so far; a later report replaces an earlier one."""

    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFinish:
    """The answer is complete. A stream that ends without this was truncated."""

    reason: FinishReason
    raw: str


StreamEvent: TypeAlias = (
    StreamStart
    | StreamRestarted
    | StreamLimits
    | StreamReading
    | PartStart
    | PartDelta
    | PartEnd
    | StreamUsage
    | StreamFinish
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMResponse:
    """A whole answer: what `complete` returns, and what the events of `stream` add up to.

    `limits` are the rate limits that its server told of, after it.
    """

    parts: tuple[Part, ...]
    finish: FinishReason
    raw_finish: str
    usage: Usage
    timings: Timings
    route: Route
    limits: tuple[RateLimit, ...] = ()

    @property
    def text(self) -> str:
        """The visible text of all text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))
