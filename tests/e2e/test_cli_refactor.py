"""`parley refactor` and `parley demo`, as a person runs them."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import suppress

import pytest

from support.editor import PARLEY, environment

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}


@pytest.fixture
def run(tmp_path):
    """Runs `parley refactor` on area.py with a script."""
    (tmp_path / "area.py").write_text(SOURCE)

    def ran(*arguments, script=(RENAME,)):
        file = tmp_path / "script.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in script))
        command = [PARLEY, "refactor", *arguments, "--scripted", str(file)]
        return subprocess.run(
            command, check=False, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
        )

    return ran


def test_the_diff_is_printed_and_nothing_is_written(run, tmp_path):
    """By default a person only looks; what `git apply` needs is all that standard output has."""
    ended = run("area.py:1", "rename for clarity")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[2:] == [
        "@@ -1,3 +1,3 @@",
        " def area(w, h):",
        "-    x = w * h",
        "-    return x",
        "+    product = w * h",
        "+    return product",
    ]
    assert "The syntax tree is the same but for local names" in ended.stderr
    assert (tmp_path / "area.py").read_text() == SOURCE


def test_write_replaces_the_file_and_keeps_its_permissions(run, tmp_path):
    """The link stays a link, the mode stays the mode."""
    (tmp_path / "area.py").chmod(0o755)
    (tmp_path / "link.py").symlink_to("area.py")
    ended = run("link.py:1-3", "--as", "rename", "--write")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "area.py").read_text() == RENAMED
    assert stat.S_IMODE((tmp_path / "area.py").stat().st_mode) == 0o755
    assert (tmp_path / "link.py").is_symlink()
    assert not list(tmp_path.glob(".area*"))


def test_json_tells_the_whole_outcome(run):
    """For programs: one object on standard output."""
    ended = run("area.py:2", "rename for clarity", "--json")
    told = json.loads(ended.stdout)
    assert {name: told[name] for name in ("outcome", "task", "proof", "provider", "model")} == {
        "outcome": "diff",
        "task": "rename",
        "proof": "proved",
        "provider": "scripted",
        "model": "script",
    }
    assert "+    product = w * h" in told["diff"]


def test_an_explanation_is_printed(run):
    """Explaining changes nothing and needs no diff."""
    ended = run("area.py:1", "--as", "explain", script=[{"task_class": "explain", "text": "It multiplies.\n"}])
    assert (ended.returncode, "It multiplies." in ended.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.py:1", "rename"], 1, "none.py cannot be read: No such file or directory."),
        (["area.py:9", "rename"], 2, "area.py has 4 lines; there is no line 9"),
        (["area.py:3-1", "rename"], 2, "lines count from 1, and the first comes before the last"),
        (["area.py:0", "rename"], 2, "lines count from 1"),
        (["area.py"], 2, "say what to do"),
        (["area.py:1", "--as", "dance"], 2, "'dance'"),
        (["area.py:1", "--as", "rename", "--test-command", "'half"], 2, "No closing quotation"),
    ],
)
def test_wrong_usage_is_explained(run, arguments, code, said):
    """One sentence with the value, the exit code of its kind, never a stack trace."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_a_refusal_and_a_failure_have_exit_code_1_and_a_reason(run, tmp_path, as_json):
    """Nothing is written, even if that was asked for."""
    options = ["--write", *(["--json"] if as_json else [])]
    refused = run("area.py:1", "--as", "rename", *options, script=[{**RENAME, "json": {"x": "w"}, "times": 5}])
    failed = run(
        "area.py:1", "--as", "rename", *options,
        script=[{"task_class": "rename", "error": {"kind": "auth", "message": "The key was refused."}}],
    )  # fmt: skip
    assert (refused.returncode, failed.returncode) == (1, 1)
    assert "The key was refused." in (failed.stdout if as_json else failed.stderr)
    if as_json:
        assert [json.loads(each.stdout)["outcome"] for each in (refused, failed)] == ["refused", "failed"]
    assert (tmp_path / "area.py").read_text() == SOURCE


def test_a_file_that_changed_meanwhile_is_not_written(run, tmp_path):
    """The person saved while the model worked: their text stays."""
    change = f"import pathlib; pathlib.Path({str(tmp_path / 'area.py')!r}).write_text('mine\\n')"
    ended = run(
        "area.py:1", "--as", "simplify", "--write", "--test-command", f'{sys.executable} -c "{change}"',
        script=[UNPROVED],
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert "area.py changed meanwhile, so nothing was written." in ended.stderr
    assert (tmp_path / "area.py").read_text() == "mine\n"


def test_control_c_cancels_with_130(tmp_path):
    """The model streams for ever; the person does not wait."""
    (tmp_path / "area.py").write_text(SOURCE)
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps({"task_class": "rename", "ending": "stalled", "text": "{"}) + "\n")
    command = [PARLEY, "refactor", "area.py:1", "--as", "rename", "--write", "--scripted", str(script)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert "Asking" in process.stderr.readline()
        assert "scripted/script" in process.stderr.readline()
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.splitlines()[-1]) == (130, "Cancelled; nothing was changed.")
    assert (tmp_path / "area.py").read_text() == SOURCE


def test_the_demo_shows_the_whole_way(tmp_path):
    """Offers, route, tokens, diff, file and times, from a real server process."""
    script = tmp_path / "script.jsonl"
    lines = [
        {"task_class": "rename", "json": {"t": "subtotal", "p": "price", "x": "tax"}},
        {"task_class": "docstring", "json": {"docstring": "Return what is to be paid."}},
    ]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = subprocess.run(
        [PARLEY, "demo", "--scripted", str(script)],
        check=False,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    for shown in (
        "refactor.extract.parley",
        "Route: scripted/script",
        '"subtotal"',
        "+    subtotal = 0",
        '+    """Return what is to be paid."""',
        "to the first token",
        "parley profile",
    ):
        assert shown in ended.stdout


UNPROVED = {"task_class": "simplify", "text": "```python\ndef area(w, h):\n    return h * w\n```\n"}
SIMPLER = "def area(w, h):\n    return h * w\n"


@pytest.fixture
def answered(tmp_path):
    """Runs `parley refactor --write` on area.py at a terminal of its own, where somebody types `typed`."""
    (tmp_path / "area.py").write_text(SOURCE)
    (tmp_path / "script.jsonl").write_text(json.dumps(UNPROVED) + "\n")
    command = [PARLEY, "refactor", "area.py:1", "--as", "simplify", "--write", "--scripted", "script.jsonl"]

    def ran(typed):
        ours, theirs = os.openpty()
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs, text=True,
            start_new_session=True,
        ) as process:  # fmt: skip
            os.close(theirs)
            said = ""
            with suppress(OSError):  # how Linux tells that the other end of a terminal is closed
                while piece := os.read(ours, 4096).decode():
                    said += piece
                    if typed and "[y/N]" in said:
                        os.write(ours, typed)
                        typed = b""
            os.close(ours)
        return process.returncode, said, (tmp_path / "area.py").read_text()

    return ran


@pytest.mark.parametrize(
    ("typed", "code", "text", "answer"),
    [
        (b"y\n", 0, SIMPLER, "ConsentGiven"),
        (b"n\n", 3, SOURCE, "declined"),
        (b"\n", 3, SOURCE, "declined"),
        (b"\x04", 1, SOURCE, "withdrawn"),
    ],
)
def test_an_unproved_change_is_shown_and_written_after_a_yes(answered, tmp_path, typed, code, text, answer):
    """Enter alone is a no; whoever ends the input has said nothing. The question and its answer are kept."""
    ended, said, left = answered(typed)
    assert (ended, left) == (code, text), said
    assert said.index("return h * w") < said.index("[y/N]")
    assert said.count("Not proved") == 1
    kept = subprocess.run(
        [PARLEY, "events", "export"], check=True, env=environment(tmp_path), capture_output=True, text=True
    )
    assert re.search(f"ConsentAsked.*{answer}", kept.stdout, re.DOTALL), kept.stdout


def test_an_unproved_change_waits_where_nobody_can_be_asked(run, tmp_path):
    """Exit code 3, the diff, and the ways out; `--json` says the same to programs."""
    arguments = ["area.py:1", "--as", "simplify", "--write"]
    ended, told = (run(*arguments, *more, script=[UNPROVED]) for more in ([], ["--json"]))
    assert (ended.returncode, told.returncode, (tmp_path / "area.py").read_text()) == (3, 3, SOURCE)
    assert "+    return h * w" in ended.stdout
    assert "--yes" in ended.stderr
    assert "--test 'pytest -q'" in ended.stderr
    found = json.loads(told.stdout)
    assert (found["outcome"], found["code"], found["proof"], found["needs_consent"]) == (
        "offered", "needs-consent", "unproved", True,
    )  # fmt: skip


@pytest.mark.parametrize("given", ["option", "settings"])
def test_a_yes_can_be_given_beforehand(run, tmp_path, given):
    """By `--yes` or in the person's own settings; that is kept as their consent."""
    if given == "settings":
        settings = tmp_path / "home" / "config" / "parley" / "config.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text("refactor:\n  unproved: apply\n")
    more = ["--yes"] if given == "option" else []
    ended = run("area.py:1", "--as", "simplify", "--write", *more, script=[UNPROVED])
    assert (ended.returncode, (tmp_path / "area.py").read_text()) == (0, SIMPLER), ended.stderr
    kept = subprocess.run(
        [PARLEY, "events", "export"], check=False, env=environment(tmp_path), capture_output=True, text=True
    )
    assert "ConsentGiven" in kept.stdout, kept.stderr


def test_a_proved_change_of_a_file_that_acts_by_being_there_waits_for_a_yes(run, tmp_path):
    """A repository's hooks run by themselves; `--yes` beside the file's name is a yes to it, the settings are none."""
    (tmp_path / "home" / "config" / "parley").mkdir(parents=True)
    (tmp_path / "home" / "config" / "parley" / "config.yaml").write_text("refactor:\n  unproved: apply\n")
    hook = tmp_path / ".git" / "hooks" / "area.py"
    hook.parent.mkdir(parents=True)
    hook.write_text(SOURCE)
    ended = run(".git/hooks/area.py:1", "rename for clarity", "--write")
    assert (ended.returncode, hook.read_text()) == (3, SOURCE)
    assert "the file acts by being there" in ended.stderr
    ended = run(".git/hooks/area.py:1", "rename for clarity", "--write", "--yes")
    assert (ended.returncode, hook.read_text()) == (0, RENAMED), ended.stderr


def test_a_tested_change_is_written_without_a_question(run, tmp_path):
    """The named test is the evidence."""
    check = f'{sys.executable} -c "import area; assert area.area(2, 3) == 6"'
    ended = run("area.py:1", "--as", "simplify", "--write", "--test", check, script=[UNPROVED])
    assert (ended.returncode, (tmp_path / "area.py").read_text()) == (0, SIMPLER), ended.stderr
