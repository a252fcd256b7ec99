"""An editor's settings: pulled or pushed, each key for itself, from the next request on."""

import asyncio
from functools import partial

import pytest
from lsprotocol import types

from support.editor import editing
from support.raw_server import raw_server

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
ENDLESS = {"task_class": "rename", "pieces": [{"text": " ", "delay_ms": 20}], "ending": "endless"}
SHORT = {"timeouts": {"total_s": 0.5}}
# The message about it shows when the settings count.
TYPO = {"modle": 1}
PULLING = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def pushing(capabilities):
    """An editor that only pushes."""
    capabilities.workspace.configuration = False


async def _shown(editor, count):
    """The first `count` messages that the server showed to the person."""
    async with asyncio.timeout(60):
        while len(editor.client.messages) < count:
            await editor.client.wait_for_notification(types.WINDOW_SHOW_MESSAGE)
    return [each.message for each in editor.client.messages[:count]]


async def _ended_by_its_deadline(editor, tmp_path):
    uri = editor.open(tmp_path / "a.py", SOURCE)
    await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
    return (await editor.until("parley/finished", within_s=60))["message"]


def _push(editor, settings):
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"parley": SHORT | TYPO, "python": {"path": "x"}},
        SHORT | TYPO,
        {"timeouts.total_s": 0.5} | TYPO,
        {"parley.timeouts.total_s": 0.5, "parley.modle": 1, "python.path": "x"},
    ],
)
async def test_pushed_settings_count_from_the_next_request_on(tmp_path, settings):
    """Under the key of the server, dotted, or bare."""
    async with editing(tmp_path, [ENDLESS], adjust=pushing) as editor:
        _push(editor, settings)
        assert "Did you mean model?" in (await _shown(editor, 1))[0]
        assert "took longer than the request allows" in await _ended_by_its_deadline(editor, tmp_path)


async def test_changed_settings_are_asked_for_again(tmp_path):
    """The request under way keeps its deadlines, the next one has the new ones."""
    async with editing(tmp_path, [ENDLESS, ENDLESS]) as editor:
        uri = editor.open(tmp_path / "b.py", SOURCE)
        first = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        await editor.until("parley/token")
        editor.client.set_configuration({"parley": SHORT | TYPO})
        _push(editor, None)
        await _shown(editor, 1)
        assert "took longer than the request allows" in await _ended_by_its_deadline(editor, tmp_path)
        assert await editor.execute("parley.cancel", {"id": first["id"]}) == {"cancelled": [first["id"]]}


async def test_each_wrong_setting_is_told_once(tmp_path):
    """A forbidden one, an unknown one, and one of the wrong type, which stays as it was."""
    wrong = {"timeouts": {"total_s": "long"}, "ollama": {"url": "http://evil.example"}, "timeout": 1}
    async with editing(tmp_path, [ENDLESS]) as editor:
        steps = ((SHORT | TYPO, 1), (wrong, 4), ({"embedded": {"threads": "x"}, **wrong}, 5))
        for settings, count in steps:
            editor.client.set_configuration({"parley": settings})
            _push(editor, None)
            told = await _shown(editor, count)
        beginnings = [
            "nothing is called 'modle'. Did you mean model?",
            "timeouts.total_s cannot be 'long': should be a valid number.",
            "'ollama.url' cannot be set there,",
            "nothing is called 'timeout'. ",
            "embedded.threads cannot be 'x': should be a valid integer.",
        ]
        expected = [f"the editor's settings: {each}" for each in beginnings]
        assert [each[: len(beginning)] for each, beginning in zip(told, expected, strict=True)] == expected
        assert "evil" not in "".join(told)
        assert "took longer than the request allows" in await _ended_by_its_deadline(editor, tmp_path)


@pytest.mark.parametrize("answer", [{"result": ["x"]}, {"result": [5]}])
def test_settings_that_are_no_object_are_told(tmp_path, answer):
    """With an example of what they could be."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities={"workspace": {"configuration": True}})
        asked = server.next()
        server.send({"jsonrpc": "2.0", "id": asked["id"], **answer})
        assert server.next()["params"] == {
            "type": 2,
            "message": 'The editor\'s settings "parley" have to be an object, such as {"timeouts": {"idle_s": 60}}.',
        }


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": -32601, "message": "no"}},
        {"result": None},
        {"result": []},
        {"result": {"timeouts": {}}},
        {"result": [None]},
        {"result": [[]]},
    ],
)
def test_an_editor_without_settings_loses_nothing(tmp_path, answer):
    """Whatever its way to say so, the server goes on without a word."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities={"workspace": {"configuration": True}})
        asked = server.next()
        server.send({"jsonrpc": "2.0", "id": asked["id"], **answer})
        assert server.ask("shutdown") == {"jsonrpc": "2.0", "id": 1, "result": None}


def test_an_editor_that_registers_is_asked_to_tell_of_changes(tmp_path):
    """Of those of our section; and for the settings."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=PULLING)
        asked = {message["method"]: message["params"] for message in (server.next(), server.next())}
        assert asked == {
            "client/registerCapability": {
                "registrations": [
                    {
                        "id": "parley-settings",
                        "method": "workspace/didChangeConfiguration",
                        "registerOptions": {"section": "parley"},
                    }
                ]
            },
            "workspace/configuration": {"items": [{"section": "parley"}]},
        }


@pytest.mark.parametrize("way", ["exit", "close"])
def test_an_editor_that_never_answers_does_not_hold_up_the_end(tmp_path, way):
    """Nothing waits for its settings."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=PULLING)
        asked = [server.next(), server.next()]
        server.tell("workspace/didChangeConfiguration", {"settings": None})
        asked.append(server.next())
        assert [message["method"] for message in asked].count("workspace/configuration") == 2
        if way == "exit":
            server.ask("shutdown")
            server.tell("exit")
        else:
            server.process.stdin.close()
        assert server.ended() == (0 if way == "exit" else 1)


def test_only_some_of_many_wrong_settings_fill_the_screen(tmp_path):
    """The rest is in the log."""
    with raw_server(tmp_path) as server:
        server.initialize()
        tell = partial(server.tell, "workspace/didChangeConfiguration")
        tell({"settings": {"parley": {f"wrong{number}": 1 for number in range(100)}}})
        told = [server.next()["params"]["message"] for _ in range(6)]
        assert told[-1] == "95 more settings are wrong; the log names them."


async def test_no_link_is_made_of_what_a_repository_wrote(tmp_path):
    """A workspace's settings are merged into the editor's, and some editors run commands from a message's links."""
    async with editing(tmp_path, [], adjust=pushing) as editor:
        _push(editor, {"parley": {"[Repair](command:evil)\u202e": 1}})
        (told,) = await _shown(editor, 1)
        assert "[Repair] (command:evil)" in told
        assert "\u202e" not in told
