"""What the server answers to commands and requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any


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
class Sent:
    """A notification that was sent before."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendResult:
    """What followed `since`, in order; empty when nothing did."""

    notifications: tuple[Sent, ...]
