"""`parley profile`: what a person and a script see."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from parley_profiling.stores import CallStore
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.usage import Timings, Usage
from parley_server.cli.root import app
from support.records import WARM, records


@pytest.fixture
def run(tmp_path):
    def run_profile(*arguments):
        environment = {"PARLEY_DATA_DIR": str(tmp_path), "COLUMNS": "140", "TERM": "dumb"}
        return CliRunner(env=environment).invoke(app, ["profile", *arguments])

    return run_profile


@pytest.fixture
def keep(tmp_path):
    def keep_records(*kept):
        store = CallStore(tmp_path / "records" / "calls.db", clock=SYSTEM_CLOCK)
        for record in kept:
            store.observe(record)
        assert store.close(timeout_s=30) == 0

    return keep_records


def test_nothing_measured_teaches_how_to_measure(run):
    """The empty state says what to do, and is no error."""
    result = run()
    assert result.exit_code == 0
    assert 'parley refactor FILE:START-END "add a docstring"' in result.output


def test_means_are_shown_with_their_intervals(run, keep):
    """Calls of 5, 6 and 7 s: mean 6, its interval 3.52–8.48, the next call's 1.03–11.0; t(0.975; 2) is 4.303."""
    keep(*(replace(WARM, record_id=str(s), first_event_ns=s * 10**9) for s in (5, 6, 7)))
    shown = run().output
    assert "qwen2.5-coder-0.5b (embedded) · 1d96 · 2 × Example CPU · window 8,192 · b10549" in shown
    for cell in ("rename", "3 warm", "6.00", "3.52–8.48", "(1.03–11.0)", "40 / 40"):
        assert cell in shown


def test_unknown_is_a_dash(run, keep):
    """What no server told is not shown as zero."""
    keep(
        replace(
            WARM, usage=Usage(), timings=Timings(), first_event_ns=None, first_visible_ns=None, wall_ns=None, cold=None
        )
    )
    (row,) = [line for line in run().output.splitlines() if line.lstrip().startswith("rename")]
    assert row.count("–") == 6


def test_failures_are_counted_beside_answers(run, keep):
    """A model that times out half the time shows so."""
    keep(*records(2), replace(WARM, record_id="t", outcome="timeout"))
    shown = run().output
    assert "2 ok" in shown
    assert "1 timeout" in shown


def test_json_names_its_units_and_keeps_unknown_null(run, keep):
    """What a script reads: whole numbers of calls, seconds and tokens per second, null for unknown."""
    keep(WARM)
    (profile,) = json.loads(run("--json").output)["profiles"]
    one = {"n": 1, "mean_interval": None, "prediction_interval": None}
    nothing = {"calls": 0, "first_token_s": None, "first_text_s": None, "whole_answer_s": None, "load_s": None}
    assert profile == {
        "model": "qwen2.5-coder-0.5b",
        "provider": "embedded",
        "digest": "1d96",
        "task_class": "rename",
        "constrained": True,
        "hardware": "2 × Example CPU",
        "server_version": "b10549",
        "window_tokens": 8192,
        "offload_percent": 0,
        "settings": {"n_batch": 256},
        "calls": 1,
        "outcomes": {"ok": 1},
        "prefill_tokens_per_s": one | dict.fromkeys(("mean", "p50", "p90"), 100.0),
        "decode_tokens_per_s": one | dict.fromkeys(("mean", "p50", "p90"), 20.0),
        "output_tokens": one | dict.fromkeys(("mean", "p50", "p90"), 40),
        "warm": {
            "calls": 1,
            "first_token_s": one | dict.fromkeys(("mean", "p50", "p90"), 5.1),
            "first_text_s": one | dict.fromkeys(("mean", "p50", "p90"), 5.2),
            "whole_answer_s": one | dict.fromkeys(("mean", "p50", "p90"), 7.2),
            "load_s": None,
        },
        "cold": nothing,
        "unknown": nothing,
    }


@pytest.mark.parametrize(
    ("arguments", "calls"),
    [
        (["--model", "qwen2.5-coder-0.5b"], 3),
        (["--task", "docstring"], 1),
        (["--since", "7d"], 1),
        (["--since", "2020-01-01T10:00:00+00:00"], 2),
        (["--since", "90m"], 0),
    ],
)
def test_options_choose_calls(run, keep, arguments, calls):
    """By model, task class, age and date."""
    long_ago = datetime(2020, 1, 1, 9, tzinfo=UTC)
    keep(
        replace(WARM, started_at=long_ago),
        replace(WARM, record_id="b", task_class="docstring", started_at=long_ago + timedelta(hours=2)),
        replace(WARM, record_id="c", started_at=SYSTEM_CLOCK.now() - timedelta(hours=2)),
    )
    found = json.loads(run("--json", *arguments).output)["profiles"]
    assert sum(profile["calls"] for profile in found) == calls


def test_a_choice_without_calls_tells_what_there_is(run, keep):
    """A wrong name is answered with the right ones."""
    keep(WARM)
    shown = run("--model", "llama").output
    assert "No measured call matches" in shown
    assert "qwen2.5-coder-0.5b" in shown


def test_a_moment_that_is_none_is_wrong_usage(run):
    """Exit code 2, and what would be right."""
    result = run("--since", "yesterday")
    assert result.exit_code == 2
    assert "neither an age (90m, 12h, 7d, 2w) nor a date" in result.output.replace("\n", " ").replace("│ ", "")
