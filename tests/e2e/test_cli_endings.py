"""However a command in a terminal is ended, it takes with it what it started, and leaves nothing half-made."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from support.editor import PARLEY, environment

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
SIMPLER = {"task_class": "simplify", "text": "```python\ndef area(w, h):\n    return h * w\n```\n"}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_the_test_command_and_its_copy_go_with_the_refactoring(tmp_path, number, code):
    """As when the person closes the terminal: the tests are in a group of their own, and hear nothing of it."""
    workspace, temporary, told = tmp_path / "workspace", tmp_path / "temporary", tmp_path / "told"
    workspace.mkdir()
    temporary.mkdir()
    os.mkfifo(told)
    (workspace / "area.py").write_text(SOURCE)
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps(SIMPLER) + "\n")
    tests = f"import os, signal; open({str(told)!r}, 'w').write(str(os.getpid())); signal.pause()"
    wish = ("area.py:1", "--as", "simplify", "--test", f'{sys.executable} -c "{tests}"')
    with subprocess.Popen(
        [PARLEY, "refactor", *wish, "--scripted", str(script)],
        cwd=workspace,
        env=environment(tmp_path) | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hearing,  # noqa: PLW1509 - one thread
    ) as process:
        testing = psutil.Process(int(told.read_text()))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.splitlines()[-1]) == (code, "Cancelled; nothing was changed.")
    assert not testing.is_running()
    assert [each.name for each in temporary.iterdir()] == []


def _hearing():
    """Also where the tests run under `nohup`, or in the background of a script."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
