"""What happens while a model is fetched, as events that a front end shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Another Parley is fetching the same model: this one waits for it and shares the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChosen:
    """A source is asked; `resumed_bytes` are here already."""

    source: str
    resumed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How much is here. `bytes_per_s` is the mean since the source was chosen, None before anything came."""

    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed:
    """A source failed, with the reason; the next, if there is one, follows."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """All bytes are here; their sha256 is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The model can be used; `was_there` says that nothing had to be fetched."""

    path: Path
    was_there: bool


PullEvent: TypeAlias = Waiting | SourceChosen | Progress | SourceFailed | Verifying | Installed
