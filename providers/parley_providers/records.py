"""One measured call: the `CallRecord` value and the `CallObserver` port that takes it.

Measuring is done by `parley_providers.measure`; keeping records belongs to whoever implements the port.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from datetime import datetime

    from parley_providers.errors import ErrorKind
    from parley_providers.messages import JsonObject

Outcome: TypeAlias = "Literal['ok', 'length', 'cancelled'] | ErrorKind"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call to a model, with a value or unknown (`None`) for every phase.

    `usage` and `timings` are the server's word. `first_event_ns` (to the first piece of any kind), `first_visible_ns`
    (to the first visible text) and `wall_ns` (to the end) are measured here, in nanoseconds since the request was sent.
    `cold` says whether the model had to be loaded; `window_tokens`, `vram_bytes` and `size_bytes` describe the loaded
    model. `hardware` names the machine the model ran on, where that is known. `cost_usd` is what the call cost; a local
    one costs nothing, an unknown price is unknown. `session_id` is of the process that made the call.
    """

    record_id: str
    correlation_id: str
    started_at: datetime
    task_class: str
    provider: str
    origin: str
    model: str
    route_reason: str
    outcome: Outcome
    error: str | None = None
    model_digest: str | None = None
    server_version: str | None = None
    hardware: str | None = None
    window_tokens: int | None = None
    size_bytes: int | None = None
    vram_bytes: int | None = None
    cold: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    constrained: bool = False
    settings: JsonObject = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    first_event_ns: int | None = None
    first_visible_ns: int | None = None
    wall_ns: int | None = None
    cost_usd: float | None = None
    session_id: str = ""


class CallObserver(Protocol):
    """Takes each finished call. Must return at once and never raise: a lost record may not lose an answer."""

    def observe(self, record: CallRecord) -> None:
        """Take one record."""
        ...
