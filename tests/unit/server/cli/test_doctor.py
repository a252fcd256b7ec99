"""`parley doctor`: what a person and a script see."""

import json
import socket

import pytest
from typer.testing import CliRunner

from parley_server.app.models import how_to_get_a_model
from parley_server.cli.root import app


@pytest.fixture
def run(tmp_path):
    """Runs the doctor on a machine without models, servers, editors or settings."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connecting is refused

        def run_doctor(*arguments, **environment):
            nothing = {
                "PARLEY_DATA_DIR": str(tmp_path / "data"),
                "PARLEY_MODELS_DIR": str(tmp_path / "models"),
                "PARLEY_CONFIG": str(tmp_path / "config.yaml"),
                "PARLEY_OLLAMA_URL": f"http://127.0.0.1:{nobody.getsockname()[1]}",
                "OLLAMA_HOST": "",
                "PATH": str(tmp_path),
            }
            return CliRunner(env=nothing | environment).invoke(app, ["doctor", *arguments])

        yield run_doctor


def test_without_a_model_it_fails_and_says_how_to_get_one(run, tmp_path):
    """Exit code 1, the way out, once, and nothing was made on the disk."""
    result = run()
    assert result.exit_code == 1
    assert "NO  Requests: There is no model to ask.\n" in result.output
    assert result.output.replace("\n      ", " ").count("parley models pull") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("has_engine", "begins"),
    [
        (True, "Fetch one (1.1 GB, Apache-2.0): parley models pull qwen2.5-coder-1.5b. Or start Ollama"),
        (
            False,
            "Install the embedded engine: pip install 'parley-ls[local]'. Then fetch a model (1.1 GB, Apache-2.0): ",
        ),
    ],
)
def test_the_way_to_a_model_begins_with_the_engine_where_there_is_none(has_engine, begins):
    """Who fetched a gigabyte that nothing can run was not helped."""
    assert how_to_get_a_model(has_engine=has_engine).startswith(begins)


def test_json_holds_every_finding(run):
    """Areas in reading order, whether a request could be served, no stack trace."""
    result = run("--json")
    document = json.loads(result.output)
    areas = list(dict.fromkeys(finding["area"] for finding in document["findings"]))
    assert areas == ["serving", "installation", "models", "storage", "editors"]
    assert (document["can_serve"], result.exit_code) == (False, 1)
    assert all(finding.keys() == {"area", "name", "verdict", "found", "fix"} for finding in document["findings"])


def test_a_mistake_in_the_settings_is_told_and_the_rest_is_still_looked_at(run, tmp_path):
    """The line and the key are named."""
    (tmp_path / "config.yaml").write_text("modle: x\n")
    result = run()
    assert "modle" in result.output
    assert "Downloaded models: none" in result.output


def test_keys_are_not_shown(run):
    """A key in the environment never reaches the output."""
    result = run("--json", ANTHROPIC_API_KEY="sk-ant-api03-abcdefghijklmnop")
    assert "abcdefghijklmnop" not in result.output
