"""Malformed and random messages by a seed, each with the answer that JSON-RPC and LSP ask for.

A request with a usable id is answered once, by a result or an error; what has no usable id, or is no message, is
answered by an error whose id is null; notifications and responses get no answer.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass

_URIS = [f"file:///nowhere/{number}.py" for number in range(20)]
_TEXT = "def area(w, h):\n    x = w * h\n    return x\n"
_PLACE = {"start": {"line": 0, "character": 4}, "end": {"line": 1, "character": 0}}
_DOCUMENT = {"uri": _URIS[0], "version": 1}
_REQUESTS = {
    "textDocument/codeAction": {"textDocument": _DOCUMENT, "range": _PLACE, "context": {"diagnostics": []}},
    "workspace/executeCommand": {
        "command": "parley.refactor",
        "arguments": [{"textDocument": _DOCUMENT, "range": _PLACE}],
    },
    "parley/resend": {"id": "none", "since": 0},
    "workspace/textDocumentContent": {"uri": "parley:/explanations/none.md"},
    "textDocument/hover": {"textDocument": _DOCUMENT, "position": {"line": 0, "character": 0}},
    "initialize": {"processId": None, "rootUri": None, "capabilities": {}},
    "no/such": {"a": 1},
    "$/no": [1],
}
_NOTIFICATIONS = {
    "textDocument/didOpen": {"textDocument": {**_DOCUMENT, "languageId": "python", "text": _TEXT}},
    "textDocument/didChange": {"textDocument": _DOCUMENT, "contentChanges": [{"range": _PLACE, "text": "é😋"}]},
    "textDocument/didClose": {"textDocument": _DOCUMENT},
    "$/cancelRequest": {"id": 5},
    "window/workDoneProgress/cancel": {"token": "none"},
    "$/setTrace": {"value": "off"},
    "no/such": None,
}
_COMMANDS = [
    "parley.refactor",
    "parley.explain",
    "parley.cancel",
    "parley.models",
    "parley.profile",
    "parley.dance",
    "",
]
_VALUES = [None, True, 0, -1, 1 << 40, 1.5, "", "x", "\ud800", "😋", [], [[]], {}, {"a": None}, "file:///nowhere/0.py"]
_BAD_IDS = [None, {}, [1], 1.5, True]
_BAD_HEADERS = [
    b"Content-Length: many",
    b"Content-Length: -5",
    b"Content-Length 5",
    b"Content-Length: 99999999999999",
    b"X: y",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message's bytes, and the id by which it must be answered: "null" for an error without one, None for none."""

    data: bytes
    answered_by: int | str | None


def messages(random, count):
    """`count` messages by the random source `random`."""
    kinds = (_request, _request, _notification, _response, _rubbish, _bad_envelope, _bad_header)
    for number in range(count):
        yield random.choice(kinds)(random, f"fuzz-{number}")


def framed(body):
    """A body as a message."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _request(random, name):
    method, params = random.choice(list(_REQUESTS.items()))
    params = _mutated(random, params)
    if method == "workspace/executeCommand" and isinstance(params, dict):
        params["command"] = random.choice(_COMMANDS)
    request_id = random.choice(_BAD_IDS) if random.random() < 0.1 else name
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
    return Sent(data=_encoded(message), answered_by=name if request_id == name else "null")


def _notification(random, _name):
    method, params = random.choice(list(_NOTIFICATIONS.items()))
    return Sent(
        data=_encoded({"jsonrpc": "2.0", "method": method, "params": _mutated(random, params)}), answered_by=None
    )


def _response(random, _name):
    body = {"result": random.choice(_VALUES)} if random.random() < 0.5 else {"error": random.choice(_VALUES)}
    return Sent(data=_encoded({"jsonrpc": "2.0", "id": random.choice(_VALUES), **body}), answered_by=None)


def _rubbish(random, _name):
    body = b"\xff" + random.randbytes(random.randrange(200))
    return Sent(data=framed(body), answered_by="null")


def _bad_envelope(random, _name):
    envelopes = [
        [],
        [{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}],
        5,
        None,
        "x",
        {"method": "shutdown"},
        {"jsonrpc": "1.0", "method": "shutdown"},
        {"jsonrpc": 2.0, "method": "exit"},
        {"jsonrpc": "2.0", "method": random.choice([5, None, {}, []])},
    ]
    return Sent(data=_encoded(random.choice(envelopes)), answered_by="null")


def _bad_header(random, _name):
    # What follows is skipped up to the next header, so a message follows for the error to be about this one alone.
    found_again = _encoded({"jsonrpc": "2.0", "method": "$/no"})
    return Sent(data=random.choice(_BAD_HEADERS) + b"\r\n\r\n{}" + found_again, answered_by="null")


def _encoded(message):
    return framed(json.dumps(message).encode("ascii"))


def _mutated(random, value):
    """`value` with up to three of its nodes replaced or left out; a quarter of the time as it is."""
    value = copy.deepcopy(value)
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        value = _struck(random, value)
    return value


def _struck(random, value):
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        if random.random() < 0.1:
            del value[key]
        elif key == "uri" and random.random() < 0.7:
            value[key] = random.choice(_URIS)
        else:
            value[key] = _struck(random, value[key])
        return value
    if isinstance(value, list) and value and random.random() < 0.85:
        at = random.randrange(len(value))
        value[at] = _struck(random, value[at])
        return value
    return copy.deepcopy(random.choice(_VALUES))
