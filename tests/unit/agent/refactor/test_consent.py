"""What may be applied without asking the person."""

from dataclasses import replace

import pytest

from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.service import RefactorService
from parley_agent.refactor.tasks import TaskClass

PROPOSAL = Proposed(task=TaskClass.SIMPLIFY, title="Simplify: f", edits=(), proof="unproved", evidence="Not proved.")
CODE = "def f(a):\n    ¦t = a\n    return t\n"
REWRITTEN = "```python\ndef f(a):\n    return a + 0\n```"


@pytest.mark.parametrize(
    ("proof", "unproved", "needs_consent"),
    [
        ("proved", "ask", False),
        ("tested", "ask", False),
        ("unproved", "ask", True),
        ("proved", "apply", False),
        ("tested", "apply", False),
        ("unproved", "apply", False),
    ],
)
def test_only_what_is_neither_proved_nor_tested_needs_a_yes(proof, unproved, needs_consent):
    """Unless the person's settings gave it beforehand."""
    assert replace(PROPOSAL, proof=proof, unproved=unproved).needs_consent is needs_consent


@pytest.mark.parametrize("unproved", ["ask", "apply"])
async def test_a_proposal_tells_what_the_settings_say(bench, unproved):
    """Front ends need to know no more than the proposal."""
    case = bench(CODE, REWRITTEN)
    request = RefactorRequest(document=case.document, selection=case.selection, instruction="return at once")
    *_, last = [event async for event in RefactorService(case.models, unproved=unproved).run(request)]
    assert (last.proof, last.unproved) == ("unproved", unproved)


ACTING = [
    "/w/.git/hooks/post_commit.py",
    "/w/.github/scripts/release.py",
    "/w/.vscode/tasks.py",
    "/w/.parley/x.py",
    "/w/sitecustomize.py",
    "/w/lib/a.pth",
    "/home/p/.bashrc",
    "/w/.HUSKY/pre.py",
]


@pytest.mark.parametrize("path", ACTING)
@pytest.mark.parametrize("unproved", ["ask", "apply"])
async def test_a_file_that_acts_by_being_there_always_needs_a_yes(bench, path, unproved):
    """Proved or not, and whatever the settings say: who writes a hook decides what runs."""
    case = bench("def f(a):\n    ¦t = a\n    return t\n", '{"t": "value"}', path=path)
    request = RefactorRequest(document=case.document, selection=case.selection, task=TaskClass.RENAME)
    *_, last = [event async for event in RefactorService(case.models, unproved=unproved).run(request)]
    assert (last.proof, last.needs_consent) == ("proved", True)
    assert "acts by being there" in last.evidence


@pytest.mark.parametrize("path", ["/w/git/hooks.py", "/w/pth.py", "/w/src/profile.py", "/w/.gitignore.py"])
async def test_other_files_are_asked_about_only_for_want_of_proof(bench, path):
    """A yes that is asked for too often is given without looking."""
    case = bench("def f(a):\n    ¦t = a\n    return t\n", '{"t": "value"}', path=path)
    assert (await case.last(TaskClass.RENAME)).needs_consent is False


async def test_a_new_file_that_acts_by_being_there_needs_a_yes(bench, tmp_path):
    """Though the settings accept what is not proved."""
    path = tmp_path / ".github" / "shop.py"
    case = bench(CODE, "```python\ndef test_f():\n    assert f(1) == 1\n```", path=str(path))
    request = RefactorRequest(document=case.document, selection=case.selection, task=TaskClass.GENERATE_TESTS)
    *_, last = [event async for event in RefactorService(case.models, unproved="apply").run(request)]
    assert (len(last.new_files), last.needs_consent) == (1, True)


async def test_a_link_to_such_a_file_needs_a_yes(bench, tmp_path):
    """What is written is what it leads to."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "hook.py").touch()
    (tmp_path / "shop.py").symlink_to(tmp_path / ".git" / "hook.py")
    case = bench("def f(a):\n    ¦t = a\n    return t\n", '{"t": "value"}', path=str(tmp_path / "shop.py"))
    assert (await case.last(TaskClass.RENAME, workspace_root=str(tmp_path))).needs_consent is True


async def test_where_the_workspace_lies_does_not_count(bench):
    """A worktree may be kept in such a folder; the person opened it."""
    case = bench("def f(a):\n    ¦t = a\n    return t\n", '{"t": "value"}', path="/w/.claude/trees/one/shop.py")
    assert (await case.last(TaskClass.RENAME, workspace_root="/w/.claude/trees/one")).needs_consent is False
