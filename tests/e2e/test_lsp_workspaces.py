"""Workspaces as a client names them: each document has the settings of the folder that holds it, once it is trusted."""

from __future__ import annotations

import json
import subprocess

import pytest

from support.editor import PARLEY, environment
from support.raw_server import raw_server

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
SLOW = {"task_class": "rename", "pieces": [{"text": '{"x": "product"}', "delay_ms": 1500}], "times": 9}
DEADLINE = "took longer than the request allows"


@pytest.fixture
def folder(tmp_path):
    """Makes a folder whose settings let a request take half a second, trusted or not."""
    (tmp_path / "script.jsonl").write_text(json.dumps(SLOW) + "\n", encoding="utf-8")

    def made(name, *, trusted=True, settings="timeouts: {total_s: 0.5}\n"):
        path = tmp_path / name
        path.mkdir()
        (path / "area.py").write_text(SOURCE, encoding="utf-8")
        if settings:
            (path / ".parley.yaml").write_text(settings, encoding="utf-8")
        if trusted:
            command = [PARLEY, "trust", "add", str(path)]
            subprocess.run(command, check=True, env=environment(tmp_path), capture_output=True)
        return path

    return made


def _next(server, wanted):
    """The next message that is `wanted`, whatever comes before it."""
    while not wanted(message := server.next()):
        assert message is not None, "the server ended"
    return message


def _shown(server):
    return _next(server, lambda each: each.get("method") == "window/showMessage")["params"]["message"]


def _renamed(server, path):
    """How a renaming in a file that is not open ends."""
    cursor = {"line": 1, "character": 4}
    argument = {"textDocument": {"uri": path.as_uri()}, "range": {"start": cursor, "end": cursor}, "task": "rename"}
    params = {"command": "parley.refactor", "arguments": [{**argument, "wait": True, "apply": False}]}
    server.send({"jsonrpc": "2.0", "id": path.name, "method": "workspace/executeCommand", "params": params})
    return _next(server, lambda each: each.get("id") == path.name)["result"]


def _actions(server):
    at = {"line": 1, "character": 4}
    asked = {"textDocument": {"uri": "file:///a.py"}, "range": {"start": at, "end": at}}
    return server.ask("textDocument/codeAction", {**asked, "context": {"diagnostics": []}})


def _named(*paths):
    return [{"uri": path.as_uri(), "name": path.name} for path in paths]


@pytest.mark.parametrize(
    "named",
    [
        lambda path: {"workspaceFolders": _named(path)},
        lambda path: {"workspaceFolders": None, "rootUri": path.as_uri()},
        lambda path: {"rootUri": path.as_uri()},
        lambda path: {"rootPath": str(path), "rootUri": None},
        lambda path: {},
    ],
    ids=["folders", "no folders", "uri", "path", "nothing"],
)
def test_the_settings_of_the_workspace_count_however_it_is_named(tmp_path, folder, named):
    """Where the process itself was started says nothing; without any, it is the folder of the file."""
    here = folder("here")
    with raw_server(tmp_path) as server:
        server.initialize(**named(here))
        assert DEADLINE in _renamed(server, here / "area.py")["message"]


def test_each_document_has_the_settings_of_its_own_folder(tmp_path, folder):
    """Of several folders, also of one that is added later."""
    short, plain, later = folder("short"), folder("plain", trusted=False, settings=None), folder("later")
    with raw_server(tmp_path) as server:
        server.initialize(workspaceFolders=_named(short, plain), capabilities={"workspace": {"workspaceFolders": True}})
        assert _renamed(server, plain / "area.py")["outcome"] == "diff"
        assert DEADLINE in _renamed(server, short / "area.py")["message"]
        server.tell("workspace/didChangeWorkspaceFolders", {"event": {"added": _named(later), "removed": []}})
        assert DEADLINE in _renamed(server, later / "area.py")["message"]


def test_what_is_not_trusted_is_told_once_and_does_not_count(tmp_path, folder):
    """At the start, and when such a folder is added; with the command that trusts it."""
    first, second = folder("first", trusted=False), folder("second", trusted=False)
    with raw_server(tmp_path) as server:
        server.initialize(workspaceFolders=_named(first), capabilities={"workspace": {"workspaceFolders": True}})
        told = _shown(server)
        assert told.startswith(f"{first / '.parley.yaml'} is not read, since you have not trusted this workspace.")
        assert told.endswith(f"parley trust add {first}")
        server.tell("workspace/didChangeWorkspaceFolders", {"event": {"added": _named(second), "removed": []}})
        assert str(second) in _shown(server)
        assert _renamed(server, first / "area.py")["outcome"] == "diff"


def test_what_cannot_be_set_there_is_told(tmp_path, folder):
    """And what can, counts."""
    here = folder("here", settings="timeouts: {total_s: 0.5}\nollama: {url: 'http://evil.example'}\n")
    with raw_server(tmp_path) as server:
        server.initialize(workspaceFolders=_named(here))
        assert "'ollama.url' cannot be set there" in _shown(server)
        assert DEADLINE in _renamed(server, here / "area.py")["message"]


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {},
        {"textDocument": None},
        {"textDocument": "file:///a.py"},
        {"textDocument": {"uri": 5, "languageId": "python", "version": 1, "text": ""}},
        {"textDocument": {"uri": "file:///a.py", "version": 1, "text": ""}},
        {"textDocument": {"uri": "file:///a.py", "languageId": {"id": "python"}, "version": 1, "text": ""}},
        {"textDocument": {"uri": "file:///a.py", "languageId": "python", "version": "one", "text": ""}},
        {"textDocument": {"uri": "file:///a.py", "languageId": "python", "version": None, "text": ""}},
        {"textDocument": {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ["x"]}},
    ],
)
def test_a_document_of_a_wrong_shape_is_not_opened(tmp_path, params):
    """A warning in the log; the server answers what comes next."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.tell("textDocument/didOpen", params)
        answer = _actions(server)
        assert "cannot be read: No such file" in answer["error"]["message"]
        server.ask("shutdown", request_id=2)
        server.tell("exit")
        assert server.ended() == 0
    assert any(b"ignored a notification textDocument/didOpen" in line for line in server.errors)


@pytest.mark.parametrize("language", [5, None])
def test_a_document_of_a_wrong_language_is_opened_all_the_same(tmp_path, language):
    """Its unsaved text counts, and its name tells the language; the log says so."""
    with raw_server(tmp_path) as server:
        server.initialize()
        document = {"uri": "file:///a.py", "languageId": language, "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": document})
        titles = [each["title"] for each in _actions(server)["result"]]
        assert any(title.startswith("Rename for clarity") for title in titles)
        server.process.stdin.close()
        assert server.ended() == 1
    assert any(b"was opened with a languageId that is no string" in line for line in server.errors)
