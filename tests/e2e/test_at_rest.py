"""What is left on the disk afterwards: no secret of the code, and nothing that another user of the machine may read."""

import json
import stat
import subprocess

from support.editor import PARLEY, editing, environment

KEY = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
PASSWORD = "correct" + "-horse-7"
SOURCE = f'def connect(h):\n    password = "{PASSWORD}"\n    t = "{KEY}"\n    return h, password, t\n'
RENAME = {"task_class": "rename", "json": {"t": "ticket"}}
EXPLAIN = {"task_class": "explain", "text": f"It connects with `{KEY}`."}


def left_behind(tmp_path):
    """Every file of the person's data and settings folders."""
    found = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert any(path.name == "events.db" for path in found)
    assert any(path.name == "calls.db" for path in found)
    return found


def check(tmp_path):
    """No secret in any of them, and each private: by its own mode or by that of a folder above it."""
    for path in left_behind(tmp_path):
        content = path.read_bytes()
        assert (KEY.encode() in content, PASSWORD.encode() in content) == (False, False), path
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_refactoring_at_the_terminal_leaves_no_secret(tmp_path):
    """The code, the words of the person, and the model's answer are all kept as events, and none of their secrets."""
    (tmp_path / "area.py").write_text(SOURCE)
    script = tmp_path / "script.jsonl"
    for words, line in ((f"rename for clarity, not {KEY}", RENAME), ("explain this", EXPLAIN)):
        script.write_text(json.dumps(line) + "\n")
        command = [PARLEY, "refactor", "area.py:1", words, "--write", "--scripted", str(script)]
        ended = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, umask=0o022
        )
        assert ended.returncode == 0, ended.stderr
    check(tmp_path)
    assert KEY in (tmp_path / "area.py").read_text()


async def test_an_editor_s_session_leaves_no_secret(tmp_path):
    """Nor does its log, with everything that can be logged."""
    log = tmp_path / "home" / "parley.log"
    log.parent.mkdir()
    arguments = ("--log-file", str(log), "--log-level", "debug")
    async with editing(tmp_path, [RENAME, EXPLAIN], arguments=arguments) as editor:
        uri = editor.open(tmp_path / "area.py", SOURCE)
        renamed = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", wait=True))
        explained = await editor.execute("parley.explain", editor.argument(uri, 4, 4, wait=True))
        assert (renamed["outcome"], explained["outcome"]) == ("applied", "explained")
    check(tmp_path)
