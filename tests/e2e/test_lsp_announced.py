"""What an editor announces decides what it gets, and what nobody here knows yet stands in no editor's way."""

import pytest

from support.raw_server import raw_server

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"


def actions(server, tmp_path):
    """The code actions at the first function."""
    uri, at = (tmp_path / "a.py").as_uri(), {"line": 1, "character": 4}
    document = {"uri": uri, "languageId": "python", "version": 1, "text": SOURCE}
    server.tell("textDocument/didOpen", {"textDocument": document})
    asked = {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
    return server.ask("textDocument/codeAction", asked)["result"]


def knowing(**code_actions):
    """What a client announces that knows code actions, and more of them."""
    return {
        "textDocument": {
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}, **code_actions}
        }
    }


@pytest.mark.parametrize(
    ("announced", "tags"),
    [
        ({}, None),
        ({"tagSupport": {"valueSet": []}}, None),
        ({"tagSupport": {"valueSet": [1]}}, [1]),
        ({"tagSupport": {"valueSet": [99, 1, 100]}}, [1]),
        ({"tagSupport": {"valueSet": "all"}}, None),
    ],
)
def test_what_a_model_makes_is_tagged_where_the_editor_knows_the_tag(tmp_path, announced, tags):
    """Every action, and beside tags of a later protocol, too."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=knowing(**announced))
        offered = actions(server, tmp_path)
        assert offered
        assert all(each.get("tags") == tags for each in offered)


@pytest.mark.parametrize(("trigger", "offered"), [(None, 1), (1, 1), (2, 0)])
def test_what_an_editor_does_at_every_save_asks_no_model(tmp_path, trigger, offered):
    """A source action is for the person's own choice alone."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=knowing())
        assert actions(server, tmp_path)
        at = {"line": 1, "character": 4}
        asked = {"textDocument": {"uri": (tmp_path / "a.py").as_uri()}, "range": {"start": at, "end": at}}
        context = {"diagnostics": [], "only": ["source"]} | ({"triggerKind": trigger} if trigger else {})
        assert len(server.ask("textDocument/codeAction", asked | {"context": context})["result"]) == offered


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("workspace", {"workspaceEdit": {"resourceOperations": ["create", "swap"], "failureHandling": "later"}}),
        ("workspace", {"symbol": {"symbolKind": {"valueSet": [1, 999]}}}),
        ("textDocument", {"hover": {"contentFormat": ["html", "markdown"]}, "publishDiagnostics": 5}),
        ("textDocument", {"semanticTokens": {"formats": ["later"], "requests": {}, "tokenTypes": []}}),
        ("general", {"staleRequestSupport": {"cancel": "yes"}, "positionEncodings": ["utf-7", "utf-32"]}),
        ("window", "none"),
        ("notebookDocument", []),
    ],
)  # fmt: skip
def test_what_is_not_known_counts_as_not_announced(tmp_path, part, value):
    """The editor is served all the same, with what is known of it."""
    with raw_server(tmp_path) as server:
        result = server.initialize(capabilities={part: value})["result"]
        encodings = value.get("positionEncodings", ["utf-16"]) if isinstance(value, dict) else ["utf-16"]
        assert result["capabilities"]["positionEncoding"] == encodings[-1]
        assert actions(server, tmp_path)


@pytest.mark.parametrize(
    "params",
    [{"trace": "compact"}, {"clientInfo": {}}, {"workspaceFolders": [{"uri": "file:///a"}, 5, "b"]}, {"rootUri": 5}],
)
def test_what_surrounds_the_capabilities_may_be_wrong_too(tmp_path, params):
    """Tracing as one client library calls it, a client without a name, folders and a root that are none."""
    with raw_server(tmp_path) as server:
        assert "capabilities" in server.initialize(**params)["result"]
        assert actions(server, tmp_path)


@pytest.mark.parametrize("params", [None, 5, {}, {"capabilities": 5}, {"capabilities": None}])
def test_without_capabilities_nothing_is_initialized(tmp_path, params):
    """Invalid parameters; a right `initialize` after it works."""
    with raw_server(tmp_path) as server:
        assert server.ask("initialize", params)["error"]["code"] == -32602
        assert "capabilities" in server.initialize()["result"]
