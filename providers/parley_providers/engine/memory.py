"""Whether a model fits into the memory that is free, asked before an engine is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from parley_providers.engine.spec import PROMPT_CACHE_MIB
from parley_providers.errors import NotEnoughMemoryError

if TYPE_CHECKING:
    from parley_providers.engine.spec import EngineSpec

# What the engine takes beside weights and context. Measured with the pinned engine: 0.13 to 0.16 GB for 0.5B and 1.5B
# models at 256 tokens a batch; it shrinks with the batch.
OVERHEAD_BYTES = 256 * 1024 * 1024
_CGROUP = Path("/sys/fs/cgroup")


def needed_bytes(spec: EngineSpec) -> int:
    """An upper estimate: the weights, keys and values of a full window, kept prompts, and the engine itself."""
    return spec.size_bytes + spec.context_tokens * spec.kv_bytes_per_token + PROMPT_CACHE_MIB * 2**20 + OVERHEAD_BYTES


def available_bytes(cgroup: Path = _CGROUP) -> int:
    """Bytes that a new process can use without swapping, within the limit of the container we may be in."""
    import psutil

    machine: int = psutil.virtual_memory().available
    limit = _cgroup_bytes(cgroup)
    return machine if limit is None else min(machine, limit)


def check_memory(spec: EngineSpec, available: int) -> None:
    """Refuse to start what does not fit.

    Raises:
        NotEnoughMemoryError: with both figures and the ways out.
    """
    needed = needed_bytes(spec)
    if needed <= available:
        return
    raise NotEnoughMemoryError(
        f"{spec.name} needs about {needed / 1e9:.1f} GB of memory with a window of {spec.context_tokens:,} tokens, and "
        f"{available / 1e9:.1f} GB are free. Close something, set a smaller embedded.context, or use a smaller model "
        f"(`parley models list`).",
        provider="embedded",
        model=spec.name,
    )


def _cgroup_bytes(cgroup: Path) -> int | None:
    """What is left of this container's memory; file pages are given back when needed, so they count as free."""
    try:
        limit = int((cgroup / "memory.max").read_text(encoding="ascii"))
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        statistics = (cgroup / "memory.stat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    counts = dict(zip(statistics[::2], statistics[1::2], strict=False))
    reclaimable = int(counts.get("inactive_file", 0)) + int(counts.get("active_file", 0))
    return max(limit - used + reclaimable, 0)
