"""A scratch copy is apart from the workspace: nothing that is tried there is found in the person's own files."""

import asyncio
import shutil
import sys
import threading

import psutil
import pytest

from parley_agent.document import Document, NewFile, Span, TextEdit
from parley_agent.refactor.errors import RefactorRefusedError
from parley_agent.refactor.requests import Proposed, RefactorRequest
from parley_agent.refactor.scratch import Limits, Scratch
from parley_agent.refactor.tasks import TaskClass
from parley_agent.refactor.trial import tried
from support.event_stores import eventually

LINKED = ("vendor", "node_modules", "target", ".venv")


@pytest.fixture
def workspace(tmp_path):
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "shop.py").write_text("VALUE = 1\n")
    return root


@pytest.mark.parametrize("folder", LINKED)
def test_a_file_in_a_linked_folder_is_not_written(workspace, folder):
    """Folders of tools are linked, so the person's own file would be the one that is written: refused."""
    (workspace / folder / "lib").mkdir(parents=True)
    mine = workspace / folder / "lib" / "a.py"
    mine.write_text("mine\n")
    scratch = Scratch.of(str(workspace), Limits())
    with pytest.raises(RefactorRefusedError, match="lies in " + folder):
        scratch.write({str(mine): "another\n"})
    with pytest.raises(RefactorRefusedError, match="lies in " + folder):
        scratch.write({str(workspace / folder / "lib" / "test_a.py"): "new\n"})
    scratch.remove()
    assert mine.read_text() == "mine\n"
    assert [path.name for path in mine.parent.iterdir()] == ["a.py"]


@pytest.mark.parametrize("folder", [".git", ".parley", ".tox"])
def test_a_file_that_was_left_out_is_not_tried(workspace, folder):
    """The copy has no such folder, so a test could say nothing about it."""
    (workspace / folder).mkdir()
    scratch = Scratch.of(str(workspace), Limits())
    with pytest.raises(RefactorRefusedError, match="lies in " + folder):
        scratch.write({str(workspace / folder / "a.py"): "x\n"})
    scratch.remove()


def trial_of(workspace, command):
    """A proposal for shop.py with one new file, and the request that it answers."""
    path = workspace / "shop.py"
    document = Document(uri=path.as_uri(), language="python", text=path.read_text(), path=str(path))
    request = RefactorRequest(
        document=document, selection=Span(start=0, end=0), test_command=command, workspace_root=str(workspace)
    )
    proposal = Proposed(
        task=TaskClass.SIMPLIFY,
        title="",
        edits=(TextEdit(span=Span(start=8, end=9), new_text="2"),),
        new_files=(NewFile(path=str(workspace / "test_shop.py"), text="from shop import VALUE\n"),),
        proof="unproved",
        evidence="",
    )
    return proposal, request


@pytest.fixture
def temporary(tmp_path):
    """Where scratch copies are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


async def test_a_trial_leaves_nothing_behind(workspace, temporary):
    """Passed or not, the copy is gone and the workspace is as it was."""
    proposal, request = trial_of(workspace, (sys.executable, "-c", "from test_shop import VALUE; assert VALUE == 2"))
    assert (await tried(proposal, request, Limits(folder=temporary))).proof == "tested"
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in workspace.iterdir()) == ["shop.py"]
    assert (workspace / "shop.py").read_text() == "VALUE = 1\n"


@pytest.mark.parametrize("goes", ["shop.py", "tools"])
def test_what_is_removed_while_the_copy_is_made_is_left_out(workspace, temporary, goes):
    """Editors and tools make and remove files at every moment: the rest is copied."""
    (workspace / "kept.py").write_text("")
    (workspace / "tools").mkdir()
    (workspace / "tools" / "a.txt").write_text("")

    def meanwhile():
        """Called before each file; the first one's turn comes when the workspace's own folder was listed."""
        if goes == "tools":
            shutil.rmtree(workspace / goes, ignore_errors=True)
        else:
            (workspace / goes).unlink(missing_ok=True)
        return False

    scratch = Scratch.of(str(workspace), Limits(folder=temporary), meanwhile)
    copied = {path.name for path in scratch.root.rglob("*") if path.is_file()}
    assert copied == {"kept.py", "shop.py", "a.txt"} - {"a.txt" if goes == "tools" else goes}


def test_a_copy_that_cannot_be_made_is_refused_with_the_reason(workspace, temporary):
    """Here because the folder of what is temporary is gone; a refactoring ends with words, never with a fault."""
    with pytest.raises(RefactorRefusedError) as caught:
        Scratch.of(str(workspace), Limits(folder=temporary / "gone"))
    assert caught.value.code == "not-copied"
    assert "No such file or directory" in caught.value.reason
    assert "go without a test command" in caught.value.reason


async def test_a_trial_cancelled_while_its_copy_is_made_leaves_nothing_behind(workspace, temporary):
    """The copy may hold whatever the workspace does, keys included: it is removed all the same.

    Where the machine is slow to tell of the first copied file, all may be copied: then the command runs, for ever.
    """
    for number in range(4000):
        (workspace / f"file{number}.txt").write_text("x")
    proposal, request = trial_of(workspace, (sys.executable, "-c", "import signal; signal.pause()"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(tried(proposal, request, Limits(folder=temporary)))
        await eventually(lambda: asyncio.to_thread(lambda: any(temporary.glob("*/workspace/*.txt"))), expected=True)
        task.cancel()
    assert task.cancelled()
    assert list(temporary.iterdir()) == []


async def test_a_trial_cancelled_while_its_command_runs_ends_the_command(workspace, temporary):
    """And its copy is gone."""
    started = workspace.parent / "started"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    proposal, request = trial_of(workspace, (sys.executable, "-c", code))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(tried(proposal, request, Limits(folder=temporary)))
        await eventually(lambda: asyncio.to_thread(started.exists), expected=True)
        task.cancel()
    assert task.cancelled()
    assert list(temporary.iterdir()) == []


async def test_a_trial_that_is_cancelled_over_and_over_leaves_nothing_behind(workspace, temporary):
    """As by a person who cancels, and an editor that is closed right behind."""
    started = workspace.parent / "started"
    code = f"import os, pathlib, time; pathlib.Path({str(started)!r}).symlink_to(str(os.getpid())); time.sleep(60)"
    proposal, request = trial_of(workspace, (sys.executable, "-c", code))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(tried(proposal, request, Limits(folder=temporary)))
        await eventually(lambda: asyncio.to_thread(started.is_symlink), expected=True)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)
    await eventually(lambda: asyncio.to_thread(lambda: list(temporary.iterdir())), expected=[])
    await eventually(lambda: asyncio.to_thread(psutil.pid_exists, int(started.readlink().name)), expected=False)
    await eventually(lambda: asyncio.to_thread(_is_waited_for), expected=False)


def _is_waited_for():
    """Whether asyncio still waits for a process in a thread of its own, as it does before Python 3.12."""
    return any("waitpid" in thread.name for thread in threading.enumerate())
