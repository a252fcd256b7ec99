"""`parley config`: what is set, whence, and the published schema."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import app
from parley_server.config import json_schema

PUBLISHED = Path(__file__).parents[4] / "docs" / "config.schema.json"


@pytest.fixture
def run(tmp_path):
    def run_config(*arguments, file="", **variables):
        path = tmp_path / "config.yaml"
        path.write_text(file, encoding="utf-8")
        environment = {"PARLEY_CONFIG": str(path), "PARLEY_OLLAMA_URL": "", "OLLAMA_HOST": ""} | variables
        return CliRunner(env=environment).invoke(app, ["config", *arguments])

    return run_config


def test_the_published_schema_is_the_present_one():
    """Where it is not, `parley config schema > docs/config.schema.json` publishes it."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_is_printed(run):
    """As it is published."""
    assert json.loads(run("schema").output) == json_schema()


def test_what_is_shown_is_a_settings_file_itself(run):
    """Read again it means the same."""
    file = "model: a/b\nembedded: {idle_minutes: null}\nproviders: {box: {kind: ollama, url: 'http://10.0.0.5:1'}}\n"
    shown = run("show", file=file).output
    assert run("show", file=shown).output == shown
    assert "url: http://10.0.0.5:1" in shown


def test_each_value_is_explained(run, tmp_path):
    """By file and line, variable, or default."""
    shown = run("show", "--json", file="\nmodel: a/b\nbudget: {day_usd: 5}\n", PARLEY_STRATEGY="round_robin").output
    where = {".".join(each["path"]): (each["value"], each["where"]) for each in json.loads(shown)}
    file = tmp_path / "config.yaml"
    assert {key: where[key] for key in ("model", "budget.day_usd", "strategy", "remote", "models")} == {
        "model": ("a/b", f"{file}, line 2"),
        "budget.day_usd": (5.0, f"{file}, line 3"),
        "strategy": ("round_robin", "PARLEY_STRATEGY"),
        "remote": ("never", "default"),
        "models": ({}, "default"),
    }


def test_explanations_stand_beside_the_values(run):
    """As comments, so that it stays YAML."""
    shown = run("show", "--explain", PARLEY_MODEL="a/b").output
    assert [line.split() for line in shown.splitlines() if line.startswith("model:")] == [
        ["model:", "a/b", "#", "PARLEY_MODEL"]
    ]
