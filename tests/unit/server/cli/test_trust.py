"""`parley trust`."""

import json

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import app


@pytest.fixture
def run(tmp_path):
    runner = CliRunner(env={"PARLEY_DATA_DIR": str(tmp_path / "data")})
    return lambda *arguments: runner.invoke(app, ["trust", *map(str, arguments)])


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / ".parley.yaml").write_text("timeouts: {idle_s: 9}\nmodel: dear/one\n")
    return folder


def test_adding_tells_what_counts_and_what_does_not(run, work):
    """So that the person sees what they trusted."""
    done = run("add", work)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{work} is trusted.",
        f"It sets timeouts.idle_s to 9 ({work}/.parley.yaml, line 1).",
    ]
    assert "'model' cannot be set there" in done.stderr


def test_the_status_of_a_file_that_is_not_read_is_an_exit_code(run, work):
    """For scripts."""
    assert run("status", work).exit_code == 1
    run("add", work)
    assert run("status", work).exit_code == 0
    (work / ".parley.yaml").write_text("timeouts: {idle_s: 1}\n")
    changed = run("status", work, "--json")
    found = json.loads(changed.stdout)
    assert (changed.exit_code, found["standing"], found["trusted"], found["settings"]) == (1, "changed", True, {})


def test_what_is_trusted_is_listed_and_removed(run, work):
    """One line each."""
    assert "No workspace is trusted" in run("list").stdout
    run("add", work)
    assert run("list").stdout.endswith(": its settings are read\n")
    assert [each["folder"] for each in json.loads(run("list", "--json").stdout)] == [str(work)]
    assert run("rm", work).stdout == f"{work} is trusted no longer.\n"
    assert run("rm", work).stdout == f"{work} was not trusted; nothing was changed.\n"


def test_what_is_no_folder_is_refused(run, tmp_path):
    """With the name."""
    refused = run("add", tmp_path / "none")
    assert "is no folder" in str(refused.exception)
