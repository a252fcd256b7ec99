"""Whatever happens in whatever order: no document differs from what the editor shows, and nothing hangs.

What becomes of an edit whose document moved is foretold from the texts: it follows, or it is kept, never the other.
`tests/benchmarks/bench_lsp_faults.py` runs thousands of these.
"""

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.interleavings import CODE, SCRIPT, Interleavings
from support.moved_edits import can_be_renamed, is_to_follow
from support.piped_editor import PipedEditor
from support.raw_server import raw_server

URI = "file:///nowhere/one.py"


@pytest.fixture(name="folder")
def scripted(tmp_path):
    """A folder with the script of the answers."""
    (tmp_path / "script.jsonl").write_text("".join(json.dumps(each) + "\n" for each in SCRIPT))
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_random_interleavings_leave_every_document_as_the_editor_shows_it(folder, encoding):
    """Edits are exact and for the version shown, requests end once and rightly, and both sides hold the same texts."""
    with raw_server(folder) as server:
        editor = PipedEditor(server, encoding)
        run_state_machine_as_test(
            type("Interleaved", (Interleavings,), {"editor": editor}),
            settings=settings(
                max_examples=12,
                stateful_step_count=15,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert editor.interleavings >= 12


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ("", "", "as-is"),
        ("above 1", "higher", "rebased"),
        ("# two", "# 2\n# more", "rebased"),
        ("\ttag += 'two'\r\n", "", "rebased"),
        ("above 2", "next", "rebased"),
        ("(w, h)", "(w, h=1)", "kept"),
        ("# below 1\n", "", "kept"),
        ("w * h", "w + h", "kept"),
        ("'two'", "'two'; product = 2", "kept"),
        ("\ttag += 'two'", "\tx += 2", "kept"),
    ],
)
def test_an_edit_follows_its_document_or_is_kept_as_foretold(folder, before, after, ends):
    """One unchanged line between, and the same checks passed: it follows; touched, taken or not whole: it is kept."""
    now = CODE.replace(before, after, 1)
    with raw_server(folder) as server:
        editor = PipedEditor(server, "utf-16")
        editor.open(URI, CODE)
        editor.refactor(URI, task="rename", wait=True)
        editor.wait_for_an_edit()
        if now != CODE:
            editor.replace(editor.buffers[URI], now)
        while editor.is_waited_for():
            editor.wait_for_an_edit()
            if editor.asked_edits:
                editor.apply(editor.asked_edits.pop())
        assert editor.verdicts.counted == {ends: 1}
        editor.check(URI)
    assert is_to_follow(CODE, now) == (ends != "kept")


@pytest.mark.parametrize("text", [CODE.replace("x", "product"), CODE.replace("'two'", "'two'; product = 2")])
def test_a_rename_that_cannot_be_is_refused(folder, text):
    """There is no such name, or the new one is taken."""
    with raw_server(folder) as server:
        editor = PipedEditor(server, "utf-16")
        editor.open(URI, text)
        editor.answer(editor.refactor(URI, task="rename", wait=True))
        assert editor.verdicts.counted == {"refused": 1}
    assert not can_be_renamed(text)
