"""Random interleavings of edits, cancels, closes and answers, against a real server process.

`Session` is an editor whose buffers it alone changes and whose answers come when the test says so. It judges the
server: an edit that is for the version that it shows must be exactly the rename of what it shows, each request ends
once, and what the server holds of a document is what the editor shows, by the hash of a result that needs no model.
"""

from __future__ import annotations

import hashlib
import itertools
import queue
import re
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from lsprotocol import types

from support.editor import lines_of, offset_at, position_at
from support.raw_server import WITHIN_S

CODE = "def area(w, h):\r\n\ttag = '😋 é'; x = w * h\n\treturn x\n\n\n"
RENAMED = CODE.replace("x =", "product =").replace("return x", "return product")
TAIL = "# é😋\r\n# two\n# three"
ANSWER = {"task_class": "rename", "pieces": [{"text": each, "delay_ms": 1} for each in ('{"x"', ': "prod', 'uct"}')]}
ENDLESS = {"task_class": "docstring", "pieces": [{"text": " ", "delay_ms": 2}], "ending": "endless"}
SCRIPT = [ANSWER, ENDLESS]
_PIECES = st.lists(st.sampled_from(["a", "é", "😋", "\t", " ", "e\u0301", "漢", "\n# ", "\r\n# "]), max_size=3).map(
    "".join
)
_COUNT = st.integers(0, 5)


class Buffer:
    """One open document."""

    def __init__(self, uri, version):
        self.uri, self.text, self.version = uri, CODE + TAIL, version


class Session:
    """One editor, kept for many interleavings.

    Args:
        server: The process, not yet initialized.
        encoding: The position encoding to ask for.
    """

    def __init__(self, server, encoding):
        self.server, self.encoding = server, encoding
        self.buffers = {}
        self.asked_edits = []
        self.finished = {}
        self.answers = {}
        self.applied = self.rebased = 0
        self.interleavings = 0
        self.outcomes = Counter()
        self._version = 0
        self._numbers = itertools.count(1)
        edits = {"documentChanges": True}
        self.initialized = server.initialize(
            capabilities={
                "general": {"positionEncodings": [encoding]},
                "workspace": {"applyEdit": True, "workspaceEdit": edits},
                "window": {"workDoneProgress": False},
                "experimental": {"parley": {"outcomes": True}},
            }
        )["result"]

    def number(self):
        """A number that was not used before."""
        return next(self._numbers)

    def open(self, uri):
        """Open a document, or open it again as it was at first; its versions go on, so that none means two texts."""
        self._version += 1
        self.buffers[uri] = buffer = Buffer(uri, self._version)
        item = {"uri": uri, "languageId": "python", "version": buffer.version, "text": buffer.text}
        self.server.tell("textDocument/didOpen", {"textDocument": item})

    def close(self, uri):
        """Close a document."""
        if self.buffers.pop(uri, None):
            self.server.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def change(self, buffer, replacements):
        """Change a buffer, each replacement in what the one before left, and tell the server."""
        changes = []
        for start, end, text in replacements:
            changes.append({"range": self.range(buffer.text, start, end), "text": text})
            buffer.text = buffer.text[:start] + text + buffer.text[end:]
        self._tell_change(buffer, changes)

    def replace(self, buffer, text):
        """Change all of a buffer at once."""
        buffer.text = text
        self._tell_change(buffer, [{"text": text}])

    def range(self, text, start, end):
        """The range of two offsets."""
        ends = [position_at(text, offset, self.encoding) for offset in (start, end)]
        return {
            name: {"line": at.line, "character": at.character} for name, at in zip(("start", "end"), ends, strict=True)
        }

    def ask(self, method, params):
        """Send a request; its id."""
        request = self.number()
        self.server.send({"jsonrpc": "2.0", "id": request, "method": method, "params": params})
        return request

    def refactor(self, uri, **more):
        """Ask for a refactoring of the function; the request's number."""
        version = self.buffers[uri].version
        start = {"line": 0, "character": 5}
        argument = {"textDocument": {"uri": uri, "version": version}, "range": {"start": start, "end": start}, **more}
        return self.execute("parley.refactor", argument)

    def execute(self, command, *arguments):
        """Execute a command; the request's number."""
        return self.ask("workspace/executeCommand", {"command": command, "arguments": list(arguments)})

    def hear(self, *, wait_s=0.0):
        """Take the next message, if one is there within `wait_s`; whether there was one."""
        try:
            message = self.server.messages.get(timeout=wait_s) if wait_s else self.server.messages.get_nowait()
        except queue.Empty:
            return False
        assert message is not None, f"the server ended: {b''.join(self.server.errors).decode()}"
        if "method" not in message:
            assert message["id"] not in self.answers, "answered twice"
            self.answers[message["id"]] = message
        elif message["method"] == "workspace/applyEdit":
            self.asked_edits.append(message)
        elif message["method"] == "parley/finished":
            assert message["params"]["id"] not in self.finished, "finished twice"
            self.finished[message["params"]["id"]] = message["params"]
            self.outcomes[message["params"]["outcome"]] += 1
            self.rebased += message["params"]["outcome"] == "applied" and message["params"].get("rebased", False)
        return True

    def answer(self, request):
        """The response to a request of ours, waited for; every edit that is asked for meanwhile is left waiting."""
        while request not in self.answers:
            assert self.hear(wait_s=WITHIN_S), "nothing came"
        return self.answers.pop(request)

    def apply(self, message, *, honest=True):
        """Answer `workspace/applyEdit`: carried out where it is for what is shown, or declined."""
        done = honest and self._applied(message["params"]["edit"]["documentChanges"])
        self.server.send({"jsonrpc": "2.0", "id": message["id"], "result": {"applied": bool(done)}})

    def _applied(self, changes):
        (change,) = changes
        buffer = self.buffers.get(change["textDocument"]["uri"])
        if buffer is None or buffer.version != change["textDocument"]["version"]:
            return False
        expected = renamed(buffer.text)
        spans = [(*self._offsets(buffer.text, each["range"]), each["newText"]) for each in change["edits"]]
        self.change(buffer, sorted(spans, reverse=True))
        assert buffer.text == expected, "the edit is not the rename of what the editor shows"
        self.applied += 1
        return True

    def _offsets(self, text, given):
        return (offset_at(text, types.Position(**given[end]), self.encoding) for end in ("start", "end"))

    def _tell_change(self, buffer, changes):
        self._version += 1
        buffer.version = self._version
        identifier = {"uri": buffer.uri, "version": buffer.version}
        self.server.tell("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})

    def check(self, uri):
        """The server holds of `uri` what the editor shows."""
        text = self.buffers[uri].text
        old, new = ("x", "y_probe") if "\tx" in text or " x = " in text else ("product", "y_probe")
        request = self.refactor(uri, instruction=f"rename {old} to {new}", task="rename", apply=False, wait=True)
        answered = self.answer(request)
        assert "result" in answered, answered
        result = answered["result"]
        assert result["outcome"] == "diff", result
        wanted = _NAME[old].sub(new, text)
        assert result["editSha256"] == hashlib.sha256(wanted.encode()).hexdigest(), "the server holds another text"


_NAME = {name: re.compile(rf"(?<=[ \t]){name}(?=[ \n])") for name in ("x", "product")}


def renamed(text):
    """What the rename of the script makes of a document."""
    return _NAME["x"].sub("product", text)


class Interleavings(RuleBasedStateMachine):
    """Two documents, and everything that may happen to them at once."""

    session = None

    @initialize()
    def begin(self):
        number = self.session.number()
        self.uris = [f"file:///nowhere/{number}/{name}.py" for name in ("a", "b")]
        self.requests, self.endless = [], []
        for uri in self.uris:
            self.session.open(uri)

    @rule(which=_COUNT, start=st.integers(0, 40), length=_COUNT, text=_PIECES)
    def type(self, which, start, length, text):
        """Somewhere below the function."""
        buffer = self._buffer(which)
        if buffer is None:
            return
        begin = buffer.text.index("# é") if "# é" in buffer.text else buffer.text.index("#")
        at = min(begin + 2 + start, len(buffer.text))
        end = min(at + length, len(buffer.text))
        after = buffer.text[:at] + text + buffer.text[end:]
        split = any(buffer.text[max(0, each - 1) : each + 1] == "\r\n" for each in (at, end))
        below = after[begin:]
        if not split and all(line.startswith("#") for line in lines_of(below)):
            self.session.change(buffer, [(at, end, text)])

    @rule(which=_COUNT, factor=st.sampled_from(["w", "2", "h"]))
    def type_in_the_function(self, which, factor):
        """Where the refactoring is."""
        buffer = self._buffer(which)
        if buffer is not None:
            at = buffer.text.index(" * h")
            self.session.change(buffer, [(at, at, f" * {factor}")])

    @rule(which=_COUNT, first=_PIECES)
    def replace_everything(self, which, first):
        """As an editor without incremental changes does, or a reload from the disk."""
        buffer = self._buffer(which)
        if buffer is not None:
            self.session.replace(buffer, f"{CODE}# {first}")

    @rule(which=_COUNT)
    def close_and_open(self, which):
        """The text begins anew, and so does its version."""
        uri = self.uris[which % 2]
        self.session.close(uri)
        self.session.open(uri)

    @rule(which=_COUNT)
    def close(self, which):
        self.session.close(self.uris[which % 2])

    @rule(which=_COUNT, task=st.sampled_from(["rename", "rename", "docstring"]), apply=st.booleans())
    def refactor(self, which, task, apply):
        """By the model, which takes its time; a docstring never ends by itself."""
        buffer = self._buffer(which)
        if buffer is not None:
            request = self.session.refactor(buffer.uri, task=task, apply=apply, wait=bool(which % 2))
            self.requests.append(request)
            if task == "docstring":
                self.endless.append(request)

    @rule(which=_COUNT)
    def cancel_request(self, which):
        """By `$/cancelRequest`."""
        if self.requests:
            self.session.server.tell("$/cancelRequest", {"id": self.requests[which % len(self.requests)]})

    @rule()
    def cancel_all(self):
        """By the command."""
        self.requests.append(self.session.execute("parley.cancel"))

    @rule(count=_COUNT)
    def listen(self, count):
        """Some of what the server said reaches the editor."""
        for _ in range(count):
            self.session.hear(wait_s=0.002)

    @rule(which=_COUNT, honest=st.booleans())
    def answer_an_edit(self, which, honest):
        """The editor gets round to it."""
        if self.session.asked_edits:
            self.session.apply(self.session.asked_edits.pop(which % len(self.session.asked_edits)), honest=honest)

    def teardown(self):
        """Everything ends, each once, and the texts agree."""
        session = self.session
        if not hasattr(self, "uris"):
            return
        for request in self.endless:
            session.server.tell("$/cancelRequest", {"id": request})
        answers = {request: self._answered(request) for request in self.requests}
        started = {request: each["result"]["id"] for request, each in answers.items() if _started(each)}
        for request in started.keys() & set(self.endless):
            session.answer(session.execute("parley.cancel", {"id": started[request]}))
        while not all(request in session.finished for request in started.values()) or session.asked_edits:
            if session.asked_edits:
                session.apply(session.asked_edits.pop())
            else:
                assert session.hear(wait_s=WITHIN_S), "a request does not end"
        for uri in self.uris:
            if uri in session.buffers:
                session.check(uri)
                session.close(uri)
        session.interleavings += 1

    def _answered(self, request):
        session = self.session
        while request not in session.answers:
            if session.asked_edits:
                session.apply(session.asked_edits.pop())
            else:
                assert session.hear(wait_s=WITHIN_S), "a request has no answer"
        return session.answers.pop(request)

    def _buffer(self, which):
        return self.session.buffers.get(self.uris[which % 2])


def _started(answered):
    return isinstance(answered.get("result"), dict) and "id" in answered["result"]
