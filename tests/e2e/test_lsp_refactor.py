"""A refactoring the whole way: editor, server process, model's answer, checks, edit, confirmation."""

import pytest

from support.editor import PROFILES, editing

SOURCE = 'def area(w, h):\n    """Área."""\n    x = w * h  # 😋\n    return x\n'
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_rename_lands_in_the_buffer(tmp_path, profile):
    """The editor's buffer ends as the model decided, in one edit, and the server knows that it did."""
    async with editing(tmp_path, [RENAME], profile=profile) as editor:
        uri = editor.open(tmp_path / "area.py", SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        finished = await editor.until("parley/finished")
        assert (finished["id"], finished["outcome"], finished["proof"]) == (accepted["id"], "applied", "proved")
        assert editor.buffers[uri].text == RENAMED
        assert len(editor.applied) == 1
