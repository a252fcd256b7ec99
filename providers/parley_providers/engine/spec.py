"""What an engine runs and with which settings: the value that decides whether a running engine can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from parley_providers.messages import JsonObject
    from parley_providers.models.catalog import CatalogModel


# Prompts' beginnings that are kept in memory, so that going back to another task class is no full prefill.
PROMPT_CACHE_MIB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What the person may set. `context_tokens` is the window, `threads` None means one per physical core.

    After `idle_s` seconds without a request the engine ends and gives its memory back; None means never.
    """

    context_tokens: int = 8192
    threads: int | None = None
    idle_s: float | None = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """One model with its settings. Two requests with equal specs share an engine."""

    name: str
    path: Path
    size_bytes: int
    kv_bytes_per_token: int
    context_tokens: int
    batch_tokens: int
    threads: int

    @property
    def settings(self) -> JsonObject:
        """The runner options, as call records keep them."""
        return {"n_ctx": self.context_tokens, "n_batch": self.batch_tokens, "threads": self.threads}


def spec_of(model: CatalogModel, path: Path, settings: EngineSettings) -> EngineSpec:
    """How `model`, whose weights are at `path`, is run under `settings`."""
    return EngineSpec(
        name=model.name,
        path=path,
        size_bytes=model.size_bytes,
        kv_bytes_per_token=model.kv_bytes_per_token,
        context_tokens=min(settings.context_tokens, model.max_window_tokens),
        batch_tokens=model.batch_tokens,
        threads=settings.threads or physical_cores(),
    )


def physical_cores() -> int:
    """Cores without their hyper-threads: more threads than these slow a model down."""
    import psutil

    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
