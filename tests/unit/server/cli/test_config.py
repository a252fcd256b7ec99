"""`parley config`: what is set, whence, and the published schema."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import app
from parley_server.config_schema import json_schema, project_schema
from parley_server.harmless import HARMLESS

PUBLISHED = Path(__file__).parents[4] / "docs"


@pytest.fixture
def run(tmp_path):
    def run_config(*arguments, file="", **variables):
        path = tmp_path / "config.yaml"
        path.write_text(file, encoding="utf-8")
        environment = {"PARLEY_CONFIG": str(path), "PARLEY_OLLAMA_URL": "", "OLLAMA_HOST": ""} | variables
        return CliRunner(env=environment).invoke(app, ["config", *arguments])

    return run_config


@pytest.mark.parametrize(
    ("name", "schema", "options"),
    [("config", json_schema(), ()), ("project", project_schema(), ("--project",))],
)
def test_the_published_schema_is_the_present_one(run, name, schema, options):
    """Where it is not, `parley config schema [--project] > docs/NAME.schema.json` publishes it."""
    assert json.loads((PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8")) == schema
    assert json.loads(run("schema", *options).output) == schema


@pytest.mark.parametrize("schema", [json_schema(), project_schema()], ids=["config", "project"])
def test_an_editor_can_say_of_every_setting_what_it_is(schema):
    """On hover and in completion: a group, which its definition may describe, as well as what is in it."""
    definitions = schema.get("$defs", {})
    groups = {name: group for name, group in schema["properties"].items() if "properties" in group}
    properties = {
        f"{name}.{key}": definitions.get(described.get("$ref", "").removeprefix("#/$defs/"), {}) | described
        for name, group in {"": schema, **groups, **definitions}.items()
        for key, described in group.get("properties", {}).items()
    }
    assert len(properties) > 10
    assert [name for name, described in properties.items() if not described.get("description")] == []


def test_the_schema_of_a_workspace_has_what_counts_there_and_no_more():
    """An editor offers nothing that is refused."""
    groups = {key: group["properties"] for key, group in project_schema()["properties"].items() if key != "version"}
    assert {f"{group}.{name}" for group, names in groups.items() for name in names} == HARMLESS


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


def test_a_workspaces_settings_are_explained_once_they_are_trusted(run, tmp_path, monkeypatch):
    """Before that, that they are not read."""
    (tmp_path / ".parley.yaml").write_text("timeouts:\n  idle_s: 9\n")
    monkeypatch.chdir(tmp_path)
    data = {"PARLEY_DATA_DIR": str(tmp_path / "data")}
    before = run("show", "--explain", **data)
    assert "you have not trusted this workspace" in before.stderr
    assert "idle_s: 30.0" in before.stdout
    assert CliRunner(env=data).invoke(app, ["trust", "add"]).exit_code == 0
    after = run("show", "--explain", **data)
    assert after.stderr == ""
    (line,) = (line for line in after.stdout.splitlines() if " idle_s" in line)
    assert line.split() == ["idle_s:", "9.0", "#", f"{tmp_path}/.parley.yaml,", "line", "2"]


def test_what_an_editor_adds_is_explained(run, tmp_path):
    """As it lies in its file, dotted or nested; what does not count is told, and the lower budget wins."""
    settings = {"editor.tabSize": 4, "parley.timeouts.idle_s": 7, "parley": {"budget": {"day_usd": 9}, "model": "x/y"}}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    shown = run("show", "--json", "--editor", str(tmp_path / "settings.json"), file="budget: {day_usd: 2}\n")
    found = {".".join(each["path"]): (each["value"], each["where"]) for each in json.loads(shown.stdout)}
    assert found["timeouts.idle_s"] == (7, "the editor's settings")
    assert found["budget.day_usd"] == (2, f"{tmp_path / 'config.yaml'}, line 1")
    assert found["model"] == (None, "default")
    assert "'model' cannot be set there" in shown.stderr


@pytest.mark.parametrize(
    ("text", "told"), [("{ // no", "is no JSON"), ("[]", "no settings of Parley's"), ('{"a.b": 1}', "no settings of")]
)
def test_a_file_that_holds_no_settings_of_an_editor_is_told(run, tmp_path, text, told):
    """With an example of one that does."""
    (tmp_path / "settings.json").write_text(text)
    assert told in str(run("show", "--editor", str(tmp_path / "settings.json")).exception)
