"""An editor whose buffers it alone changes and whose answers come when the test says so, over a real server's pipes.

Everything that it does and hears goes to its `Verdicts`. An edit that is asked for must be exactly the rename of the
text of the version that it is for, each request is answered and ends once, and what the server holds of a document is
what the editor shows, by the hash of a result that needs no model.
"""

from __future__ import annotations

import hashlib
import itertools
import queue

from lsprotocol import types

from support.editor import offset_at, position_at
from support.moved_edits import NEW, OLD, renamed, uses
from support.raw_server import WITHIN_S
from support.verdicts import Verdicts


class Buffer:
    """One open document."""

    def __init__(self, uri, text):
        self.uri, self.text, self.version = uri, text, 0


class PipedEditor:
    """One editor, kept for many interleavings.

    Args:
        server: The process, not yet initialized.
        encoding: The position encoding to ask for.

    `traffic` is what was said of late, `failed` what led to the first fault, and which it was.
    """

    def __init__(self, server, encoding):
        self.server, self.encoding = server, encoding
        self.verdicts = Verdicts()
        self.buffers = {}
        self.asked_edits = []
        self.finished = {}
        self.answers = {}
        self.applied = 0
        self.interleavings = 0
        self.traffic = []
        self.failed = None
        self._asked = {}
        self._is_checking = False
        self._versions = itertools.count(1)
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

    def open(self, uri, text):
        """Open a document, perhaps again; its versions go on, so that none means two texts."""
        self.buffers[uri] = buffer = Buffer(uri, text)
        self._shows(buffer)
        item = {"uri": uri, "languageId": "python", "version": buffer.version, "text": buffer.text}
        self._tell("textDocument/didOpen", {"textDocument": item})

    def close(self, uri):
        """Close a document."""
        if self.buffers.pop(uri, None):
            self.verdicts.closes(uri)
            self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})

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

    def refactor(self, uri, **more):
        """Ask for a refactoring of the function; the request's number."""
        buffer = self.buffers[uri]
        name = buffer.text.index("area(")
        document = {"uri": uri, "version": buffer.version}
        argument = {"textDocument": document, "range": self.range(buffer.text, name, name), **more}
        return self.execute("parley.refactor", argument, about=(uri, buffer.version))

    def apply_kept(self, uri, kept):
        """Ask for what was kept of a document; the request's number."""
        return self.execute("parley.apply", {"id": kept}, about=(uri, 0))

    def execute(self, command, *arguments, about=None):
        """Execute a command; the request's number."""
        request = self.number()
        self._asked[request] = about
        params = {"command": command, "arguments": list(arguments)}
        self._send({"id": request, "method": "workspace/executeCommand", "params": params})
        return request

    def cancel(self, request):
        """Cancel a request by its number."""
        if self._asked.get(request):
            self.verdicts.cancels(self._asked[request][0])
        self._tell("$/cancelRequest", {"id": request})

    def cancel_started(self, **which):
        """Cancel by the command; the request's number."""
        self.verdicts.cancels()
        return self.execute("parley.cancel", which)

    def hear(self, *, wait_s=0.0):
        """Take the next message, if one is there within `wait_s`; whether there was one."""
        try:
            message = self.server.messages.get(timeout=wait_s) if wait_s else self.server.messages.get_nowait()
        except queue.Empty:
            return False
        assert message is not None, f"the server ended: {b''.join(self.server.errors).decode()}"
        self.traffic.append(f"the server: {message}")
        try:
            self._judge(message)
        except AssertionError as error:
            self.failed = self.failed or (*self.traffic, str(error))
            raise
        return True

    def hear_more(self):
        """Take the next message, which must come."""
        if not self.hear(wait_s=WITHIN_S):
            self.failed = self.failed or (*self.traffic, "nothing more came")
            raise AssertionError("a request does not end")

    def is_waited_for(self):
        """Whether a request is still to be answered, or to end."""
        return bool(self._asked) or self.verdicts.is_running()

    def wait_for_an_edit(self):
        """Hear until the server wants an edit, or nothing more is to come."""
        while not self.asked_edits and self.is_waited_for():
            self.hear_more()

    def answer(self, request):
        """The response to a request of ours, waited for; every edit that is asked for meanwhile is left waiting."""
        while request not in self.answers:
            self.hear_more()
        return self.answers.pop(request)

    def buffer_of(self, message):
        """The open document that `workspace/applyEdit` is for, or None."""
        return self.buffers.get(_change_of(message)[0])

    def apply(self, message, *, willing=True):
        """Answer `workspace/applyEdit`: carried out where it is for what is shown, or declined."""
        uri, version, _ = _change_of(message)
        buffer = self.buffers.get(uri)
        is_shown = buffer is not None and buffer.version == version
        if is_shown and willing:
            self.verdicts.lands(uri, version)
            self.change(buffer, self._replacements(message))
            self.applied += 1
        elif not willing:
            self.verdicts.refuses(uri)
        self._send({"id": message["id"], "result": {"applied": is_shown and willing}})

    def check(self, uri):
        """The server holds of `uri` what the editor shows."""
        text = self.buffers[uri].text
        old = OLD if uses(OLD, text) else NEW
        self._is_checking = True
        asked = self.refactor(uri, instruction=f"rename {old} to y_probe", task="rename", apply=False, wait=True)
        answered = self.answer(asked)
        self._is_checking = False
        assert "result" in answered, answered
        assert answered["result"]["outcome"] == "diff", answered
        wanted = hashlib.sha256(renamed(text, old, "y_probe").encode()).hexdigest()
        assert answered["result"]["editSha256"] == wanted, "the server holds another text"

    def _tell(self, method, params):
        self._send({"method": method, "params": params})

    def _send(self, message):
        self.traffic.append(f"the editor: {message}")
        self.server.send({"jsonrpc": "2.0", **message})

    def _judge(self, message):
        match message.get("method"):
            case None:
                self._answered(message)
            case "workspace/applyEdit":
                self.asked_edits.append(message)
                self._judge_edit(message)
            case "parley/started" if not self._is_checking:
                self.verdicts.begins(message["params"])
            case "parley/finished":
                self._ended(message["params"])

    def _shows(self, buffer):
        buffer.version = next(self._versions)
        self.verdicts.shows(buffer.uri, buffer.version, buffer.text)

    def _tell_change(self, buffer, changes):
        self._shows(buffer)
        identifier = {"uri": buffer.uri, "version": buffer.version}
        self._tell("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})

    def _answered(self, message):
        assert message["id"] not in self.answers, "answered twice"
        self.answers[message["id"]] = message
        about = self._asked.pop(message["id"])
        if "error" in message:
            assert about, message
            self.verdicts.fails(*about, message["error"])

    def _ended(self, finished):
        assert finished["id"] not in self.finished, "finished twice"
        self.finished[finished["id"]] = finished
        if not self._is_checking:
            self.verdicts.ends(finished)

    def _judge_edit(self, message):
        """Whether or not the editor will carry it out, it is right for the version that it names."""
        uri, version, _ = _change_of(message)
        text = before = self.verdicts.text_at(uri, version)
        for start, end, new_text in self._replacements(message):
            text = text[:start] + new_text + text[end:]
        assert text == renamed(before), "the edit is not the rename of the version that it names"
        self.verdicts.asks(uri, version)

    def _replacements(self, message):
        """The last first, so that the offsets of the others stay."""
        uri, version, edits = _change_of(message)
        text = self.verdicts.text_at(uri, version)
        return sorted(((*self._offsets(text, each["range"]), each["newText"]) for each in edits), reverse=True)

    def _offsets(self, text, given):
        return (offset_at(text, types.Position(**given[end]), self.encoding) for end in ("start", "end"))


def _change_of(message):
    (change,) = message["params"]["edit"]["documentChanges"]
    return change["textDocument"]["uri"], change["textDocument"]["version"], change["edits"]
