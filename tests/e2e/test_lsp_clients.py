"""The whole way of a refactoring with each editor's own `initialize`: nothing is used that it did not announce."""

from __future__ import annotations

import json
import os
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from lsprotocol import types

from support.editor import offset_at, position_at
from support.house import ROOT
from support.raw_server import raw_server

SOURCE = 'def area(w, h):\n    x = w * h  # 😋\n    s = "😋"; y = x\n    return y, s\n'
RENAMED = SOURCE.replace("x = w", "product = w").replace("y = x", "y = product")
RENAME = {"task_class": "rename", "json": {"x": "product", "y": "y", "s": "s"}}
EXPLAIN = {"task_class": "explain", "text": "It multiplies.\n"}
RECORDED = {path.stem: path for path in (ROOT / "tests" / "recordings" / "clients").glob("*.json")}
SHIPPED = {
    name: resources.files("pytest_lsp.clients") / f"{name}.json"
    for name in ("visual_studio_code_v1.65.2", "neovim_v0.11.0", "emacs_v29.1")
}
CLIENTS = {**RECORDED, **SHIPPED}


class Client:
    """An editor that has announced certain things, and fails the test when something else is asked of it."""

    def __init__(self, server, announced, uri):
        self.server = server
        self.announced = announced
        self.uri, self.text, self.version = uri, SOURCE, 1
        self.told = []
        self.edits = []
        self.shown = []
        self.encoding = "utf-16"

    def can(self, *path):
        """What the client announced under a path of names; None for nothing."""
        found = self.announced["capabilities"]
        for name in path:
            found = (found or {}).get(name)
        return found

    def ask(self, method, params):
        """A request's result; what the server asks meanwhile is answered."""
        self.server.send({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
        while (message := self.server.next()).get("id") != method or "method" in message:
            self._take(message)
        assert "error" not in message, message
        return message["result"]

    def until_told(self, count=1):
        """The first messages that a person sees."""
        while len(self.told) < count:
            self._take(self.server.next())
        return self.told[:count]

    def until_shown(self):
        """The document that the server had opened."""
        while not self.shown:
            self._take(self.server.next())
        return self.shown[0]

    def _take(self, message):
        method, params = message.get("method"), message.get("params")
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": self._answer(method, params)}
            self.server.send(answer)
        elif method == "window/showMessage":
            self.told.append(params["message"])
        else:
            assert method in ("$/progress", "window/logMessage") or method.startswith("parley/"), message

    def _answer(self, method, params):
        match method:
            case "workspace/configuration":
                assert self.can("workspace", "configuration")
                return [None for _ in params["items"]]
            case "client/registerCapability":
                (wanted,) = params["registrations"]
                assert wanted["method"] == "workspace/didChangeConfiguration"
                assert self.can("workspace", "didChangeConfiguration", "dynamicRegistration")
                return None
            case "window/workDoneProgress/create":
                assert self.can("window", "workDoneProgress")
                return None
            case "window/showDocument":
                assert self.can("window", "showDocument", "support")
                self.shown.append(params["uri"])
                return {"success": True}
            case "workspace/applyEdit":
                assert self.can("workspace", "applyEdit")
                self._apply(params["edit"])
                return {"applied": True}
        raise AssertionError(f"the editor never announced {method}")

    def _apply(self, edit):
        self.edits.append(edit)
        knows = self.can("workspace", "workspaceEdit") or {}
        versioned = bool(knows.get("documentChanges") or knows.get("resourceOperations"))
        assert ("documentChanges" in edit) == versioned
        assert "changeAnnotations" not in edit or "changeAnnotationSupport" in knows
        if versioned:
            (change,) = edit["documentChanges"]
            assert change["textDocument"] == {"uri": self.uri, "version": self.version}
            edits = change["edits"]
        else:
            edits = edit["changes"][self.uri]
        for each in sorted(map(self._span, edits), reverse=True):
            self._replace(*each)

    def _span(self, edit):
        ends = (types.Position(**edit["range"][end]) for end in ("start", "end"))
        start, end = map(partial(offset_at, self.text, encoding=self.encoding), ends)
        return start, end, edit["newText"]

    def _replace(self, start, end, new_text):
        self.text = self.text[:start] + new_text + self.text[end:]
        self.version += 1
        changed = {"textDocument": {"uri": self.uri, "version": self.version}, "contentChanges": [{"text": self.text}]}
        self.server.tell("textDocument/didChange", changed)

    def at(self, offset):
        """The empty range at an offset."""
        position = position_at(self.text, offset, self.encoding)
        return {end: {"line": position.line, "character": position.character} for end in ("start", "end")}


@pytest.fixture
def client(request, tmp_path):
    """The client of that name after `initialize`, with a server that renames, and a document open."""
    script = "".join(json.dumps(line) + "\n" for line in (RENAME, EXPLAIN))
    (tmp_path / "script.jsonl").write_text(script, encoding="utf-8")
    told = CLIENTS[request.param].read_text(encoding="utf-8")
    for name, value in (("ROOT_URI", tmp_path.as_uri()), ("ROOT", str(tmp_path))):
        told = told.replace(f"${name}", value)
    announced = json.loads(told.replace('"$PID"', str(os.getpid())))
    with raw_server(tmp_path) as server:
        client = Client(server, announced, (tmp_path / "a.py").as_uri())
        result = client.ask("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), **announced})
        client.encoding = result["capabilities"].get("positionEncoding", "utf-16")
        server.tell("initialized", {})
        document = {"uri": client.uri, "languageId": "python", "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": document})
        yield client


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
def test_a_refactoring_goes_the_whole_way_with_each_editor(client):
    """Offered, chosen, applied to the version that was shown, told; and goodbye."""
    at = client.at(SOURCE.index("s ="))
    asked = {"textDocument": {"uri": client.uri}, "range": at, "context": {"diagnostics": []}}
    offered = client.ask("textDocument/codeAction", asked)
    greyed = [each["title"] for each in offered if "disabled" in each]
    assert client.can("textDocument", "codeAction", "disabledSupport") or not greyed
    action = next(each for each in offered if each["title"] == "Rename for clarity")
    if "command" not in action:
        assert "command" in client.can("textDocument", "codeAction", "resolveSupport", "properties")
        action = client.ask("codeAction/resolve", action)
    command = action["command"]
    command = command if isinstance(command, dict) else action
    client.ask("workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]})
    (told,) = client.until_told()
    assert (client.text, len(client.edits)) == (RENAMED, 1), told
    assert client.encoding in (client.can("general", "positionEncodings") or ["utf-16"])
    assert client.ask("shutdown", None) is None
    client.server.tell("exit")
    assert client.server.ended() == 0


@pytest.mark.parametrize("client", CLIENTS, indirect=True)
def test_an_explanation_reaches_the_person_with_each_editor(client):
    """As a document where the editor opens one for the server, else by the name of its file."""
    argument = {"textDocument": {"uri": client.uri, "version": 1}, "range": client.at(4), "wait": True}
    finished = client.ask("workspace/executeCommand", {"command": "parley.explain", "arguments": [argument]})
    assert (finished["outcome"], finished["text"].strip()) == ("explained", "It multiplies.")
    if client.can("window", "showDocument", "support"):
        shown = client.until_shown()
    else:
        shown = client.until_told()[0].partition("The explanation is in ")[2]
    assert "It multiplies." in Path(shown.removeprefix("file://")).read_text(encoding="utf-8")
