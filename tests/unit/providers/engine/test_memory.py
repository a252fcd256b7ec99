from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parley_providers.engine.memory import available_bytes, check_memory, needed_bytes
from parley_providers.errors import NotEnoughMemoryError
from support.toy_engine import toy_spec

if TYPE_CHECKING:
    from pathlib import Path

SPEC = replace(toy_spec("big"), size_bytes=1_000_000_000, kv_bytes_per_token=10_000, context_tokens=8_192)


def test_what_fits_exactly_is_started() -> None:
    """The estimate itself is enough."""
    check_memory(SPEC, needed_bytes(SPEC))


def test_what_does_not_fit_is_refused_with_figures_and_ways_out() -> None:
    """One byte less is refused, in words for the person."""
    with pytest.raises(
        NotEnoughMemoryError,
        match=r"big needs about 1\.6 GB of memory with a window of 8,192 tokens, and 1\.6 GB are free\. Close",
    ):
        check_memory(SPEC, needed_bytes(SPEC) - 1)


def test_a_smaller_window_needs_less() -> None:
    """Keys and values count by the token."""
    assert needed_bytes(SPEC) - needed_bytes(replace(SPEC, context_tokens=4_096)) == 4_096 * 10_000


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    """In a container its own limit is what is free, file pages given back."""
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 400\nactive_file 300\ninactive_file 200\n")
    assert available_bytes(tmp_path) == 600


def test_without_a_container_the_machine_counts(tmp_path: Path) -> None:
    """`memory.max` says "max", or is not there."""
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(tmp_path) > 1_000_000
