"""What a benchmark yields: figures with their goal, and tables. How they are shown and kept belongs to `harness`.

A benchmark is a module `tests/benchmarks/bench_<name>.py` with one function:

    async def figures(context: Context) -> AsyncIterator[Figure | Table]

It yields each figure as soon as it is measured. Ours and the baseline are measured in the same run, interleaved, so
that a noisy machine disturbs both alike. What cannot be measured raises; the harness reports it as a goal missed and
goes on with the next benchmark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure has to reach: `of` it must be at most, or at least, `bound`.

    "ours" is judged in the figure's unit, "ratio" is ours divided by the baseline.
    """

    of: Literal["ours", "ratio"]
    sense: Literal["at most", "at least"]
    bound: float

    def met_by(self, value: float | None) -> bool:
        """Whether `value` reaches the goal; an unknown value or one that is not a number never does."""
        if value is None or math.isnan(value):
            return False
        return value <= self.bound if self.sense == "at most" else value >= self.bound


def at_most(bound: float, *, of: Literal["ours", "ratio"] = "ours") -> Goal:
    """The goal that `of` stays at or below `bound`."""
    return Goal(of=of, sense="at most", bound=bound)


def at_least(bound: float, *, of: Literal["ours", "ratio"] = "ours") -> Goal:
    """The goal that `of` reaches `bound`."""
    return Goal(of=of, sense="at least", bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    `name` is `<benchmark>.<what>.<statistic>`, such as "start-up.initialize.median". `ours` and `baseline` are in
    `unit` ("s", "ms", "MiB", "events/s", "" for a count); `baseline_name` says what the baseline is. Without a goal a
    figure is only reported. `detail` goes into the results file: sample counts, spreads, settings.
    """

    name: str
    ours: float
    unit: str
    goal: Goal | None = None
    baseline: float | None = None
    baseline_name: str = ""
    detail: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours divided by the baseline; None without a baseline, or with one of zero."""
        return self.ours / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is no goal."""
        if self.goal is None:
            return None
        return self.goal.met_by(self.ours if self.goal.of == "ours" else self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that belong together, kept in the results file and printed below the figures of their benchmark."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the harness gives a benchmark.

    `scratch` is an empty folder that is removed afterwards. With `quick` a benchmark takes the fewest samples that
    still show whether it works. `say` tells the person what is going on, on standard error.
    """

    scratch: Path
    quick: bool
    say: Callable[[str], None]

    def samples(self, full: int, quick: int = 3) -> int:
        """How many samples to take."""
        return quick if self.quick else full


class Benchmark(Protocol):
    """A module `bench_<name>`."""

    def figures(self, context: Context) -> AsyncIterator[Figure | Table]:
        """Measure, and yield each result as it is known."""
        ...


def quantile(values: Sequence[float], fraction: float) -> float:
    """The `fraction` quantile of `values`, interpolated linearly (type 7 of Hyndman and Fan, 1996).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values to take a quantile of")
    ordered = sorted(values)
    at = (len(ordered) - 1) * fraction
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def median(values: Sequence[float]) -> float:
    """The middle of `values`."""
    return quantile(values, 0.5)
