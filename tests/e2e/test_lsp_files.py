"""Files that get another name, or are deleted, while a model works; folders; several workspace folders."""

import json

import pytest
from lsprotocol import types
from pygls.uris import from_fs_path

from support.editor import editing

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
SLOW = {**RENAME, "delay_ms": 600}
ENDLESS = {"task_class": "rename", "pieces": [{"text": " ", "delay_ms": 20}], "ending": "endless"}


async def asked(editor, uri, **more):
    """Ask for the rename, and wait until a model works at it; the request's id."""
    accepted = await editor.execute("parley.refactor", {**editor.argument(uri, 4, 4, task="rename"), **more})
    await editor.until("parley/asked")
    return accepted["id"]


async def ended(editor, request_id):
    """How that request ended."""

    def finished():
        return [told for method, told in editor.told if method == "parley/finished" and told["id"] == request_id]

    await editor.hears(finished)
    return finished()[0]


def renaming(old, new):
    return types.RenameFilesParams([types.FileRename(from_fs_path(str(old)), from_fs_path(str(new)))])


async def rename_open(editor, old, new, text):
    """As VS Code does: announced, closed, opened under the new name, told."""
    await editor.client.workspace_will_rename_files_async(renaming(old, new))
    editor.close(from_fs_path(str(old)))
    uri = editor.open(new, text)
    editor.client.workspace_did_rename_files(renaming(old, new))
    return uri


async def test_a_refactoring_goes_on_under_the_new_name(tmp_path):
    """The edit lands in the document of that name."""
    async with editing(tmp_path, [SLOW]) as editor:
        request = await asked(editor, editor.open(tmp_path / "a.py", SOURCE))
        uri = await rename_open(editor, tmp_path / "a.py", tmp_path / "b.py", SOURCE)
        assert (await ended(editor, request))["outcome"] == "applied"
        assert {each.uri: each.text for each in editor.buffers.values()} == {uri: RENAMED}


async def test_a_renamed_folder_takes_along_what_is_in_it(tmp_path):
    """A name with characters that a URI escapes, too."""
    async with editing(tmp_path, [SLOW]) as editor:
        request = await asked(editor, editor.open(tmp_path / "old" / "ä b.py", SOURCE))
        await editor.client.workspace_will_rename_files_async(renaming(tmp_path / "old", tmp_path / "new"))
        editor.close(from_fs_path(str(tmp_path / "old" / "ä b.py")))
        uri = editor.open(tmp_path / "new" / "ä b.py", SOURCE)
        editor.client.workspace_did_rename_files(renaming(tmp_path / "old", tmp_path / "new"))
        assert (await ended(editor, request))["outcome"] == "applied"
        assert editor.buffers[uri].text == RENAMED


async def test_a_file_that_is_not_open_is_found_under_its_new_name(tmp_path):
    """What is sent names it so; a client that opens it for the edit has it edited."""
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(path, SOURCE)
        argument = editor.argument(uri, 4, 4)
        editor.close(uri)
        request = await asked_closed(editor, argument)
        path.rename(tmp_path / "b.py")
        editor.client.workspace_did_rename_files(renaming(path, tmp_path / "b.py"))
        editor.manners.before_applying = lambda: editor.open(tmp_path / "b.py", SOURCE)
        assert (await ended(editor, request))["outcome"] == "applied"
        assert editor.buffers[from_fs_path(str(tmp_path / "b.py"))].text == RENAMED
        assert not path.exists()


async def asked_closed(editor, argument):
    """Ask for the rename in a document that is not open."""
    del argument["textDocument"]["version"]
    accepted = await editor.execute("parley.refactor", {**argument, "task": "rename"})
    await editor.until("parley/asked")
    return accepted["id"]


async def test_a_document_that_is_closed_after_a_renaming_that_never_came_is_let_go(tmp_path):
    """The announcement holds for one close."""
    async with editing(tmp_path, [ENDLESS]) as editor:
        path = tmp_path / "a.py"
        request = await asked(editor, editor.open(path, SOURCE))
        await editor.client.workspace_will_rename_files_async(renaming(path, tmp_path / "b.py"))
        editor.close(from_fs_path(str(path)))
        editor.open(path, SOURCE)
        editor.close(from_fs_path(str(path)))
        assert (await ended(editor, request))["outcome"] == "cancelled"


@pytest.mark.parametrize("how", ["told", "watched", "folder"])
async def test_a_deleted_file_is_refused_and_told(tmp_path, how):
    """By its name; nothing is created in its place."""
    path = tmp_path / "sub" / "a.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(path, SOURCE)
        argument = editor.argument(uri, 4, 4)
        editor.close(uri)
        request = await asked_closed(editor, argument)
        path.unlink()
        if how == "watched":
            gone = types.FileEvent(uri, types.FileChangeType.Deleted)
            editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([gone]))
        else:
            deleted = uri if how == "told" else from_fs_path(str(path.parent))
            editor.client.workspace_did_delete_files(types.DeleteFilesParams([types.FileDelete(deleted)]))
        finished = await ended(editor, request)
        assert (finished["outcome"], finished["code"]) == ("refused", "deleted")
        assert f"{uri} was deleted while the model worked" in finished["message"]
        assert (editor.applied, path.exists()) == ([], False)


async def test_a_file_deleted_under_an_open_document_is_the_editors_affair(tmp_path):
    """The text is still there, and is what counts."""
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        request = await asked(editor, uri)
        gone = types.FileEvent(uri, types.FileChangeType.Deleted)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([gone]))
        assert (await ended(editor, request))["outcome"] == "applied"
        assert editor.buffers[uri].text == RENAMED


async def test_what_was_kept_follows_its_document_and_goes_with_it(tmp_path):
    """Offered and applied under the new name; no longer offered once the file is deleted."""
    async with editing(tmp_path, [RENAME]) as editor:
        old = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(old, 4, 4, task="rename", apply=False, wait=True))
        uri = await rename_open(editor, tmp_path / "a.py", tmp_path / "b.py", SOURCE)
        (kept, *_) = await editor.code_actions(uri, 0, 0)
        assert kept.title == "Apply what was kept: Rename for clarity: area"
        last = await editor.execute(kept.command.command, {**kept.command.arguments[0], "wait": True})
        assert (last["outcome"], editor.buffers[uri].text) == ("applied", RENAMED)
        editor.type(uri, 0, len(RENAMED), SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", apply=False, wait=True))
        editor.client.workspace_did_delete_files(types.DeleteFilesParams([types.FileDelete(uri)]))
        assert not [each for each in await editor.code_actions(uri, 0, 0) if "kept" in each.title]


async def test_a_test_runs_in_the_innermost_of_several_workspace_folders(tmp_path):
    """The folder that holds the document, one that was added meanwhile included."""
    inner = tmp_path / "inner"
    (inner / "sub").mkdir(parents=True)
    (inner / "marker").touch()
    (inner / "sub" / "a.py").write_text(SOURCE)
    code = [{"task_class": "custom", "text": "```python\n" + SOURCE.replace("w * h", "h * w") + "```"}]
    async with editing(tmp_path, code) as editor:
        added = types.WorkspaceFolder(uri=from_fs_path(str(inner)), name="inner")
        event = types.WorkspaceFoldersChangeEvent(added=[added], removed=[])
        editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
        uri = editor.open(inner / "sub" / "a.py", SOURCE)
        argument = editor.argument(uri, 4, 4, task="custom", instruction="swap the factors", wait=True)
        finished = await editor.execute("parley.refactor", {**argument, "testCommand": ["test", "-e", "marker"]})
        assert (finished["outcome"], finished["proof"]) == ("applied", "tested"), json.dumps(finished)
