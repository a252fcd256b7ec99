"""The benchmark harness: what it prints, keeps and returns."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Figure, at_least, at_most, median, quantile
from benchmarks.harness import discover, line, main

MET = """
from benchmarks.figures import Figure, Table, at_most

async def figures(context):
    goal = at_most(1.25, of="ratio")
    yield Figure(name="quick.ratio", ours=1.0, baseline=2.0, baseline_name="bare", unit="s", goal=goal)
    yield Table(name="cases", columns=("case", "seconds"), rows=(("one", 1.5), ("two", None)))
"""
MISSED = """
from benchmarks.figures import Figure, at_least

async def figures(context):
    yield Figure(name="slow.rate", ours=10.0, unit="events/s", goal=at_least(100))
"""
BROKEN = """
async def figures(context):
    raise FileNotFoundError("nvim is missing; install it with: apt-get install neovim")
    yield
"""


def _run(folder, *arguments):
    out = io.StringIO()
    results = folder / "results.json"
    code = main(["--out", str(results), *arguments], folder=folder, out=out)
    kept = json.loads(results.read_text(encoding="utf-8")) if results.exists() else None
    return code, out.getvalue(), kept


def test_goals_that_are_met_end_with_success(tmp_path):
    """Every goal met: exit code 0, one line for the figure, the same in the file with its table."""
    (tmp_path / "bench_good.py").write_text(MET)
    code, printed, kept = _run(tmp_path)
    assert code == 0
    assert printed.splitlines()[0].split() == [
        "quick.ratio",
        "1",
        "s",
        "2",
        "s",
        "(bare)",
        "0.50×",
        "≤",
        "1.25×",
        "met",
    ]
    assert (kept["all_met"], kept["figures"][0]["ratio"], kept["figures"][0]["met"]) == (True, 0.5, True)
    assert kept["tables"] == [{"name": "cases", "columns": ["case", "seconds"], "rows": [["one", 1.5], ["two", None]]}]


def test_a_missed_goal_ends_with_one(tmp_path):
    """A goal that is missed: exit code 1, and its name in the last line."""
    (tmp_path / "bench_slow.py").write_text(MISSED)
    code, printed, kept = _run(tmp_path)
    assert (code, kept["all_met"]) == (1, False)
    assert "Missed: slow.rate." in printed


def test_a_benchmark_that_fails_does_not_hide_the_others(tmp_path):
    """What cannot be measured counts as missed, says why, and the next benchmark still runs."""
    (tmp_path / "bench_broken.py").write_text(BROKEN)
    (tmp_path / "bench_good.py").write_text(MET)
    code, printed, kept = _run(tmp_path)
    assert code == 1
    assert "FAILED: FileNotFoundError: nvim is missing; install it with: apt-get install neovim" in printed
    assert [figure["name"] for figure in kept["figures"]] == ["quick.ratio"]
    assert kept["failures"][0]["benchmark"] == "broken"


def test_only_chosen_benchmarks_run(tmp_path):
    """`--only` takes the start of a name."""
    (tmp_path / "bench_good.py").write_text(MET)
    (tmp_path / "bench_slow_one.py").write_text(MISSED)
    code, printed, _ = _run(tmp_path, "--only", "slow")
    assert code == 1
    assert "quick.ratio" not in printed


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path):
    """A wrong name runs nothing."""
    (tmp_path / "bench_good.py").write_text(MET)
    assert _run(tmp_path, "--only", "goood") == (2, "no benchmark is called goood; there are: good\n", None)


def test_names_are_made_from_files(tmp_path):
    """`bench_call_cost.py` is "call-cost"."""
    (tmp_path / "bench_call_cost.py").write_text(MET)
    assert list(discover(tmp_path)) == ["call-cost"]


@pytest.mark.parametrize(
    ("goal", "ours", "baseline", "met"),
    [
        (at_most(5), 5.0, None, True),
        (at_most(5), 5.1, None, False),
        (at_most(5), float("nan"), None, False),
        (at_least(2, of="ratio"), 4.0, 2.0, True),
        (at_least(2, of="ratio"), 3.9, 2.0, False),
        (at_least(2, of="ratio"), 4.0, None, False),
        (None, 1.0, None, None),
    ],
)
def test_a_goal_is_judged_on_its_own_number(goal, ours, baseline, met):
    """Goals bound ours or the ratio; a ratio without a baseline is never met."""
    assert Figure(name="x", ours=ours, unit="s", goal=goal, baseline=baseline).met is met


def test_a_figure_without_goal_is_only_reported():
    """No goal: nothing is said about meeting it."""
    assert line(Figure(name="x", ours=1234.5, unit="rows/s")).split() == ["x", "1,234", "rows/s"]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_within_its_values(values, fraction):
    """Interpolation never leaves the range; the ends are the extremes; the median splits in halves."""
    assert min(values) <= quantile(values, fraction) <= max(values)
    assert (quantile(values, 0), quantile(values, 1)) == (min(values), max(values))
    assert sum(value < median(values) for value in values) <= len(values) / 2


def test_a_quantile_of_nothing_is_refused():
    """No values, no quantile."""
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
