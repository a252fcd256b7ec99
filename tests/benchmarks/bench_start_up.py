"""What starting costs: the server until it answers `initialize`, its memory at rest, and the command's help.

Ours and the baseline run in pairs, one after the other, each first in every other pair.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

from benchmarks.figures import Figure, at_most, median, quantile
from benchmarks.processes import BARE_SERVER, PARLEY, environment
from benchmarks.raw_client import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from benchmarks.figures import Context

_SETTLED_S = 1.0


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Start-up, memory, `--version`, `--help`."""
    variables = environment(context.scratch)
    serve = (PARLEY, "serve")

    def answered(command: Sequence[str]) -> float:
        began_ns = time.monotonic_ns()
        with connected(command, variables) as client:
            return (client.initialize().at_ns - began_ns) / 1e6

    def resident(command: Sequence[str]) -> float:
        with connected(command, variables) as client:
            client.initialize()
            time.sleep(_SETTLED_S)
            process = psutil.Process(client.process.pid)
            return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 2**20

    def ended(command: Sequence[str]) -> float:
        began_ns = time.monotonic_ns()
        subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)
        return (time.monotonic_ns() - began_ns) / 1e6

    ours, bare = _pairs(context.samples(25), lambda: answered(serve), lambda: answered(BARE_SERVER))
    yield _figure("start-up.initialize.median", "ms", ours, bare, "bare pygls server", 1.25)
    ours, bare = _pairs(context.samples(5), lambda: resident(serve), lambda: resident(BARE_SERVER))
    yield _figure("start-up.idle-memory.median", "MiB", ours, bare, "bare pygls server", 1.5)
    libraries = (sys.executable, "-c", "import typer, rich")
    for option in ("--version", "--help"):
        ours, bare = _pairs(context.samples(25), lambda o=option: ended((PARLEY, o)), lambda: ended(libraries))
        yield _figure(f"start-up.parley{option}.median", "ms", ours, bare, "import typer, rich", 1.25)


def _pairs(count: int, ours: Callable[[], float], baseline: Callable[[], float]) -> tuple[list[float], list[float]]:
    """`count` pairs of measurements, after one pair that warms caches."""
    ours(), baseline()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(count):
        measures = [(0, ours), (1, baseline)]
        for which, measure in measures if number % 2 else reversed(measures):
            found[which].append(measure())
    return found


def _figure(
    name: str, unit: str, ours: Sequence[float], baseline: Sequence[float], baseline_name: str, bound: float
) -> Figure:
    return Figure(
        name=name,
        ours=median(ours),
        baseline=median(baseline),
        baseline_name=baseline_name,
        unit=unit,
        goal=at_most(bound, of="ratio"),
        detail={
            "pairs": len(ours),
            "ours_p10": quantile(ours, 0.1),
            "ours_p90": quantile(ours, 0.9),
            "baseline_p10": quantile(baseline, 0.1),
            "baseline_p90": quantile(baseline, 0.9),
            "median_of_pair_ratios": median([one / other for one, other in zip(ours, baseline, strict=True)]),
        },
    )
