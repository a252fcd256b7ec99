"""What is asked and told: code actions, commands, notifications, progress, explanations, as each client reads them."""

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from support.editor import EMACS, NEOVIM, PROFILES, VSCODE, Buffer, editing

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
RENAME = {
    "task_class": "rename",
    "pieces": ['{"x": ', '"product"}'],
    "usage": {"prompt_tokens": 40, "output_tokens": 6},
    "timings": {"prefill_ns": 1_500_000},
}
EXPLAIN = {"task_class": "explain", "text": "It multiplies.\n\nThat is *all*.\n"}
LONG = """def report(rows):
    total = 0
    for row in rows:
        if row["paid"]:
            total += row["amount"]
    x = {}
    for row in rows:
        x[row["name"]] = row["amount"] / total
    return sorted(x.items())
"""
AT = SOURCE.index("area")


def kinds(actions):
    return {action.kind for action in actions}


def resolving(*properties):
    """An editor that asks for these properties of a code action later."""

    def adjust(capabilities):
        actions = capabilities.text_document.code_action
        actions.data_support = True
        actions.resolve_support = types.ClientCodeActionResolveOptions(properties=list(properties))

    return adjust


@pytest.mark.parametrize("profile", PROFILES)
async def test_code_actions_carry_commands_and_never_edits(tmp_path, profile):
    """An edit that took time to make would not be checked against the document's version."""
    async with editing(tmp_path, [], profile=profile) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        actions = await editor.code_actions(uri, AT, AT)
        enabled = [action for action in actions if action.disabled is None]
        assert {"refactor.rewrite.parley.rename", "refactor.rewrite.parley.docstring", "parley.explain"} <= kinds(
            enabled
        )
        assert all(action.edit is None and (action.command is None) == (profile == NEOVIM) for action in enabled)
        resolved = [await editor.client.code_action_resolve_async(action) for action in enabled]
        assert all(action.edit is None for action in resolved)
        assert all(action.command.command in ("parley.refactor", "parley.explain") for action in resolved)


@pytest.mark.parametrize(
    ("properties", "early", "late"),
    [
        ((), ("Rename for clarity", True, False), ("Rename for clarity", True)),
        (("edit",), ("Rename for clarity", True, False), ("Rename for clarity", True)),
        (("title",), ("Rename for clarity", True, True), ("Rename for clarity (area)", True)),
        (("edit", "command"), ("Rename for clarity", False, True), ("Rename for clarity (area)", True)),
    ],
)
async def test_what_an_editor_asks_for_later_is_left_out_at_first(tmp_path, properties, early, late):
    """And is there, without a model, when the person chooses: the command, and in the title what it is about."""
    async with editing(tmp_path, [], adjust=resolving(*properties)) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        (action,) = await editor.code_actions(uri, AT, AT, only=["refactor.rewrite.parley.rename"])
        assert (action.title, action.command is not None, action.data is not None) == early
        action = await editor.client.code_action_resolve_async(action)
        assert (action.title, action.command is not None) == late
        assert action.command.arguments[0]["textDocument"] == {"uri": uri, "version": 3}


async def test_a_code_action_is_not_resolved_for_a_text_that_moved_on(tmp_path):
    """What was chosen is not what stands there now."""
    async with editing(tmp_path, [], adjust=resolving("command")) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        (action,) = await editor.code_actions(uri, AT, AT, only=["refactor.rewrite.parley.rename"])
        editor.type(uri, 0, 0, "\n")
        with pytest.raises(JsonRpcException, match="The document is at version 4 now, not 3; choose again"):
            await editor.client.code_action_resolve_async(action)
        action.data = {"task": "rename"}
        with pytest.raises(JsonRpcException, match="the data of a code action needs the field"):
            await editor.client.code_action_resolve_async(action)


async def test_a_fix_is_resolved_with_what_it_fixes(tmp_path):
    """The diagnostics come back with the action."""
    async with editing(tmp_path, [], adjust=resolving("command")) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        diagnostic = types.Diagnostic(range=editor.range(uri, AT, AT + 4), message="too short")
        (action,) = await editor.code_actions(uri, AT, AT, diagnostics=[diagnostic], only=["quickfix"])
        action = await editor.client.code_action_resolve_async(action)
        assert [each["message"] for each in action.command.arguments[0]["diagnostics"]] == ["too short"]


async def test_the_command_of_an_action_does_what_it_says(tmp_path):
    """Choosing from the menu leads to the edit, with nothing of the editor's own between."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        (action,) = await editor.code_actions(uri, AT, AT, only=["refactor.rewrite.parley.rename"])
        await editor.execute(action.command.command, *action.command.arguments)
        assert (await editor.until("parley/finished"))["outcome"] == "applied"
        assert "product" in editor.buffers[uri].text


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["quickfix"], set()),
        (["refactor.extract"], {"refactor.extract.parley"}),
        (["refactor.rewrite.parley.rename"], {"refactor.rewrite.parley.rename"}),
        (["refactor.rewrite.par"], set()),
        (["source"], {"source.parley.generate-tests"}),
        (["source.organizeImports"], set()),
        (["source", "refactor.rewrite.parley.generate-tests"], {"refactor.rewrite.parley.generate-tests"}),
    ],
)
async def test_only_the_kinds_that_are_asked_for_are_offered(tmp_path, only, expected):
    """A kind stands for all below it, by whole words."""
    async with editing(tmp_path, [], profile=NEOVIM) as editor:
        uri = editor.open(tmp_path / "a.py", LONG)
        assert kinds(await editor.code_actions(uri, 4, 4, only=only)) == expected


async def test_a_reason_is_shown_where_the_editor_can_show_it(tmp_path):
    """VS Code greys the action out and says why; Neovim, which cannot, does not get it."""
    source = 'def area(width, height):\n    """Area."""\n    return width * height\n'
    async with editing(tmp_path, [], profile=VSCODE) as editor:
        uri = editor.open(tmp_path / "a.py", source)
        (action,) = await editor.code_actions(uri, 4, 4, only=["refactor.rewrite.parley.docstring"])
        assert action.disabled.reason
        assert action.command is None
    (tmp_path / "other").mkdir()
    async with editing(tmp_path / "other", [], profile=NEOVIM) as editor:
        uri = editor.open(tmp_path / "a.py", source)
        assert not await editor.code_actions(uri, 4, 4, only=["refactor.rewrite.parley.docstring"])


async def test_a_cell_of_a_notebook_is_refused_with_the_reason(tmp_path):
    """A cell's names may come from another cell; the menu and the command say so, and plain files go on working."""
    async with editing(tmp_path, [RENAME], profile=VSCODE) as editor:
        plain = editor.open(tmp_path / "a.py", SOURCE)
        cell = "vscode-notebook-cell:/work/a.ipynb#W0sZmlsZQ"
        editor.buffers[cell] = Buffer(uri=cell, text=SOURCE, version=3)
        item = types.TextDocumentItem(uri=cell, language_id="python", version=3, text=SOURCE)
        notebook = types.NotebookDocument(
            uri="file:///work/a.ipynb", notebook_type="jupyter-notebook", version=1, cells=[]
        )
        editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, [item]))
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        actions = await editor.code_actions(cell, AT, AT)
        assert {action.disabled.reason[:42] for action in actions} == {"Parley does not change or explain notebook"}
        await editor.execute("parley.refactor", editor.argument(cell, AT, AT, instruction="shorter"))
        finished = await editor.until("parley/finished")
        assert (finished["outcome"], finished["code"]) == ("refused", "notebook")
        assert editor.buffers[cell].text == SOURCE
        wished = editor.argument(plain, AT, AT, task="rename", wait=True)
        assert (await editor.execute("parley.refactor", wished))["outcome"] == "applied"


async def test_a_diagnostic_is_offered_a_fix_that_carries_it(tmp_path):
    """The command holds what the other tool said, so that nothing is looked up later."""
    async with editing(tmp_path, []) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        diagnostic = types.Diagnostic(
            range=editor.range(uri, AT, AT + 4), message="too short", code=7, source="lint", severity=None
        )
        (action,) = await editor.code_actions(uri, AT, AT, diagnostics=[diagnostic], only=["quickfix"])
        assert list(action.diagnostics) == [diagnostic]
        (carried,) = action.command.arguments[0]["diagnostics"]
        assert (carried["message"], carried["severity"], carried["code"]) == ("too short", "error", "7")


async def test_an_editor_that_can_ask_is_offered_to_say_it_in_words(tmp_path):
    """The server cannot ask for text: only an editor's own side can."""
    async with editing(tmp_path, [], experimental={"parley": {"asks": True}}) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        (action,) = await editor.code_actions(uri, AT, AT, only=["refactor.rewrite.parley.custom"])
        assert action.command.command == "parley.ask"
        assert action.command.arguments[0]["task"] == "custom"


async def test_notifications_are_numbered_without_gaps_and_can_be_had_again(tmp_path):
    """What the editor missed it asks for by the last number that it has."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename"))
        finished = await editor.until("parley/finished")
        methods = [method.removeprefix("parley/") for method, _ in editor.told]
        assert methods[:3] == ["started", "asked", "route"]
        assert methods[-2:] == ["answered", "finished"]
        assert (
            "".join(params["text"] for method, params in editor.told if method == "parley/token") == '{"x": "product"}'
        )
        assert [params["seq"] for _, params in editor.told] == list(range(1, len(editor.told) + 1))
        assert {params["id"] for _, params in editor.told} == {accepted["id"]}
        again = await editor.client.protocol.send_request_async("parley/resend", {"id": accepted["id"], "since": 2})
        assert [(sent["method"], sent["params"]) for sent in again["notifications"]] == editor.told[2:]
        assert finished["proof"] == "proved"


async def test_what_the_model_reported_is_told_and_the_rest_is_left_out(tmp_path):
    """Unknown is not zero."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        accepted = await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename"))
        answered = await editor.until("parley/answered")
        assert {name: value for name, value in answered.items() if name not in ("id", "seq")} == {
            "attempt": 1,
            "promptTokens": 40,
            "outputTokens": 6,
            "prefillMs": 1.5,
        }
        assert answered["id"] == accepted["id"]


@pytest.mark.parametrize("named", [True, False])
async def test_progress_begins_and_ends_with_the_editors_token_or_our_own(tmp_path, named):
    """A bar that began always ends, with the outcome."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        if named:
            editor.client.progress_reports["mine"] = []
        token = "mine" if named else None
        await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename"), token=token)
        finished = await editor.until("parley/finished")
        await editor.code_actions(uri, AT, AT)  # what was sent before the answer has arrived
        (reports,) = editor.client.progress_reports.values()
        assert reports[0] == types.WorkDoneProgressBegin(
            title="Parley: Rename for clarity", cancellable=True, message=reports[0].message
        )
        shown = finished["spent"]["shown"]
        assert ", free, " in shown
        assert reports[-1] == types.WorkDoneProgressEnd(message=f"{finished['message']} ({shown})")


@pytest.mark.parametrize("profile", PROFILES)
async def test_an_explanation_is_a_document_that_nobody_can_write(tmp_path, profile):
    """A file of our own is opened, or named where the editor opens nothing for a server."""
    async with editing(tmp_path, [EXPLAIN], profile=profile) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.explain", editor.argument(uri, AT, AT))
        finished = await editor.until("parley/finished")
        assert (finished["outcome"], "It multiplies." in finished["text"]) == ("explained", True)
        await editor.code_actions(uri, AT, AT)
        if profile == EMACS:
            (message,) = editor.client.messages
            path = message.message.removeprefix("The explanation is in ")
        else:
            (shown,) = editor.client.shown_documents
            path = shown.uri.removeprefix("file://")
        explanation = tmp_path.__class__(path)
        assert "It multiplies." in explanation.read_text()
        assert explanation.stat().st_mode & 0o777 == 0o400
    assert not explanation.exists()


async def test_an_editor_that_reads_content_gets_a_virtual_document(tmp_path):
    """Nothing is written to disk where `workspace/textDocumentContent` is understood."""

    def understood(capabilities):
        capabilities.workspace.text_document_content = types.TextDocumentContentClientCapabilities()

    async with editing(tmp_path, [EXPLAIN], adjust=understood) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.explain", editor.argument(uri, AT, AT))
        await editor.until("parley/finished")
        await editor.code_actions(uri, AT, AT)
        (shown,) = editor.client.shown_documents
        assert shown.uri.startswith("parley:/explanations/")
        content = await editor.client.workspace_text_document_content_async(types.TextDocumentContentParams(shown.uri))
        assert "It multiplies." in content.text


async def test_the_person_is_told_the_outcome_unless_the_editor_does_it(tmp_path):
    """A plain client shows a message; one with a side of its own has the notification."""
    async with editing(tmp_path, [RENAME, RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename", wait=True))
        await editor.code_actions(uri, AT, AT)
        (message,) = editor.client.messages
        assert message.type == types.MessageType.Info
    (tmp_path / "other").mkdir()
    async with editing(tmp_path / "other", [RENAME], experimental={"parley": {"outcomes": True}}) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename", wait=True))
        await editor.code_actions(uri, AT, AT)
        assert editor.client.messages == []


async def test_models_and_profiles_are_told(tmp_path):
    """What could be asked, what would be, and what was measured of it."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "a.py", SOURCE)
        models = await editor.execute("parley.models")
        assert [model["name"] for model in models["models"]] == ["script"]
        assert models["default"] == "scripted/script"
        assert await editor.execute("parley.profile") == {"profiles": []}
        await editor.execute("parley.refactor", editor.argument(uri, AT, AT, task="rename", wait=True))
        (row,) = (await editor.execute("parley.profile", {"task": "rename"}))["profiles"]
        assert (row["model"], row["calls"], row["answered"]) == ("script", 1, 1)


async def test_an_editor_can_switch_the_model_of_its_session(tmp_path):
    """The answer tells what serves from now on; an empty name gives the choice back."""
    async with editing(tmp_path, []) as editor:
        for use in ("scripted/script", ""):
            assert (await editor.execute("parley.models", {"use": use}))["default"] == "scripted/script"


@pytest.mark.parametrize(
    ("command", "arguments", "complaint"),
    [
        ("parley.dance", [], "There is no command 'parley.dance'; Parley has parley.refactor, parley.explain, "),
        ("parley.refactor", [], "the argument of parley.refactor needs the field 'textDocument'."),
        ("parley.refactor", [{}, {}], "parley.refactor takes one argument, an object; 2 were given."),
        ("parley.refactor", ["x"], "the argument of parley.refactor must be an object, not 'x'."),
        ("parley.cancel", [{"id": 5}], "the argument of parley.cancel.id must be a string, not 5."),
        ("parley.models", [{"url": "http://evil"}], "the argument of parley.models has no field 'url'"),
        ("parley.profile", [{"since": 1}], "the argument of parley.profile has no field 'since'"),
    ],
)  # fmt: skip
async def test_a_wrong_command_is_answered_with_what_is_wrong(tmp_path, command, arguments, complaint):
    """Invalid parameters, in one sentence that names the value and the way out."""
    async with editing(tmp_path, []) as editor:
        with pytest.raises(JsonRpcException) as caught:
            await editor.execute(command, *arguments)
        assert caught.value.code == types.ErrorCodes.InvalidParams
        assert complaint in str(caught.value)


async def test_an_unknown_document_or_request_is_named(tmp_path):
    """Neither a stack trace nor silence."""
    async with editing(tmp_path, []) as editor:
        editor.open(tmp_path / "a.py", SOURCE)
        argument = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}}
        for uri, complaint in [
            ((tmp_path / "none.py").as_uri(), "none.py cannot be read: No such file or directory."),
            ("untitled:Untitled-1", "untitled:Untitled-1 is not open in the editor and names no file."),
        ]:
            with pytest.raises(JsonRpcException) as caught:
                await editor.execute("parley.refactor", {"textDocument": {"uri": uri}, "task": "rename", **argument})
            assert complaint in str(caught.value)
        with pytest.raises(Exception, match="There is no request 'x', or it is forgotten"):
            await editor.client.protocol.send_request_async("parley/resend", {"id": "x"})
