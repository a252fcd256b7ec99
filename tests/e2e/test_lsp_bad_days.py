"""What a person, a disk and an editor do at the worst moment.

Each has a proper answer, the document is as it was or exactly as proposed, and the server lives on.
"""

import json

import pytest
from pygls.exceptions import JsonRpcException

from support.editor import VSCODE, Manners, editing, position_at
from support.raw_server import raw_server

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
RENAMED = SOURCE.replace("x =", "product =").replace("return x", "return product")
RENAME = {"task_class": "rename", "json": {"x": "product"}}
SLOW = {**RENAME, "delay_ms": 400}
ENDLESS = {"task_class": "rename", "pieces": [{"text": " ", "delay_ms": 20}], "ending": "endless"}


async def outcome_of(editor, request_id):
    """How that request ended."""
    async for params in finishes(editor):
        if params["id"] == request_id:
            return params
    raise AssertionError(request_id)


async def finishes(editor):
    seen = 0
    while True:
        found = [params for method, params in editor.told if method == "parley/finished"]
        for params in found[seen:]:
            yield params
        seen = len(found)
        editor.finished.clear()
        await editor.finished.wait()


async def still_answers(editor, uri):
    """The server offers what it did."""
    return bool(await editor.code_actions(uri, 4, 4))


async def test_a_document_that_is_reopened_while_the_model_works_is_left_alone(tmp_path):
    """Closing cancelled the request; what is open now is another text."""
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/asked")
        editor.close(uri)
        editor.open(tmp_path / "a.py", SOURCE)
        assert (await outcome_of(editor, accepted["id"]))["outcome"] == "cancelled"
        assert (editor.applied, editor.buffers[uri].text) == ([], SOURCE)
        assert await still_answers(editor, uri)


async def test_a_file_saved_over_on_disk_does_not_reach_the_open_document(tmp_path):
    """What the editor shows is refactored; the file on disk is the editor's to reconcile."""
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(path, SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/asked")
        path.write_text("other = 1\n")
        assert (await outcome_of(editor, accepted["id"]))["outcome"] == "applied"
        assert (editor.buffers[uri].text, path.read_text()) == (RENAMED, "other = 1\n")


async def test_a_file_that_is_not_open_and_is_saved_over_is_left_alone(tmp_path):
    """The edit was made for a text that is gone."""
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(path, SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename")
        del argument["textDocument"]["version"]
        editor.close(uri)
        accepted = await editor.execute("parley.refactor", argument)
        await editor.until("parley/asked")
        path.write_text("other = 1\n")
        finished = await outcome_of(editor, accepted["id"])
        assert (finished["outcome"], editor.applied, path.read_text()) == ("stale", [], "other = 1\n")


async def test_a_file_that_is_deleted_meanwhile_is_named(tmp_path):
    """Nothing is created in its place."""
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(path, SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename")
        del argument["textDocument"]["version"]
        editor.close(uri)
        accepted = await editor.execute("parley.refactor", argument)
        await editor.until("parley/asked")
        path.unlink()
        finished = await outcome_of(editor, accepted["id"])
        assert (finished["outcome"], editor.applied, path.exists()) == ("stale", [], False)
        assert "a.py cannot be read" in finished["message"]


@pytest.mark.parametrize(
    ("start", "end", "outcome"),
    [
        ((1, 4), (0, 0), "applied"),
        ((0, 4), (900, 900), "applied"),
        ((900, 0), (901, 0), "refused"),
        ((0, 900), (0, 901), "applied"),
        ((-1, -1), (-1, -1), "applied"),
        ((2**40, 2**40), (2**40, 2**40), "refused"),
    ],
    ids=str,
)
async def test_a_selection_that_does_not_exist_is_drawn_to_the_text_or_refused(tmp_path, start, end, outcome):
    """Reversed, past the line, past the text, negative or huge: never a crash, never another place."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        argument = editor.argument(uri, 0, 0, task="rename")
        argument["range"] = {
            name: dict(zip(("line", "character"), place, strict=True))
            for name, place in (("start", start), ("end", end))
        }
        finished = await editor.execute("parley.refactor", {**argument, "wait": True})
        assert finished["outcome"] == outcome
        assert editor.buffers[uri].text == (RENAMED if outcome == "applied" else SOURCE)
        assert finished["message"]


async def test_two_refactorings_of_one_function_at_once_land_one_edit(tmp_path):
    """The second was made for a text that is gone when it is ready."""
    docstring = {"task_class": "docstring", "json": {"docstring": "Return the area of a shape."}, "delay_ms": 2_000}
    async with editing(tmp_path, [RENAME, docstring]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        first = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="docstring"))
        second = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        assert (await outcome_of(editor, second["id"]))["outcome"] == "applied"
        assert (await outcome_of(editor, first["id"]))["outcome"] == "stale"
        assert editor.buffers[uri].text == RENAMED


async def test_the_same_request_twice_changes_the_document_once(tmp_path):
    """A double click does no harm."""
    async with editing(tmp_path, [SLOW]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        argument = editor.argument(uri, 4, 4, task="rename")
        first = await editor.execute("parley.refactor", argument)
        second = await editor.execute("parley.refactor", argument)
        assert second == first
        assert (await outcome_of(editor, first["id"]))["outcome"] == "applied"
        assert (editor.buffers[uri].text, len(editor.applied)) == (RENAMED, 1)
        with pytest.raises(JsonRpcException, match="choose again"):
            await editor.execute("parley.refactor", argument)
        assert [method for method, _ in editor.told].count("parley/finished") == 1


async def test_a_file_of_fifty_thousand_lines_is_refactored_in_its_middle(tmp_path):
    """One function of ten thousand; the rest of the text is as it was."""
    functions = [SOURCE.replace("area", f"area_{number}") + "\n\n" for number in range(10_000)]
    text = "".join(functions)
    assert text.count("\n") == 50_000
    async with editing(tmp_path, [RENAME], profile=VSCODE) as editor:
        uri = editor.open(tmp_path / "a.py", text)
        at = text.index("area_5000(")
        assert position_at(text, at, "utf-16").line == 25_000
        finished = await editor.execute("parley.refactor", editor.argument(uri, at, at, task="rename", wait=True))
        assert finished["outcome"] == "applied", finished["message"]
        functions[5_000] = RENAMED.replace("area", "area_5000") + "\n\n"
        assert editor.buffers[uri].text == "".join(functions)


async def test_an_edit_answered_with_nonsense_is_read_by_the_text(tmp_path):
    """A client that says neither yes nor no."""
    async with editing(tmp_path, [RENAME], manners=Manners(applies=False, says_applied=None)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        finished = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", wait=True))
        assert (finished["outcome"], editor.buffers[uri].text) == ("declined", SOURCE)
        assert await still_answers(editor, uri)


def test_ten_thousand_code_actions_at_once_are_all_answered(tmp_path):
    """Real work, each with its own answer, and cancelled ones among them."""
    uri = "file:///nowhere/a.py"
    place = {"line": 0, "character": 4}
    params = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}, "context": {"diagnostics": []}}
    with raw_server(tmp_path) as server:
        server.initialize()
        item = {"uri": uri, "languageId": "python", "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": item})
        for number in range(10_000):
            server.send({"jsonrpc": "2.0", "id": number, "method": "textDocument/codeAction", "params": params})
            if number % 10 == 0:
                server.tell("$/cancelRequest", {"id": number})
        answered = [server.next() for _ in range(10_000)]
        assert sorted(each["id"] for each in answered) == list(range(10_000))
        errors = {each["error"]["code"] for each in answered if "error" in each}
        assert errors <= {-32800}
        assert sum("result" in each for each in answered) >= 9_000


def test_a_client_that_dies_in_the_middle_leaves_no_server(tmp_path):
    """While a model streams for ever, and in the middle of a message."""
    (tmp_path / "script.jsonl").write_text(json.dumps(ENDLESS) + "\n")
    uri = "file:///nowhere/a.py"
    place = {"line": 0, "character": 4}
    with raw_server(tmp_path) as server:
        server.initialize()
        item = {"uri": uri, "languageId": "python", "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": item})
        argument = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}, "task": "rename"}
        server.ask("workspace/executeCommand", {"command": "parley.refactor", "arguments": [argument]})
        while server.next().get("method") != "parley/token":
            pass
        server.write(b'Content-Length: 500\r\n\r\n{"jsonrpc": "2.0", "id"')
        server.process.stdin.close()
        assert server.ended() == 1
        assert b"Traceback" not in b"".join(server.errors)


async def test_records_that_cannot_be_read_are_told_with_the_way_out(tmp_path):
    """A damaged file of call records is no fault of Parley's own; the server works on."""
    records = tmp_path / "data" / "records" / "calls.db"
    records.parent.mkdir(parents=True)
    records.write_bytes(b"no database, " * 1000)
    async with editing(tmp_path, [RENAME], variables={"PARLEY_DATA_DIR": str(tmp_path / "data")}) as editor:
        with pytest.raises(JsonRpcException, match=r"calls\.db is damaged .* begins a new one"):
            await editor.execute("parley.profile")
        assert await still_answers(editor, editor.open(tmp_path / "a.py", SOURCE))


async def test_settings_that_cannot_be_used_are_told_where_models_are_asked_for(tmp_path):
    """The reason stands in the place of the models, with the line and the key."""
    settings = tmp_path / "config.yaml"
    settings.write_text("modle: script\n")
    async with editing(tmp_path, None, variables={"PARLEY_CONFIG": str(settings)}) as editor:
        told = await editor.execute("parley.models")
    assert told["models"] == []
    assert "modle" in told["why"]
