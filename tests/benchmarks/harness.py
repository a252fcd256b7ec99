"""Runs benchmarks, prints one line for each figure, keeps all results as JSON. What is measured is their affair."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import sys
import tempfile
import traceback
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from benchmarks.figures import Context, Figure, Table
from benchmarks.machine import machine_facts
from parley_providers.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from benchmarks.figures import Benchmark, Cell

FOLDER = Path(__file__).parent


@dataclass(slots=True, kw_only=True)
class Results:
    """What a run measured so far; `save` writes it whole, so that an interrupted run keeps what it had."""

    path: Path
    machine: dict[str, Cell]
    quick: bool
    started_at: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)

    @property
    def all_met(self) -> bool:
        """Whether no goal was missed and no benchmark failed."""
        return not self.failures and all(figure.met is not False for figure in self.figures)

    def save(self) -> None:
        """Write the results file."""
        document = {
            "format": 1,
            "started_at": self.started_at,
            "saved_at": SYSTEM_CLOCK.now().isoformat(timespec="seconds"),
            "quick": self.quick,
            "machine": self.machine,
            "all_met": self.all_met,
            "figures": [
                asdict(each) | {"detail": dict(each.detail), "ratio": each.ratio, "met": each.met}
                for each in self.figures
            ],
            "tables": [asdict(each) for each in self.tables],
            "failures": self.failures,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None, *, folder: Path = FOLDER, out: TextIO | None = None) -> int:
    """Run the benchmarks in `folder`; 0 when every goal is met, 1 when one is missed, 2 for wrong usage."""
    out = out or sys.stdout
    options = _parser().parse_args(arguments)
    found = discover(folder)
    if unknown := [name for name in options.only if not any(_selected(bench, [name]) for bench in found)]:
        out.write(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(found)}\n")
        return 2
    chosen = {name: path for name, path in found.items() if _selected(name, options.only)}
    if options.list:
        out.write("".join(f"{name}\n" for name in chosen))
        return 0
    results = Results(
        path=options.out,
        machine=machine_facts(),
        quick=options.quick,
        started_at=SYSTEM_CLOCK.now().isoformat(timespec="seconds"),
    )
    try:
        asyncio.run(_run(chosen, results, out))
    except KeyboardInterrupt:
        out.write(f"interrupted; what was measured is in {results.path}\n")
        return 130
    out.write(f"{_summary(results)} Results: {results.path}\n")
    return 0 if results.all_met else 1


def discover(folder: Path) -> dict[str, Path]:
    """The benchmarks of a folder by name: `bench_call_cost.py` is "call-cost"."""
    return {path.stem.removeprefix("bench_").replace("_", "-"): path for path in sorted(folder.glob("bench_*.py"))}


def line(figure: Figure) -> str:
    """One line: name, ours, baseline, ratio, goal, met or not."""
    baseline = "" if figure.baseline is None else f"{_number(figure.baseline, figure.unit)} ({figure.baseline_name})"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}×"
    goal, met = "", ""
    if figure.goal is not None:
        sign = "≤" if figure.goal.sense == "at most" else "≥"
        bound = f"{figure.goal.bound:g}×" if figure.goal.of == "ratio" else _number(figure.goal.bound, figure.unit)
        goal, met = f"{sign} {bound}", "met" if figure.met else "MISSED"
    ours = _number(figure.ours, figure.unit)
    return f"{figure.name:<44} {ours:>16}  {baseline:<40} {ratio:>8}  {goal:<14} {met}".rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench-results.json"), help="where the results go, as JSON")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="run those whose name starts so")
    parser.add_argument("--quick", action="store_true", help="the fewest samples that show whether it works")
    parser.add_argument("--list", action="store_true", help="print the names and leave")
    return parser


def _selected(name: str, only: Sequence[str]) -> bool:
    return not only or any(name.startswith(each.replace("_", "-")) for each in only)


async def _run(chosen: dict[str, Path], results: Results, out: TextIO) -> None:
    for name, path in chosen.items():
        with tempfile.TemporaryDirectory(prefix=f"parley-bench-{name}-") as scratch:
            context = Context(scratch=Path(scratch), quick=results.quick, say=_say(name))
            try:
                await _run_one(_load(path), context, results, out)
            except Exception as error:  # noqa: BLE001 - the boundary: one that fails must not hide the others
                results.failures.append({"benchmark": name, "error": traceback.format_exc()})
                out.write(f"{name:<44} FAILED: {type(error).__name__}: {error}\n")
            finally:
                results.save()


async def _run_one(benchmark: Benchmark, context: Context, results: Results, out: TextIO) -> None:
    async with aclosing(cast("AsyncGenerator[Figure | Table, None]", benchmark.figures(context))) as measured:
        async for each in measured:
            if isinstance(each, Figure):
                results.figures.append(each)
                out.write(line(each) + "\n")
            else:
                results.tables.append(each)
                out.write(_table(each))
            out.flush()
            results.save()


def _load(path: Path) -> Benchmark:
    name = f"benchmarks.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return cast("Benchmark", module)


def _say(name: str):
    def say(text: str) -> None:
        sys.stderr.write(f"[{name}] {text}\n")
        sys.stderr.flush()

    return say


def _number(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"
    return f"{digits} {unit}".rstrip()


def _table(table: Table) -> str:
    rows = [table.columns, *([_cell(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    lines = ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join([f"  {table.name}", *(each.rstrip() for each in lines)]) + "\n"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "–"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _summary(results: Results) -> str:
    goals = [figure for figure in results.figures if figure.met is not None]
    missed = [figure.name for figure in goals if not figure.met]
    text = f"{len(goals) - len(missed)} of {len(goals)} goals met."
    if missed:
        text += f" Missed: {', '.join(missed)}."
    if results.failures:
        text += f" Failed: {', '.join(each['benchmark'] for each in results.failures)}."
    return text
