"""A result that is neither proved nor tested waits for the person's yes, as each client can ask for it."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from support.editor import EMACS, PARLEY, VSCODE, Manners, editing, environment

AREA = "def area(w, h):\n    x = 0\n    for _ in range(h):\n        x += w\n    return x\n"
SIMPLER = "def area(w, h):\n    return sum(w for _ in range(h))\n"
REST = "\n\nlast = 1\n"
SOURCE, SIMPLE = AREA + REST, SIMPLER + REST
ANSWER = {"task_class": "simplify", "text": f"```python\n{SIMPLER}```\n"}


async def simplified(editor, uri, **more):
    """Ask for something that cannot be proved; how it ended."""
    return await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="simplify", wait=True, **more))


def kept_of_consent(tmp_path):
    """The types and the data of the events that were kept of asking and answering, in order."""
    shown = subprocess.run(
        [PARLEY, "events", "export"], env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=True
    )
    found = [json.loads(line) for line in shown.stdout.splitlines()]
    return [(each["event_type"], each["data"]) for each in found if each.get("event_type", "").startswith("Consent")]


def sha256(text):
    """The hash by which a text is known."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


async def test_an_editor_that_shows_annotations_asks_with_the_edit(tmp_path):
    """The edit carries that it is to be confirmed, and the evidence; nothing else is asked."""
    async with editing(tmp_path, [ANSWER], profile=VSCODE) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        (annotation,) = editor.applied[0].edit.change_annotations.values()
        assert (annotation.needs_confirmation, annotation.description) == (True, finished["evidence"])
        assert (finished["outcome"], finished["proof"], editor.questions) == ("applied", "unproved", [])
        assert editor.buffers[uri].text == SIMPLE
    assert [kind for kind, _ in await asyncio.to_thread(kept_of_consent, tmp_path)] == ["ConsentAsked", "ConsentGiven"]


async def test_an_editor_without_annotations_asks_by_a_message(tmp_path):
    """Show the diff, apply, or discard; a yes applies it, and the yes is kept."""
    async with editing(tmp_path, [ANSWER], profile=EMACS) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        (question,) = editor.questions
        assert question.message == f"Parley: Simplify: area. {finished['evidence']} Apply it?"
        assert [each.title for each in question.actions] == ["Show diff", "Apply", "Discard"]
        assert (finished["outcome"], editor.buffers[uri].text) == ("applied", SIMPLE)
    assert await asyncio.to_thread(kept_of_consent, tmp_path) == [
        ("ConsentAsked", {"result": sha256(SIMPLE), "shown": sha256(finished["diff"])}),
        ("ConsentGiven", {"result": sha256(SIMPLE), "by": "answer"}),
    ]


async def test_the_diff_is_shown_and_asked_about_again(tmp_path):
    """It is a file that only its owner reads, named to the person."""
    async with editing(tmp_path, [ANSWER], profile=EMACS, manners=Manners(says=["Show diff", "Apply"])) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        assert [each.title for each in editor.questions[1].actions] == ["Keep for later", "Apply", "Discard"]
        (told,) = [each.message for each in editor.client.messages if each.message.startswith("The change is in ")]
        shown = await asyncio.to_thread(Path(told.removeprefix("The change is in ")).read_text)
        assert (shown, finished["outcome"]) == (finished["diff"], "applied")


async def test_what_is_offered_first_applies_nothing_and_loses_nothing(tmp_path):
    """Some editors take the first choice for an Enter: it shows the change, and then keeps it."""
    async with editing(tmp_path, [ANSWER], profile=EMACS) as editor:
        editor.manners.before_saying = lambda: _say_the_first(editor)
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        assert (finished["outcome"], finished["kept"], len(editor.questions)) == ("diff", True, 2)
        assert (editor.applied, editor.buffers[uri].text) == ([], SOURCE)


def _say_the_first(editor):
    editor.manners.says = editor.questions[-1].actions[0].title


@pytest.mark.parametrize(("says", "outcome", "kept"), [("Discard", "declined", False), ("", "diff", True)])
async def test_without_a_yes_nothing_is_applied(tmp_path, says, outcome, kept):
    """Discarded, it is gone; a question that is dismissed leaves it among the code actions."""
    async with editing(tmp_path, [ANSWER], profile=EMACS, manners=Manners(says=says)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        assert (finished["outcome"], finished["kept"]) == (outcome, kept)
        assert (editor.applied, editor.buffers[uri].text) == ([], SOURCE)
        titles = [each.title for each in await editor.code_actions(uri, 4, 4)]
        assert ("Apply what was kept: Simplify: area (not proved)" in titles) == kept


async def test_what_was_kept_is_applied_by_a_command_once(tmp_path):
    """The command is the yes: nothing more is asked, and a second time there is nothing left."""
    async with editing(tmp_path, [ANSWER], profile=EMACS, manners=Manners(says="")) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        editor.type(uri, len(SOURCE), len(SOURCE), "more = 2\n")
        applied = await editor.execute("parley.apply", {"id": finished["id"], "wait": True})
        assert (applied["outcome"], applied["rebased"], len(editor.questions)) == ("applied", True, 1)
        assert editor.buffers[uri].text == SIMPLE + "more = 2\n"
        with pytest.raises(JsonRpcException, match="No change is kept"):
            await editor.execute("parley.apply", {"id": finished["id"]})


@pytest.mark.parametrize("way", ["command", "close"])
async def test_cancelling_and_closing_end_the_question(tmp_path, way):
    """A person who never answers can still be done with it."""
    async with editing(tmp_path, [ANSWER], profile=EMACS, manners=Manners(says=None)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="simplify"))
        while not editor.questions:
            editor.finished.clear()
            await editor.finished.wait()
        if way == "command":
            assert len((await editor.execute("parley.cancel"))["cancelled"]) == 1
        else:
            editor.close(uri)
        assert (await editor.until("parley/finished"))["outcome"] == "cancelled"
        assert editor.applied == []
        editor.manners.released.set()


async def test_what_is_typed_while_the_question_stands_is_kept_too(tmp_path):
    """The yes was for the change; it is moved to the text as it is now, and not asked about again."""
    async with editing(tmp_path, [ANSWER], profile=EMACS) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        editor.manners.before_saying = lambda: editor.type(uri, len(SOURCE), len(SOURCE), "more = 2\n")
        finished = await simplified(editor, uri)
        assert (finished["outcome"], finished["rebased"], len(editor.questions)) == ("applied", True, 1)
        assert editor.buffers[uri].text == SIMPLE + "more = 2\n"


async def test_a_client_that_has_no_questions_keeps_the_change(tmp_path):
    """Its error to the question is no failure: the way out is named."""
    async with editing(tmp_path, [ANSWER], profile=EMACS) as editor:

        async def refuse(_params):
            raise JsonRpcException("no such method", -32601)

        editor.say = refuse
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await simplified(editor, uri)
        assert (finished["outcome"], finished["kept"], editor.buffers[uri].text) == ("diff", True, SOURCE)
        assert "`parley.apply` applies it" in finished["message"]


async def test_a_proved_result_is_not_asked_about(tmp_path):
    """Only what nobody can be sure of."""
    rename = {"task_class": "rename", "json": {"x": "product"}}
    async with editing(tmp_path, [rename], profile=EMACS) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", wait=True))
        assert (finished["outcome"], finished["proof"], editor.questions) == ("applied", "proved", [])
        assert isinstance(editor.applied[0], types.ApplyWorkspaceEditParams)
