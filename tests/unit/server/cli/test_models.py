"""`parley models`: what a person and a script see."""

import json
import os
import subprocess
import sys

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from parley_providers.models.catalog import load_catalog
from parley_providers.models.progress import Installed, Progress, SourceChosen, Verifying
from parley_providers.models.store import ModelStore
from parley_server.cli.boundary import message_of
from parley_server.cli.pulling import show
from parley_server.cli.root import app
from parley_server.config_file import READ_AT_START, ConfigError
from support.toy_models import toy_model

TINY = load_catalog().get("smollm2-135m")


@pytest.fixture
def environment(tmp_path):
    return {
        "PARLEY_CONFIG": str(tmp_path / "config.yaml"),
        "PARLEY_MODELS_DIR": str(tmp_path / "models"),
        "PARLEY_OLLAMA_URL": "http://127.0.0.1:9",
        "PARLEY_MODEL": "",
        "COLUMNS": "140",
        "TERM": "dumb",
    }


@pytest.fixture
def run(environment):
    def run_models(*arguments, answer=None):
        return CliRunner(env=environment).invoke(app, ["models", *arguments], input=answer)

    return run_models


@pytest.fixture
def downloaded(tmp_path):
    """A file in the place of the tiny model, accepted without its bytes: nothing here runs it."""
    store = ModelStore(root=tmp_path / "models")
    store.prepare()
    store.partial(TINY).write_bytes(b"0" * 1_000_000)
    return store, store.accept(TINY, store.partial(TINY))


def test_the_list_teaches_a_person_without_a_model(run):
    """Every model with its size and licence, none used, and the command that fetches one."""
    result = run("list")
    assert result.exit_code == 0
    told = ("embedded/qwen2.5-coder-1.5b", "1,117 MB", "Apache-2.0", "can be fetched")
    assert [each for each in (*told, "parley models pull qwen2.5-coder-1.5b") if each not in result.output] == []


def test_the_list_marks_the_model_that_answers(run, downloaded):
    """A star, and the reason below."""
    lines = run("list").output.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("*  ")] == ["embedded/smollm2-135m"]
    assert "* answers: smollm2-135m is downloaded and runs on this machine." in lines


def test_the_list_as_json_has_sizes_hashes_and_the_route(run, downloaded):
    """For scripts: the same facts, in bytes."""
    document = json.loads(run("list", "--json").output)
    (tiny,) = [each for each in document["embedded"] if each["id"] == "embedded/smollm2-135m"]
    assert tiny == {
        "id": "embedded/smollm2-135m",
        "title": TINY.title,
        "licence": "Apache-2.0",
        "size_bytes": TINY.size_bytes,
        "sha256": TINY.sha256,
        "max_window_tokens": 8192,
        "abilities": ["completion", "json_schema"],
        "tier": 1,
        "tier_by": "its weights",
        "input_usd_per_million": 0.0,
        "output_usd_per_million": 0.0,
        "corrected_by_you": False,
        "state": "installed",
        "fetched_bytes": TINY.size_bytes,
        "used": True,
    }
    assert document["route"]["id"] == "embedded/smollm2-135m"


def test_nothing_is_fetched_without_consent(run, tmp_path):
    """Where nobody can be asked, size, licence and source are shown, and the answer is no."""
    result = run("pull", "smollm2-135m")
    assert result.exit_code == 1
    told = ("98 MB", "Apache-2.0", "official (huggingface.co)", TINY.sha256, "Add --yes to agree.")
    assert [each for each in told if each not in result.output] == []
    assert not (tmp_path / "models").exists()


def test_a_wrong_file_is_refused_in_one_line(run, tmp_path, environment):
    """The boundary turns the error into one message and exit code 1."""
    (tmp_path / "wrong.gguf").write_bytes(b"GGUF")
    done = subprocess.run(
        [sys.executable, "-m", "parley_server.cli", "models", "pull", "smollm2-135m", "--from", "wrong.gguf"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "parley: wrong.gguf is not smollm2-135m: it has 4 bytes instead of 98,362,432. Nothing was changed.\n",
    )


def test_removing_asks(run, downloaded):
    """Without consent the model stays."""
    store, path = downloaded
    assert run("rm", "smollm2-135m").exit_code == 1
    assert path.exists()
    assert "1 MB are free again" in run("rm", "smollm2-135m", "--yes").output
    assert store.state(TINY) == "absent"


def test_a_model_that_is_being_fetched_is_not_removed(run, downloaded):
    """Whoever holds the lock is told of."""
    store, path = downloaded
    with FileLock(store.lock(TINY)):
        result = run("rm", "smollm2-135m", "--yes")
    assert "is being fetched by another Parley" in str(result.exception)
    assert path.exists()


def test_removing_what_is_not_there_is_no_error(run):
    """There is nothing to do."""
    assert run("rm", "smollm2-135m").output == "smollm2-135m is not on this machine; there was nothing to remove.\n"


def test_using_a_model_writes_it_with_its_provider(run, downloaded, environment, tmp_path):
    """A bare name becomes an id that means one model."""
    result = run("use", "smollm2-135m")
    assert (
        result.output
        == f"embedded/smollm2-135m answers from now on ({environment['PARLEY_CONFIG']}). {READ_AT_START}\n"
    )
    assert "model: embedded/smollm2-135m" in (tmp_path / "config.yaml").read_text()
    assert "embedded/smollm2-135m is the configured model" in run("list").output


def test_auto_gives_the_choice_back(run, downloaded):
    """After it Parley finds a model itself."""
    run("use", "smollm2-135m")
    run("use", "auto")
    assert "smollm2-135m is downloaded" in run("list").output


def test_a_kind_of_work_can_have_its_own_model(run, downloaded, environment, tmp_path):
    """And gives it back; all else stays as it was."""
    (tmp_path / "config.yaml").write_text("strategy: local_first\nmodels:\n  explain: x/y\n")
    told = run("use", "smollm2-135m", "--for", "rename").output
    assert (
        told
        == f"embedded/smollm2-135m answers from now on for rename ({environment['PARLEY_CONFIG']}). {READ_AT_START}\n"
    )
    written = "strategy: local_first\nmodels:\n  explain: x/y\n"
    assert (tmp_path / "config.yaml").read_text() == f"{written}  rename: embedded/smollm2-135m\n"
    assert run("use", "auto", "--for", "rename").output.startswith("rename has no model of its own any more (")
    assert (tmp_path / "config.yaml").read_text() == written


def test_a_kind_of_work_that_does_not_exist_is_told(run):
    """With the nearest one."""
    answer = run("use", "smollm2-135m", "--for", "renam")
    assert answer.exit_code == 2
    assert "'renam' is no kind of work; did you mean rename?" in " ".join(answer.output.replace("│", " ").split())


def test_a_model_that_is_not_here_cannot_be_used(run, tmp_path):
    """The error names the command that fetches it; nothing is written."""
    result = run("use", "smollm2-135m")
    assert str(result.exception) == "smollm2-135m is not on this machine. Run: parley models pull smollm2-135m"
    assert not (tmp_path / "config.yaml").exists()


def test_a_mistake_in_the_settings_is_told(run, tmp_path):
    """Every command that needs them says where it is."""
    (tmp_path / "config.yaml").write_text("modle: x\n")
    assert isinstance(run("list").exception, ConfigError)


async def test_progress_in_a_log_is_a_line_for_each_tenth(tmp_path, capsys):
    """No bar where nobody looks; speeds where they are known."""

    async def events():
        yield SourceChosen(source="official (example.org)", resumed_bytes=20_000_000)
        for done in (21, 29, 30, 100):
            yield Progress(done_bytes=done * 1_000_000, total_bytes=100_000_000, bytes_per_s=None if done < 30 else 2e6)
        yield Verifying()
        yield Installed(path=tmp_path, was_there=False)

    await show(events(), toy_model())
    assert capsys.readouterr().err.splitlines() == [
        "Asking official (example.org). 20 MB are here already.",
        "20% (21 of 100 MB)",
        "30% (30 of 100 MB, 2.0 MB/s)",
        "100% (100 of 100 MB, 2.0 MB/s)",
        "Checking the sha256.",
        f"toy is ready: {tmp_path}",
    ]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConfigError("config.yaml, line 1: no."), "config.yaml, line 1: no."),
        (FileNotFoundError(2, "No such file or directory", "x.py"), "x.py: No such file or directory."),
        (
            KeyError("k"),
            "this is a fault of Parley's (KeyError: 'k'). Please report it, with what PARLEY_DEBUG=1 shows.",
        ),
    ],
)
def test_every_error_ends_as_one_message(error, message):
    """Errors of ours speak for themselves; others are named as faults."""
    assert message_of(error) == message
