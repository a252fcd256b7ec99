"""An editor reduced to its pipes: it speaks JSON-RPC with a server process and notes when each message arrived.

It has no protocol library that could cost time of its own, and it stamps bytes when they are read, before they are
parsed. What is measured with it belongs to the benchmarks.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygls.protocol import default_converter
from pytest_lsp import client_capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Message = dict[str, Any]
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message, and when its last byte was read, in nanoseconds of the monotonic clock of the whole machine."""

    at_ns: int
    message: Message


class ServerExitedError(Exception):
    """The server ended or said nothing for too long; the message has what it wrote on standard error."""


class RawClient:
    """One running server.

    Args:
        command: The server's command line.
        environment: Its whole environment.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.arrived: list[Arrived] = []
        self._documents: dict[str, tuple[int, str]] = {}
        self._next_id = 0
        self._changed = threading.Condition()
        self._errors: list[bytes] = []
        self._sending = threading.Lock()
        for target in (self._read, self._read_errors):
            threading.Thread(target=target, daemon=True).start()

    def request(self, method: str, params: object) -> Arrived:
        """Send a request and wait for its answer.

        Raises:
            ServerExitedError: it never came.
        """
        self._next_id += 1
        number = self._next_id
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return self.wait(lambda message: message.get("id") == number and "method" not in message)

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def wait(self, wanted: Callable[[Message], bool], *, after: int = 0) -> Arrived:
        """The first message that is `wanted` among those from number `after` on.

        Raises:
            ServerExitedError: it never came.
        """
        at = after
        deadline = time.monotonic() + _PATIENCE_S
        with self._changed:
            while True:
                while at < len(self.arrived):
                    if wanted(self.arrived[at].message):
                        return self.arrived[at]
                    at += 1
                left = deadline - time.monotonic()
                if self.process.poll() is not None or left <= 0 or not self._changed.wait(left):
                    said = b"".join(self._errors).decode(errors="replace")[-2000:]
                    raise ServerExitedError(f"the server (exit code {self.process.poll()}) did not answer: {said}")

    def initialize(self) -> Arrived:
        """Greet the server as VS Code does; its answer."""
        capabilities = default_converter().unstructure(client_capabilities("visual-studio-code@v1.65.2"))
        params = {"processId": os.getpid(), "rootUri": None, "workspaceFolders": None, "capabilities": capabilities}
        answer = self.request("initialize", params)
        self.notify("initialized", {})
        return answer

    def open(self, uri: str, text: str, language: str = "python") -> None:
        """Open a document."""
        self._documents[uri] = (1, text)
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, uri: str) -> None:
        """Close a document."""
        del self._documents[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def end(self) -> None:
        """Shut the server down, and make sure that it is gone."""
        try:
            if self.process.poll() is None:
                self.request("shutdown", None)
                self.notify("exit", None)
                self.process.wait(10)
        except (OSError, ServerExitedError, subprocess.TimeoutExpired):
            pass
        finally:
            self.process.kill()
            self.process.wait()

    def _send(self, message: Message) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        with self._sending:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _read(self) -> None:
        assert self.process.stdout is not None
        waiting = b""
        while chunk := os.read(self.process.stdout.fileno(), 1 << 20):
            at_ns = time.monotonic_ns()
            waiting += chunk
            while (parted := _parted(waiting)) is not None:
                body, waiting = parted
                self._take(Arrived(at_ns=at_ns, message=json.loads(body)))
        with self._changed:
            self._changed.notify_all()

    def _take(self, arrived: Arrived) -> None:
        message = arrived.message
        if "method" in message and "id" in message:
            self._answer(message)
        with self._changed:
            self.arrived.append(arrived)
            self._changed.notify_all()

    def _answer(self, message: Message) -> None:
        if message["method"] != "workspace/applyEdit":
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            return
        edit = message["params"]["edit"]
        changes = [(each["textDocument"]["uri"], each["edits"]) for each in edit.get("documentChanges") or ()]
        for uri, edits in changes or (edit.get("changes") or {}).items():
            version, text = self._documents[uri]
            text = _edited(text, edits)
            self._documents[uri] = (version + 1, text)
            identifier = {"uri": uri, "version": version + 1}
            self.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": text}]})
        self._send({"jsonrpc": "2.0", "id": message["id"], "result": {"applied": True}})

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while chunk := os.read(self.process.stderr.fileno(), 1 << 16):
            self._errors.append(chunk)


@contextmanager
def connected(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[RawClient]:
    """A client with its server, which is gone afterwards."""
    client = RawClient(command, environment)
    try:
        yield client
    finally:
        client.end()


def _parted(waiting: bytes) -> tuple[bytes, bytes] | None:
    """The first message's body and what follows it, once it is whole."""
    head, separator, rest = waiting.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return (rest[:length], rest[length:]) if len(rest) >= length else None


def _edited(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """`text`, which is ASCII, after the edits of one document."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(position: Mapping[str, int]) -> int:
        return starts[position["line"]] + position["character"]

    for edit in sorted(edits, key=lambda each: offset(each["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text
