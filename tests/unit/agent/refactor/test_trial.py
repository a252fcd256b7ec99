"""Running the person's test command on a result, in a scratch copy."""

import asyncio
import sys

import psutil
import pytest

from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.requests import Proposed, Refused, RunningTests
from parley_agent.refactor.scratch import Limits, Outcome, Scratch
from parley_agent.refactor.tasks import TaskClass
from support.event_stores import eventually
from support.processes import has_ended
from support.virtual_time import standing_until

SLOW = """def evens(numbers):
    ¦result = []
    for n in numbers:
        if n % 2 == 0:
            result.append(n)
    return result
"""
GOOD = "```python\ndef evens(numbers):\n    return [n for n in numbers if n % 2 == 0]\n```"
BAD = "```python\ndef evens(numbers):\n    return [n for n in numbers if n % 2]\n```"
CHECK = "from shop import evens\n\nassert evens([1, 2, 4]) == [2, 4], 'wrong'\n"
WISH = "use a comprehension"
COMMAND = (sys.executable, "check.py")


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(SLOW.replace("¦", ""))
    (tmp_path / "check.py").write_text(CHECK)
    return tmp_path


async def test_a_result_that_passes_is_labelled_tested(bench, shop):
    """The command that the person named ran on the result; the workspace was not touched."""
    case = bench(SLOW, GOOD, path=str(shop / "shop.py"))
    events = await case.run(TaskClass.SIMPLIFY, test_command=COMMAND, workspace_root=str(shop))
    assert RunningTests(command=COMMAND) in events
    assert events[-1].proof == "tested"
    assert (shop / "shop.py").read_text() == SLOW.replace("¦", "")
    assert sorted(path.name for path in shop.iterdir()) == ["check.py", "shop.py"]


async def test_a_result_that_fails_is_told_to_the_model(bench, shop):
    """The tail of the output is the problem; a better answer is used."""
    case = bench(SLOW, BAD, GOOD, path=str(shop / "shop.py"))
    proposed = await case.last(instruction=WISH, test_command=COMMAND, workspace_root=str(shop))
    assert proposed.proof == "tested"
    assert "AssertionError: wrong" in case.models.requests[1].messages[-1].text


async def test_a_result_that_keeps_failing_is_refused_with_the_tail(bench, shop):
    """And nothing is changed."""
    case = bench(SLOW, BAD, BAD, path=str(shop / "shop.py"))
    refused = await case.last(instruction=WISH, test_command=COMMAND, workspace_root=str(shop))
    assert refused.code == "tests-failed"
    assert "AssertionError: wrong" in refused.reason


async def test_tests_that_fail_anyway_are_not_held_against_the_change(bench, shop):
    """They show nothing, and the person is told so."""
    (shop / "check.py").write_text("raise SystemExit('always')")
    case = bench(SLOW, GOOD, path=str(shop / "shop.py"))
    refused = await case.last(TaskClass.SIMPLIFY, test_command=COMMAND, workspace_root=str(shop))
    assert refused.code == "tests-fail-already"
    assert "always" in refused.reason


async def test_what_is_proved_is_not_run(bench, shop):
    """A rename needs no test; nothing is acted on."""
    case = bench(SLOW.replace("n ", "q ").replace("(n)", "(q)"), '{"q": "number"}', path=str(shop / "shop.py"))
    events = await case.run(TaskClass.RENAME, test_command=COMMAND, workspace_root=str(shop))
    assert not any(isinstance(event, RunningTests) for event in events)


async def test_nothing_runs_that_the_person_did_not_name(bench, shop):
    """Without a command there is no trial."""
    proposed = await bench(SLOW, GOOD, path=str(shop / "shop.py")).last(TaskClass.SIMPLIFY, workspace_root=str(shop))
    assert isinstance(proposed, Proposed)
    assert proposed.proof == "unproved"


async def test_a_command_that_is_not_there_is_refused(bench, shop):
    """The message names it."""
    case = bench(SLOW, GOOD, path=str(shop / "shop.py"))
    refused = await case.last(TaskClass.SIMPLIFY, test_command=("no-such-program",), workspace_root=str(shop))
    assert isinstance(refused, Refused)
    assert "no-such-program" in refused.reason


async def test_generated_tests_are_run_as_well(bench, shop):
    """The new file is in the copy, and only there."""
    tests = "```python\ndef test_evens():\n    assert evens([1, 2]) == [2]\n```"
    case = bench(SLOW, tests, path=str(shop / "shop.py"))
    command = (sys.executable, "-c", "import test_shop; test_shop.test_evens()")
    proposed = await case.last(TaskClass.GENERATE_TESTS, test_command=command, workspace_root=str(shop))
    assert proposed.proof == "tested"
    assert not (shop / "test_shop.py").exists()


@pytest.fixture
def scratch(shop):
    made = Scratch.of(str(shop), Limits(run_s=20))
    yield made
    made.remove()


async def test_the_environment_holds_no_keys(scratch, monkeypatch):
    """Only a few variables of ours reach the command."""
    monkeypatch.setenv("SOME_API_KEY", "secret")
    outcome = await scratch.run((sys.executable, "-c", "import os; print(sorted(os.environ))"))
    assert outcome.passed
    assert "SOME_API_KEY" not in outcome.tail


async def test_the_command_is_no_shell(scratch):
    """Words that mean something to a shell are plain arguments."""
    outcome = await scratch.run((sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; echo no"))
    assert outcome.tail == "$HOME; echo no"


def test_a_command_that_never_ends_is_killed_with_its_children(shop):
    """After the limit, which passes when the child is there, nothing of it is left."""
    pid_file = shop / "pid"
    child = f"import os, pathlib, time; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"

    async def killed():
        scratch = Scratch.of(str(shop), Limits(run_s=90))
        outcome = await scratch.run((sys.executable, "-c", parent))
        scratch.remove()
        await eventually(lambda: asyncio.to_thread(has_ended, int(pid_file.read_text())), expected=True)
        return outcome

    outcome = standing_until(lambda: pid_file.exists() and pid_file.read_text() != "", killed())
    assert (outcome.passed, "longer than 90 seconds" in outcome.tail) == (False, True)


async def test_what_a_command_leaves_behind_is_not_waited_for(scratch, left_behind):
    """A command that passed has passed, though what it started out of its group holds its output open."""
    pid_file, command = left_behind
    assert await scratch.run((sys.executable, "-c", command)) == Outcome(passed=True, tail="passed")
    assert not has_ended(int(pid_file.read_text()))


@pytest.fixture
def left_behind(tmp_path_factory):
    pid_file = tmp_path_factory.mktemp("left") / "pid"
    command = (
        "import pathlib, subprocess, sys; "
        "left = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], start_new_session=True); "
        f"pathlib.Path({str(pid_file)!r}).write_text(str(left.pid)); print('passed')"
    )
    yield pid_file, command
    psutil.Process(int(pid_file.read_text())).kill()


async def test_endless_output_is_bounded(scratch):
    """Only the last of it is kept, free of control characters."""
    outcome = await scratch.run((sys.executable, "-c", "print('x' * 3_000_000); print('\\x1b[31mend')"))
    assert outcome.tail.endswith("[31mend")
    assert len(outcome.tail) <= 2000


def test_a_link_that_leads_outside_is_not_followed(shop, tmp_path_factory):
    """What is outside of the workspace stays there."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    (shop / "file.txt").symlink_to(outside / "secret.txt")
    (shop / "folder").symlink_to(outside)
    (shop / "inside.py").symlink_to(shop / "shop.py")
    scratch = Scratch.of(str(shop), Limits())
    copied = sorted(path.name for path in scratch.root.iterdir())
    scratch.remove()
    assert copied == ["check.py", "inside.py", "shop.py"]


def test_a_workspace_that_is_too_large_is_refused(shop):
    """Nothing is left behind."""
    with pytest.raises(RefactorRefusedError, match="too large"):
        Scratch.of(str(shop), Limits(copied_files=1))


def test_a_path_outside_of_the_workspace_is_refused(scratch):
    """The copy holds the workspace only."""
    with pytest.raises(RefactorRefusedError, match="outside of the workspace"):
        scratch.write({"/etc/passwd": "x"})


def test_a_workspace_that_is_not_there_is_refused():
    """The message names it."""
    with pytest.raises(RefactorRefusedError, match="/no/such/folder"):
        Scratch.of("/no/such/folder", Limits())
