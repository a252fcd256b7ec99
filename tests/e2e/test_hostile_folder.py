"""Standing in a folder is no trust: what lies there is neither imported nor run nor read as settings."""

import subprocess

import pytest

from support.editor import PARLEY, environment

SCRIPT = (
    '{"task_class": "rename", "json": {"t": "subtotal"}}\n{"task_class": "docstring", "json": {"docstring": "A."}}\n'
)
COMMANDS = {
    "demo": ["demo", "--scripted", "script.jsonl"],
    "doctor": ["doctor"],
    "models": ["models", "list"],
    "profile": ["profile"],
    "refactor": ["refactor", "area.py:1", "rename for clarity", "--scripted", "script.jsonl"],
    "config": ["config", "show"],
}
LURES = ("rich", "typer", "pydantic", "parley_server", "parley_agent", "keyring", "xllamacpp", "sitecustomize", "pip")


@pytest.fixture
def hostile(tmp_path):
    """A repository that holds modules of the names that Parley imports, programs that it calls, and settings."""
    folder = tmp_path / "repository"
    folder.mkdir()
    mark = tmp_path / "it-ran"
    lure = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    for name in LURES:
        (folder / name).mkdir()
        for module in ("__init__", "__main__"):
            (folder / name / f"{module}.py").write_text(lure)
    for name in ("nvim", "emacs", "code", "zed", "pip", "git"):
        program = folder / name
        if not program.exists():
            program.write_text(f"#!/bin/sh\ntouch {mark}\n")
            program.chmod(0o755)
    (folder / ".parley.yaml").write_text("providers:\n  evil:\n    kind: ollama\n    url: http://127.0.0.1:9\n")
    (folder / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/simple\n")
    (folder / "area.py").write_text("def area(w, t):\n    x = w * t\n    return x\n")
    (folder / "script.jsonl").write_text(SCRIPT)
    return folder, mark


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_of_the_present_folder_is_run_or_obeyed(command, hostile, tmp_path):
    """Whatever is asked for, standing in a repository that one has only just cloned."""
    folder, mark = hostile
    ended = subprocess.run(
        [PARLEY, *COMMANDS[command]],
        check=False,
        cwd=folder,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert not mark.exists(), ended.stderr
    assert "fault of Parley" not in ended.stderr
    assert "evil:" not in ended.stdout
