"""A server process spoken to in bytes: for messages that no client library would send, and for how the process ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from contextlib import contextmanager
from queue import Queue
from threading import Thread

from support.editor import PARLEY, environment

WITHIN_S = 60


class RawServer:
    """The process, and the messages that it sent."""

    def __init__(self, process, *, listens=True):
        self.process = process
        self.messages = Queue()
        self.errors = []
        self._reader = Thread(target=self._read, daemon=True)
        Thread(target=lambda: self.errors.extend(process.stderr), daemon=True).start()
        if listens:
            self.listen()

    def listen(self):
        """Begin to read what the server sends."""
        self._reader.start()

    def write(self, data):
        """Send bytes as they are."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def body(self, data):
        """Send bytes as a message's body."""
        self.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def send(self, message):
        """Send JSON as a message."""
        self.body(json.dumps(message).encode())

    def ask(self, method, params=None, request_id=1):
        """Send a request; the response. What the server traces until then is passed over."""
        self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
        while (told := self.next()) is not None and told.get("method") == "$/logTrace":
            pass
        return told

    def tell(self, method, params=None):
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def next(self):
        """The next message that the server sent; None at the end of its output."""
        return self.messages.get(timeout=WITHIN_S)

    def initialize(self, **params):
        """Get past `initialize`."""
        given = {"processId": None, "rootUri": None, "capabilities": {}, **params}
        answered = self.ask("initialize", given, "init")
        self.tell("initialized", {})
        return answered

    def ended(self):
        """The exit code; the process must end by itself."""
        return self.process.wait(WITHIN_S)

    def _read(self):
        while header := self.process.stdout.readline():
            length = re.fullmatch(rb"Content-Length: (\d+)\r\n", header)
            assert length, f"not a header: {header!r}"
            assert self.process.stdout.readline() == b"\r\n"
            self.messages.put(json.loads(self.process.stdout.read(int(length[1]))))
        self.messages.put(None)


@contextmanager
def raw_server(tmp_path, *arguments, scripted=True, listens=True, program=(PARLEY, "serve"), **variables):
    """A server process, killed at the end if it did not end by itself; its answers are scripted, or a real model's.

    With `program` it is that one.
    """
    script = tmp_path / "script.jsonl"
    script.touch()
    with _listening_to_hangups():
        process = subprocess.Popen(
            [*program, *(("--scripted", str(script)) if scripted else ()), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(tmp_path) | variables,
        )
    with process:
        try:
            yield RawServer(process, listens=listens)
        finally:
            process.kill()


@contextmanager
def _listening_to_hangups():
    """What is started meanwhile hears SIGHUP, also where the tests run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
