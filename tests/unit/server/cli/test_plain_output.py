"""Nothing that a model, a server or a repository wrote is obeyed by the terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from parley_agent.document import Document, Span, TextEdit
from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.tasks import TaskClass
from parley_server.cli.boundary import message_of, run_guarded
from parley_server.cli.outcome import Outcome
from parley_server.cli.root import app
from parley_server.config_file import ConfigError
from parley_server.files import FileError

RED = "\x1b[31m"


@pytest.mark.parametrize("error", [FileError, ConfigError, OSError, RuntimeError])
def test_an_error_is_told_without_escapes(error):
    """Its message may quote a path or a file's content."""
    assert "\x1b" not in message_of(error(f"{RED}no"))


def test_what_reaches_the_boundary_is_told_without_escapes(capsys):
    """On standard error."""

    def fail():
        raise FileError(f"{RED}red.py cannot be read")

    with pytest.raises(SystemExit):
        run_guarded(fail)
    assert capsys.readouterr().err == "parley: [31mred.py cannot be read\n"


def outcome(**parts):
    document = Document(uri="file:///a.py", language="python", text="x = 1\n", path="/a.py")
    return Outcome(request=RefactorRequest(document=document, selection=Span(start=0, end=0)), **parts)


def test_a_refusal_is_told_without_escapes(capsys):
    """It may quote the model's answer or the code."""
    outcome(kind="refused", message=f"The line `{RED}x` will not do.").show(as_json=False)
    assert capsys.readouterr().err == "The line `[31mx` will not do.\n"


def test_evidence_notes_and_paths_are_told_without_escapes(capsys):
    """A name in the code may be in each."""
    proposed = Proposed(
        task=TaskClass.RENAME,
        title="",
        edits=(TextEdit(span=Span(start=0, end=1), new_text="y"),),
        proof="proved",
        evidence=f"{RED}proved",
        notes=(f"{RED}note",),
    )
    outcome(kind="written", message="", proposed=proposed).show(as_json=False)
    assert capsys.readouterr().err == "[31mproved\n[31mnote\nWritten: /a.py\n"


def test_a_workspace_s_own_name_and_settings_are_told_without_escapes(tmp_path):
    """Both come with a repository."""
    folder = tmp_path / f"repo{RED}"
    folder.mkdir()
    (folder / ".parley.yaml").write_text('"\\e[31mmodel": "\\e[31mx"\n')
    environment = {"PARLEY_DATA_DIR": str(tmp_path / "data"), "PARLEY_CONFIG": str(tmp_path / "config.yaml")}
    runner = CliRunner(env=environment)
    for arguments in (["trust", "add", str(folder)], ["trust", "status", str(folder)], ["trust", "list"]):
        told = runner.invoke(app, arguments)
        assert "\x1b" not in told.output, arguments
        assert Path(folder).name.replace("\x1b", "") in told.output
