"""`parley usage`: tokens and money by day, session, model and request."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from parley_profiling.stores import CallStore
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.usage import Usage
from parley_server.cli.root import app
from support.records import STARTED, WARM

DEAR = replace(WARM, record_id="r2", provider="away", model="big", cost_usd=0.25, session_id="s2", correlation_id="c2")
UNKNOWN = replace(DEAR, record_id="r3", usage=Usage(), cost_usd=None, started_at=STARTED + timedelta(days=1))


@pytest.fixture
def run(tmp_path):
    def run_usage(*arguments, kept=(), columns=140):
        store = CallStore(tmp_path / "records" / "calls.db", clock=SYSTEM_CLOCK)
        for record in kept:
            store.observe(record)
        store.close(timeout_s=30)
        environment = {"PARLEY_DATA_DIR": str(tmp_path), "COLUMNS": str(columns), "TERM": "dumb"}
        return CliRunner(env=environment).invoke(app, ["usage", *arguments])

    return run_usage


def test_nothing_called_is_no_error(run):
    """One sentence, and with a time another."""
    assert [run().output, run("--since", "1h").output] == [
        "No call of a model yet.\n",
        "No call of a model has been recorded since then.\n",
    ]


def test_days_are_added_up_and_what_is_unknown_is_marked(run):
    """A plus says that it is more than what is known."""
    shown = run(kept=(replace(WARM, cost_usd=0.0), DEAR, UNKNOWN)).output
    rows = [line.split() for line in shown.splitlines() if line.strip().startswith(("2026", "together"))]
    assert rows == [
        ["2026-11-21", "2", "1,200", "200", "80", "0.2500"],
        ["2026-11-22", "1", "0+", "0", "0+", "0.0000+"],
        ["together", "3", "1,200+", "200", "80+", "0.2500+"],
    ]
    assert "the price of some calls is unknown" in shown


@pytest.mark.parametrize(
    ("by", "groups"),
    [("model", ["embedded/qwen2.5-coder-0.5b", "away/big"]), ("session", ["", "s2"]), ("request", ["c1", "c2"])],
)
def test_json_groups_as_asked(run, by, groups):
    """All groups, in the order in which they begin."""
    found = json.loads(run("--by", by, "--json", kept=(replace(WARM, cost_usd=0.0), DEAR, UNKNOWN)).output)
    assert [each["group"] for each in found["totals"]] == groups


def test_only_the_last_groups_are_shown(run):
    """The footer counts all."""
    kept = [replace(DEAR, record_id=str(n), correlation_id=f"{n:08}-and-more") for n in range(40)]
    shown = run("--by", "request", kept=kept).output
    assert ("00000009" in shown, "00000039" in shown, "The last 30 of 40" in shown) == (False, True, True)


def test_requests_and_sessions_are_told_by_when_they_began(run):
    """And a request by what it was for; what was cancelled has not failed."""
    given_up = replace(DEAR, record_id="r4", outcome="cancelled", correlation_id="c2")
    failed = replace(DEAR, record_id="r5", outcome="server", correlation_id="c3", task_class="explain")
    shown = [run("--by", by, kept=(DEAR, given_up, failed)).output.splitlines() for by in ("request", "session")]
    rows = [[line.split()[:6] for line in lines if line.strip().startswith("2026")] for lines in shown]
    assert rows == [
        [
            ["2026-11-21", "09:45", "rename", "c2", "2", "1,200"],
            ["2026-11-21", "09:45", "explain", "c3", "1", "1"],
        ],
        [["2026-11-21", "09:45", "s2", "3", "1", "1,800"]],
    ]


def test_no_figure_is_cut_in_a_narrow_terminal(run):
    """Headings wrap, and so does a long name."""
    long = replace(UNKNOWN, model="a-model-with-a-name-that-is-longer-than-any-terminal-is-wide-of-some-vendor")
    shown = run("--by", "model", kept=(DEAR, long), columns=80).output
    assert "…" not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    assert "the tokens of some calls are unknown" in " ".join(shown.split())
