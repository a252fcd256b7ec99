"""What is read from messages of the right shape is what lsprotocol's own converter reads."""

import json
from importlib import resources

import cattrs
import pytest
from lsprotocol import types
from pygls.protocol import default_converter

from parley_server.lsp.protocol import strict_text
from support.house import ROOT

RECORDED = (ROOT / "tests" / "recordings" / "clients").glob("*.json")
SHIPPED = (each for each in resources.files("pytest_lsp.clients").iterdir() if each.name.endswith(".json"))
INITIALIZES = [
    {"processId": None, **json.loads(each.read_text(encoding="utf-8").replace('"$PID"', "1"))}
    for each in (*RECORDED, *SHIPPED)
]
OPENED = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x"}
MESSAGES = [
    *(("initialize", each) for each in INITIALIZES),
    ("$/setTrace", {"value": "verbose"}),
    ("textDocument/didOpen", {"textDocument": OPENED}),
    ("codeAction/resolve", {"title": "t", "kind": "refactor.rewrite.parley.rename", "data": {"a": 1}}),
]


@pytest.fixture
def strict():
    converter = default_converter()
    strict_text(converter)
    return converter


@pytest.mark.parametrize(("method", "params"), MESSAGES)
def test_a_message_of_the_right_shape_is_read_as_ever(strict, method, params):
    """Enumerations of strings stay enumerations."""
    shape, message = types.METHOD_TO_TYPES[method][0], {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    assert repr(strict.structure(message, shape)) == repr(default_converter().structure(message, shape))


@pytest.mark.parametrize("field", ["uri", "text"])
@pytest.mark.parametrize("value", [5, None, ["x"], {"x": 1}, True])
def test_what_is_no_string_is_not_made_one(strict, field, value):
    """A document's text must not become how Python writes a list."""
    with pytest.raises(cattrs.BaseValidationError):
        strict.structure({**OPENED, field: value}, types.TextDocumentItem)
