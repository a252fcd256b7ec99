"""A document that moves while the model works: the edit follows it where it can, and is kept as a diff where not."""

import asyncio
import json
import subprocess

import pytest

from support.editor import EMACS, NEOVIM, PARLEY, PROFILES, VSCODE, Manners, editing, environment

SOURCE = "def area(w, h):\r\n\t# 😋 é\r\n\tx = w * h\r\n\treturn x\r\n\r\n\r\nlast = 1\r\n"
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
SLOW = {**RENAME, "delay_ms": 300}


def parley(tmp_path, *arguments):
    """What the command prints."""
    given = {"env": environment(tmp_path), "capture_output": True, "text": True, "timeout": 120, "check": True}
    return subprocess.run([PARLEY, *arguments], **given).stdout  # noqa: PLW1510 - given


def events(tmp_path, kind):
    """The kept events of one kind."""
    found = map(json.loads, parley(tmp_path, "events", "export").splitlines())
    return [each for each in found if each.get("event_type") == kind]


async def refactored(editor, uri, **more):
    """Ask for the rename, and wait for its outcome."""
    await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", **more))
    return await editor.until("parley/finished")


async def moved(editor, uri, *replacements):
    """Ask, and type while the model works; the outcome."""
    await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
    await editor.until("parley/asked")
    editor.edit(uri, list(replacements))
    return await editor.until("parley/finished")


@pytest.mark.parametrize("profile", PROFILES)
async def test_an_edit_follows_what_was_typed_elsewhere(tmp_path, profile):
    """Above, below, or both: the result holds what the person wrote and what was asked for, for the version of now."""
    async with editing(tmp_path, [SLOW], profile=profile) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await moved(
            editor, uri, (len(SOURCE), len(SOURCE), "more = 2\r\n"), (0, 0, "import os  # 😋\r\n\r\n")
        )
        assert (finished["outcome"], finished["rebased"], finished["proof"]) == ("applied", True, "proved")
        assert editor.buffers[uri].text == "import os  # 😋\r\n\r\n" + RENAMED + "more = 2\r\n"
        (change,) = editor.applied[0].edit.document_changes
        assert change.text_document.version == 4


async def test_a_rebased_refactoring_is_kept_and_can_be_replayed(tmp_path):
    """The events tell the text that it was moved to, and lead to what the document became."""
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await moved(editor, uri, (len(SOURCE), len(SOURCE), "more = 2\r\n"))
        assert (finished["outcome"], finished["rebased"]) == ("applied", True)
        assert "+more" not in finished["diff"]
    (rebased,) = events(tmp_path, "RefactoringRebased")
    (applied,) = events(tmp_path, "RefactoringApplied")
    assert rebased["aggregate_id"] == applied["aggregate_id"] == finished["id"]
    replayed = parley(tmp_path, "events", "replay", f"refactorings/{finished['id']}")
    assert "+\tproduct = w * h" in replayed


@pytest.mark.parametrize("profile", [VSCODE, EMACS, NEOVIM])
async def test_an_edit_that_was_overtaken_on_its_way_is_sent_again(tmp_path, profile):
    """The person typed elsewhere before the editor took it: it is declined, moved, and lands."""
    manners = Manners()
    async with editing(tmp_path, [RENAME], profile=profile, manners=manners) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)

        def type_once():
            manners.before_applying = None
            editor.type(uri, 0, 0, "# typed\r\n\r\n")

        manners.before_applying = type_once
        finished = await refactored(editor, uri)
        assert (finished["outcome"], finished["rebased"], len(editor.applied)) == ("applied", True, 2)
        assert editor.buffers[uri].text == "# typed\r\n\r\n" + RENAMED


async def test_a_change_that_was_undone_under_the_edit_does_not_lose_it(tmp_path):
    """The text is as it was and only its version another: the edit is sent again, for that one."""
    manners = Manners()
    async with editing(tmp_path, [RENAME], manners=manners) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)

        def type_and_undo_once():
            manners.before_applying = None
            editor.type(uri, 0, 0, "# typed")
            editor.type(uri, 0, len("# typed"), "")

        manners.before_applying = type_and_undo_once
        finished = await refactored(editor, uri)
        versions = [each.edit.document_changes[0].text_document.version for each in editor.applied]
        assert (finished["outcome"], versions, editor.buffers[uri].text) == ("applied", [3, 5], RENAMED)


async def test_a_person_who_never_stops_typing_keeps_the_change_as_a_diff(tmp_path):
    """The tries are few; then it is kept, and can be applied once the typing is over."""
    manners = Manners()
    async with editing(tmp_path, [RENAME], manners=manners) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        manners.before_applying = lambda: editor.type(uri, 0, 0, "# typed\r\n")
        finished = await refactored(editor, uri)
        tries = len(editor.applied)
        assert (finished["outcome"], finished["kept"], tries) == ("stale", True, 4)
        assert editor.buffers[uri].text == "# typed\r\n" * tries + SOURCE
        manners.before_applying = None
        (kept, *_) = await editor.code_actions(uri, 0, 0)
        assert kept.title == "Apply what was kept: Rename for clarity: area"
        last = await editor.execute(kept.command.command, {**kept.command.arguments[0], "wait": True})
        assert last["outcome"] == "applied"
        assert editor.buffers[uri].text == "# typed\r\n" * tries + RENAMED


async def test_two_refactorings_of_one_function_that_are_apart_both_land(tmp_path):
    """The second follows the first; both were asked for the same text."""
    source = "def area(w, h):\n    print(w)\n    print(h)\n    x = w * h\n    return x\n"
    docstring = {"task_class": "docstring", "json": {"docstring": "Return the area of a shape."}, "delay_ms": 400}
    async with editing(tmp_path, [RENAME, docstring]) as editor:
        uri = editor.open(tmp_path / "a.py", source)
        async with asyncio.TaskGroup() as group:
            argument = editor.argument(uri, 4, 4, wait=True)
            second = group.create_task(editor.execute("parley.refactor", {**argument, "task": "docstring"}))
            first = group.create_task(editor.execute("parley.refactor", {**argument, "task": "rename"}))
        assert (first.result()["outcome"], first.result()["rebased"]) == ("applied", False)
        assert (second.result()["outcome"], second.result()["rebased"]) == ("applied", True)
        assert '"""Return the area of a shape."""\n    print(w)' in editor.buffers[uri].text
        assert "    product = w * h\n    return product\n" in editor.buffers[uri].text


async def test_a_cancel_by_shutdown_is_kept(tmp_path):
    """No refactoring is left without its end in the store."""
    endless = {"task_class": "rename", "pieces": [{"text": " ", "delay_ms": 20}], "ending": "endless"}
    async with editing(tmp_path, [endless]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/token")
    (failed,) = events(tmp_path, "RefactoringFailed")
    assert failed["data"]["kind"] == "cancelled"
