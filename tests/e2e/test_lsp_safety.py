"""A file is never corrupted, whatever an editor, a person or a model does meanwhile."""

import asyncio

import pytest
from lsprotocol import types

from support.editor import EMACS, NEOVIM, PROFILES, VSCODE, Manners, editing

SOURCE = "def area(w, h):\r\n\t# 😋 é\r\n\tx = w * h\r\n\treturn x\r\n\r\n\r\nlast = 1\r\n"
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
ENDLESS = {
    "task_class": "rename",
    "pieces": [{"text": "{", "delay_ms": 20}, {"text": " ", "delay_ms": 20}],
    "ending": "endless",
}


async def refactored(editor, uri, **more):
    """Ask for the rename, and wait for its outcome."""
    await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", **more))
    return await editor.until("parley/finished")


@pytest.mark.parametrize("profile", PROFILES)
async def test_the_edit_says_which_version_it_is_for(tmp_path, profile):
    """Every client that reads versions gets the one it told, also Neovim, which announces only file operations."""
    async with editing(tmp_path, [RENAME], profile=profile) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        editor.manners.versions_step = 7
        editor.type(uri, len(SOURCE), len(SOURCE), "# more\r\n")
        assert (await refactored(editor, uri))["outcome"] == "applied"
        (change,) = editor.applied[0].edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (uri, 10)
        assert editor.buffers[uri].text == RENAMED + "# more\r\n"


async def test_edits_are_as_small_as_what_changed(tmp_path):
    """The cursor, marks and folds of the rest of the document stay where they are."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await refactored(editor, uri)
        changed = [edit for change in editor.applied[0].edit.document_changes for edit in change.edits]
        assert all(edit.range.start.line in (2, 3) and edit.range.end.line in (2, 3) for edit in changed)


async def test_a_document_that_moved_while_the_model_worked_is_left_alone(tmp_path):
    """Nothing is sent; the diff is kept for the person."""
    slow = {**RENAME, "delay_ms": 300}
    async with editing(tmp_path, [slow]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/asked")
        editor.type(uri, SOURCE.index("w * h"), SOURCE.index("w * h"), "2 * ")
        finished = await editor.until("parley/finished")
        assert finished["outcome"] == "stale"
        assert "+\tproduct = w * h" in finished["diff"]
        assert editor.applied == []
        assert editor.buffers[uri].text == SOURCE.replace("w * h", "2 * w * h")


@pytest.mark.parametrize("profile", [VSCODE, EMACS, NEOVIM])
async def test_a_document_that_moves_under_the_edit_is_left_alone(tmp_path, profile):
    """The person types where the edit goes while it is on its way: the editor declines, and it is kept as a diff."""
    manners = Manners()
    async with editing(tmp_path, [RENAME], profile=profile, manners=manners) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        at = SOURCE.index("w * h")
        manners.before_applying = lambda: editor.type(uri, at, at, "2 * ")
        finished = await refactored(editor, uri)
        assert (finished["outcome"], finished["kept"], len(editor.applied)) == ("stale", True, 1)
        assert editor.buffers[uri].text == SOURCE.replace("w * h", "2 * w * h")


async def test_an_editor_that_says_applied_and_did_not_is_not_believed(tmp_path):
    """Only the text itself proves that the edit landed."""
    async with editing(tmp_path, [RENAME], manners=Manners(applies=False, says_applied=True)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await refactored(editor, uri)
        assert (finished["outcome"], editor.buffers[uri].text) == ("unconfirmed", SOURCE)


async def test_an_editor_that_says_no_and_yet_did_is_read_by_its_text(tmp_path):
    """The change came back: it is applied, whatever the answer says."""
    async with editing(tmp_path, [RENAME], manners=Manners(says_applied=False)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await refactored(editor, uri)
        assert (finished["outcome"], editor.buffers[uri].text) == ("applied", RENAMED)


async def test_an_editor_that_says_no_is_asked_no_more(tmp_path):
    """The reason that it gives reaches the person."""
    async with editing(tmp_path, [RENAME], manners=Manners(applies=False)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await refactored(editor, uri)
        assert finished["outcome"] == "declined"
        assert finished["message"] == "The editor did not apply the edit: the editor said no."
        assert len(editor.applied) == 1


async def test_typing_on_at_once_does_not_hide_that_the_edit_landed(tmp_path):
    """The edit's own change is recognised among those that follow."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)

        editor.manners.after_applying = lambda: editor.type(uri, 0, 0, "# on\r\n")
        finished = await refactored(editor, uri)
        assert (finished["outcome"], editor.buffers[uri].text) == ("applied", "# on\r\n" + RENAMED)


async def test_a_file_that_is_not_open_is_edited_through_the_editor_and_read_back(tmp_path):
    """An editor that writes the file without opening it is believed by the disk."""
    path = tmp_path / "a.py"
    path.write_bytes(SOURCE.encode())
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(path, SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename")
        del argument["textDocument"]["version"]
        editor.close(uri)
        editor.manners.applies = False
        editor.manners.says_applied = True
        editor.manners.before_applying = lambda: path.write_bytes(RENAMED.encode())
        await editor.execute("parley.refactor", argument)
        assert (await editor.until("parley/finished"))["outcome"] == "applied"
        (change,) = editor.applied[0].edit.document_changes
        assert change.text_document.version is None


async def test_unsaved_text_goes_before_the_disk(tmp_path):
    """What the editor shows is what is refactored."""
    path = tmp_path / "a.py"
    path.write_text("def area(): pass\n")
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(path, SOURCE)
        await refactored(editor, uri)
        assert (editor.buffers[uri].text, path.read_text()) == (RENAMED, "def area(): pass\n")


@pytest.mark.parametrize(
    "answer",
    [
        {"task_class": "rename", "text": "I would rename x to product."},
        {"task_class": "rename", "json": {"x": "w"}},
        {"task_class": "rename", "json": {"x": "import"}},
        {"task_class": "rename", "text": '{"x": "prod', "ending": "truncated"},
        {
            "task_class": "rename",
            "text": "{",
            "error": {"kind": "server", "message": "It fell over.", "after_pieces": 1},
        },
        {"task_class": "rename", "error": {"kind": "overloaded", "message": "No room."}},
    ],
    ids=["prose", "taken name", "keyword", "truncated", "failed", "overloaded"],
)
async def test_a_bad_answer_changes_nothing(tmp_path, answer):
    """Refused or failed, with a message; the editor is never asked to apply anything."""
    async with editing(tmp_path, [{**answer, "times": 9}]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await refactored(editor, uri)
        assert finished["outcome"] in ("refused", "failed")
        assert finished["message"]
        assert (editor.applied, editor.buffers[uri].text) == ([], SOURCE)
        assert await editor.code_actions(uri, 4, 4)


async def test_a_diff_alone_applies_nothing(tmp_path):
    """With apply: false the person only looks."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await refactored(editor, uri, apply=False)
        assert finished["outcome"] == "diff"
        assert "-\treturn x\r\n+\tproduct = w * h\r\n+\treturn product\r\n" in finished["diff"]
        assert editor.applied == []


async def test_a_request_for_another_version_is_refused_at_once(tmp_path):
    """The menu was opened before the person typed on: the selection may mean something else now."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename")
        editor.type(uri, 0, 0, "# typed\r\n")
        with pytest.raises(Exception, match="The document is at version 4 now, not 3; choose again") as caught:
            await editor.execute("parley.refactor", argument)
        assert caught.value.code == types.LSPErrorCodes.ContentModified


async def test_a_new_file_is_created_by_the_editor(tmp_path):
    """Tests go into a file of their own, by a create operation that never overwrites."""
    body = "from area import area\n\n\ndef test_area():\n    assert area(2, 3) == 6\n"
    answer = {"task_class": "generate-tests", "text": f"```python\n{body}```\n"}
    source = "def area(w, h):\n    return w * h\n"
    async with editing(tmp_path, [answer]) as editor:
        path = tmp_path / "area.py"
        path.write_text(source)
        uri = editor.open(path, source)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="generate-tests"))
        finished = await editor.until("parley/finished")
        assert finished["outcome"] == "applied", finished
        (created,) = finished["created"]
        assert "def test_area" in editor.buffers[created].text


async def test_an_editor_that_creates_no_files_is_told_another_way(tmp_path):
    """Emacs cannot create files for a server: the refusal names the command line."""
    answer = {"task_class": "generate-tests", "text": "```python\ndef test_area():\n    assert area(2, 3) == 6\n```\n"}
    source = "def area(w, h):\n    return w * h\n"
    async with editing(tmp_path, [answer], profile=EMACS) as editor:
        path = tmp_path / "area.py"
        path.write_text(source)
        uri = editor.open(path, source)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="generate-tests"))
        finished = await editor.until("parley/finished")
        assert (finished["outcome"], editor.applied) == ("refused", [])
        assert "this editor cannot create files" in finished["message"]


CANCELS = ["command", "progress", "close", "all"]


@pytest.mark.parametrize("way", CANCELS)
async def test_every_way_to_cancel_ends_the_request_and_changes_nothing(tmp_path, way):
    """A model that would stream for ever is stopped."""
    async with editing(tmp_path, [ENDLESS]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"), token="mine")
        await editor.until("parley/token")
        match way:
            case "command":
                assert await editor.execute("parley.cancel", {"id": accepted["id"]}) == {"cancelled": [accepted["id"]]}
            case "all":
                assert await editor.execute("parley.cancel") == {"cancelled": [accepted["id"]]}
            case "progress":
                editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="mine"))
            case "close":
                editor.close(uri)
        finished = await editor.until("parley/finished")
        assert (finished["outcome"], editor.applied) == ("cancelled", [])
        assert await editor.execute("parley.cancel") == {"cancelled": []}


async def test_cancelling_a_request_that_waits_cancels_the_refactoring(tmp_path):
    """`$/cancelRequest` of a command with wait: true ends both."""
    async with editing(tmp_path, [ENDLESS]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename", wait=True)
        params = types.ExecuteCommandParams(command="parley.refactor", arguments=[argument])
        waiting = editor.client.protocol.send_request_async(types.WORKSPACE_EXECUTE_COMMAND, params, msg_id="77")

        async def cancel():
            await editor.until("parley/token")
            editor.client.cancel_request(types.CancelParams(id="77"))

        async with asyncio.TaskGroup() as group:
            group.create_task(cancel())
            with pytest.raises(Exception, match="was cancelled") as caught:
                await waiting
        assert caught.value.code == types.LSPErrorCodes.RequestCancelled
        assert (await editor.until("parley/finished"))["outcome"] == "cancelled"


async def test_shutting_down_ends_a_model_that_streams_for_ever(tmp_path):
    """The process ends by itself, with the exit code of a proper goodbye."""
    async with editing(tmp_path, [ENDLESS]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/token")
    assert editor.client._server.returncode == 0


async def test_a_command_that_waits_answers_with_the_outcome(tmp_path):
    """With wait: true the answer is what the notification says."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        answered = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", wait=True))
        told = await editor.until("parley/finished")
        assert {**answered, "seq": told["seq"]} == told
