"""The language server over TCP on this machine: one editor, and nobody else."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from contextlib import contextmanager

import pytest

from support.editor import PARLEY, environment

WITHIN_S = 60


@contextmanager
def _listening(tmp_path, host="127.0.0.1"):
    """The process, and the port that it told."""
    script = tmp_path / "script.jsonl"
    script.touch()
    process = subprocess.Popen(
        [PARLEY, "serve", "--tcp", f"{host}:0", "--scripted", str(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    )
    with process:
        try:
            told = process.stderr.readline().decode()
            yield process, int(re.fullmatch(r"parley: listening on .+:(\d+) for one editor\n", told)[1])
        finally:
            process.kill()


class Client:
    """A connection that speaks the protocol."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=WITHIN_S)
        self.file = self.socket.makefile("rb")

    def ask(self, method, params):
        """Send a request; the response."""
        self.tell(method, params, id=1)
        length = int(self.file.readline().removeprefix(b"Content-Length: "))
        self.file.readline()
        return json.loads(self.file.read(length))

    def tell(self, method, params=None, **more):
        """Send a notification."""
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def initialize(self):
        """Get past `initialize`."""
        return self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})

    def hang_up(self):
        """End the connection."""
        self.file.close()
        self.socket.close()

    def closed(self):
        """Whether the other side ends the connection without a word."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def connect():
    """Opens connections, which end with the test."""
    clients = []

    def connected(*arguments):
        clients.append(Client(*arguments))
        return clients[-1]

    yield connected
    for client in clients:
        client.hang_up()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_editor_is_served_from_initialize_to_exit(tmp_path, connect, host):
    """The process ends with it, with the code of the protocol; standard output stays empty."""
    with _listening(tmp_path, f"[{host}]" if ":" in host else host) as (process, port):
        client = connect(port, host)
        assert client.initialize()["result"]["serverInfo"]["name"] == "parley"
        assert client.ask("shutdown", None) == {"jsonrpc": "2.0", "id": 1, "result": None}
        client.tell("exit")
        assert process.wait(WITHIN_S) == 0
        assert process.stdout.read() == b""


def test_the_process_ends_when_its_editor_hangs_up(tmp_path, connect):
    """As with a closed standard input."""
    with _listening(tmp_path) as (process, port):
        client = connect(port)
        client.initialize()
        client.hang_up()
        assert process.wait(WITHIN_S) == 1


def test_a_second_editor_finds_nobody(tmp_path, connect):
    """While the first is served."""
    with _listening(tmp_path) as (_, port):
        connect(port).initialize()
        with pytest.raises(ConnectionRefusedError):
            connect(port)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
)
def test_a_web_page_is_turned_away_and_the_editor_after_it_served(tmp_path, connect, sent):
    """It could otherwise run what a refactoring may run."""
    with _listening(tmp_path) as (_, port):
        page = connect(port)
        page.socket.sendall(sent)
        assert page.closed()
        assert "result" in connect(port).initialize()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("0.0.0.0:0", "0.0.0.0 is not this machine alone"),
        ("four", "'four' names no port"),
    ],
)
def test_a_wrong_address_is_a_wrong_usage(tmp_path, address, told):
    """One message, and nothing listens."""
    done = subprocess.run(
        [PARLEY, "serve", "--tcp", address], check=False, env=environment(tmp_path), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())


def test_a_port_that_is_taken_is_told(tmp_path):
    """In one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [PARLEY, "serve", "--tcp", address], check=False, env=environment(tmp_path), capture_output=True, text=True
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Address already in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1
