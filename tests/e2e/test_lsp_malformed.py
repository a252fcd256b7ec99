"""Whatever arrives, each request has its answer, nothing stops the server, and it ends when it should."""

import json
import os
import signal
import subprocess
import sys

import pytest

from support.editor import PARLEY, environment
from support.raw_server import raw_server

UNOPENED = {"textDocument": {"uri": "a", "version": 1}, "contentChanges": [{"text": "x"}]}


def still_answers(server):
    answered = server.ask("shutdown", None, "last")
    return answered == {"id": "last", "jsonrpc": "2.0", "result": None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b"\xff\xfe{}", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]', -32600),
        (b"5", -32600),
        (b"null", -32600),
        (b'{"id": 1, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "shutdown"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "$/no"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "textDocument/codeAction"}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "textDocument/codeAction", "params": {"range": 5}}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}', -32600),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_malformed_message_is_answered_with_its_error(tmp_path, body, code):
    """The code that JSON-RPC or LSP names, and the next request works."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.body(body)
        assert server.next()["error"]["code"] == code
        assert still_answers(server)


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc": "2.0", "method": "no/such"}',
        b'{"jsonrpc": "2.0", "method": "$/no", "params": [1]}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": 5}',
        json.dumps({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": UNOPENED}).encode(),
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "none"}}',
        b'{"jsonrpc": "2.0", "id": 99, "result": null}',
        b'{"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "x"}}',
        b'{"jsonrpc": "2.0"}',
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_needs_no_answer_gets_none(tmp_path, body):
    """Notifications and responses that mean nothing are ignored, without a stack trace."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.body(body)
        assert still_answers(server)
        server.tell("exit")
        assert server.ended() == 0
        assert b"Traceback" not in b"".join(server.errors)


def test_bytes_that_are_no_message_are_skipped(tmp_path):
    """The session goes on at the next header."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.write(b"Content-Length: many\r\n\r\n{}")
        assert server.next()["error"]["code"] == -32700
        assert still_answers(server)


def test_before_initialize_only_initialize_is_answered(tmp_path):
    """And `initialize` still works afterwards."""
    with raw_server(tmp_path) as server:
        assert server.ask("shutdown")["error"]["code"] == -32002
        server.tell("textDocument/didClose", {"textDocument": {"uri": "a"}})
        assert "capabilities" in server.initialize()["result"]


def test_after_shutdown_only_exit_is_left(tmp_path):
    """Requests are refused, and the process ends with 0."""
    with raw_server(tmp_path) as server:
        server.initialize()
        assert still_answers(server)
        assert server.ask("textDocument/codeAction", {})["error"]["code"] == -32600
        server.tell("exit")
        assert server.ended() == 0


def test_ten_thousand_requests_at_once_are_all_answered_in_order(tmp_path):
    """However many wait, each has its answer."""
    with raw_server(tmp_path) as server:
        server.initialize()
        for number in range(10_000):
            server.send({"jsonrpc": "2.0", "id": number, "method": "no/such"})
        assert [server.next()["id"] for _ in range(10_000)] == list(range(10_000))


def test_an_editor_that_forgets_to_say_goodbye_gets_exit_code_1(tmp_path):
    """As LSP asks."""
    with raw_server(tmp_path) as server:
        server.initialize()
        server.tell("exit")
        assert server.ended() == 1


@pytest.mark.parametrize("initialized", [True, False])
def test_the_process_ends_when_its_input_does(tmp_path, initialized):
    """An editor that died leaves no orphan."""
    with raw_server(tmp_path) as server:
        if initialized:
            server.initialize()
        server.process.stdin.close()
        assert server.ended() == 1


def test_the_process_ends_when_the_editor_is_gone_though_the_pipe_is_open(tmp_path):
    """The pipe may have been inherited by someone else."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with editor, raw_server(tmp_path) as server:
        server.initialize(processId=editor.pid)
        editor.communicate(b"\n")
        assert server.ended() == 1


def test_the_process_ends_when_nobody_reads_it(tmp_path):
    """A closed output is a gone editor."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [PARLEY, "serve"], stdin=subprocess.PIPE, stdout=writing, env=environment(tmp_path)
    ) as server:
        os.close(writing)
        server.stdin.write(b"Content-Length: 2\r\n\r\n{}")
        server.stdin.flush()
        assert os.read(reading, 15) == b"Content-Length:"
        os.close(reading)
        server.stdin.write(b"Content-Length: 2\r\n\r\n{}")
        server.stdin.flush()
        assert server.wait(60) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_the_process_ends_on_a_signal_without_a_stack_trace(tmp_path, number):
    """A supervisor, a person or a closed terminal may end it."""
    with raw_server(tmp_path) as server:
        server.initialize()
        os.kill(server.process.pid, number)
        assert server.ended() == 1
        assert b"Traceback" not in b"".join(server.errors)


NOISY = """
import os, subprocess, sys
from parley_server.lsp.transport import claim_stdio
incoming, outgoing = claim_stdio()
print("noise", flush=True)
os.write(1, b"more noise")
subprocess.run(["echo", "a child's noise"])
sys.stdout.flush()
assert sys.stdin.read() == ""
os.write(outgoing, b"protocol: " + os.read(incoming, 100))
"""


def test_standard_output_belongs_to_the_protocol_even_when_a_library_prints():
    """What anything else writes goes to standard error; what anything else reads is empty."""
    ended = subprocess.run([sys.executable, "-c", NOISY], input=b"hello", capture_output=True, check=True)
    assert ended.stdout == b"protocol: hello"
    assert b"noise" in ended.stderr
    assert b"a child's noise" in ended.stderr


def test_the_log_goes_to_the_file_that_is_named(tmp_path):
    """Standard error stays quiet."""
    log = tmp_path / "parley.log"
    with raw_server(tmp_path, "--log-file", str(log)) as server:
        server.initialize()
        assert server.ask("no/such")["error"]["code"] == -32601
        assert still_answers(server)
        server.tell("exit")
        assert server.ended() == 0
        assert "answered 1 with error -32601" in log.read_text()
        assert server.errors == []


def test_a_log_file_that_cannot_be_written_is_one_sentence(tmp_path):
    """The server goes on without it."""
    with raw_server(tmp_path, "--log-file", str(tmp_path / "none" / "log")) as server:
        server.initialize()
        assert still_answers(server)
        server.tell("exit")
        assert server.ended() == 0
        assert b"".join(server.errors).decode() == (
            f"parley: no log is written to {tmp_path}/none/log: No such file or directory. "
            "Name another file with --log-file.\n"
        )


def test_the_log_is_its_owners_and_holds_as_much_as_is_asked(tmp_path):
    """Nobody else on the machine reads it; the level is the person's."""
    log = tmp_path / "parley.log"
    with raw_server(tmp_path, "--log-file", str(log), "--log-level", "error") as server:
        server.initialize()
        assert server.ask("no/such")["error"]["code"] == -32601
        assert still_answers(server)
        server.tell("exit")
        assert server.ended() == 0
    assert log.read_text() == ""
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("given", "is_logged"), [((), False), (("--log-level", "info"), True)])
def test_the_log_is_as_the_settings_say(tmp_path, given, is_logged):
    """Once they are read, which the first look at the models does; the command line goes before them."""
    log = tmp_path / "parley.log"
    arguments = ("--log-file", str(log), *given)
    with raw_server(tmp_path, *arguments, scripted=False, PARLEY_LOG_LEVEL="error") as server:
        server.initialize()
        server.ask("workspace/executeCommand", {"command": "parley.models", "arguments": [{}]})
        assert server.ask("no/such", request_id=2)["error"]["code"] == -32601
        server.tell("exit")
        server.ended()
    assert ("answered 2 with error -32601" in log.read_text()) is is_logged


def test_vs_codes_compact_trace_is_one_of_messages(tmp_path):
    """In `initialize` as later; LSP does not know it, and nothing was traced for who chose it."""
    opened = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": ""}
    with raw_server(tmp_path) as server:
        server.initialize(trace="compact")
        assert server.next()["params"] == {"message": "Sent answer to (init)"}
        server.tell("$/setTrace", {"value": "off"})
        server.tell("$/setTrace", {"value": "compact"})
        server.tell("textDocument/didOpen", {"textDocument": opened})
        told = [server.next()["params"] for _ in range(3)]
        assert told[1:] == [
            {"message": "Received notification $/setTrace"},
            {"message": "Received notification textDocument/didOpen"},
        ]
        server.tell("$/setTrace", {"value": "off"})
        server.next()
        assert still_answers(server)
        assert server.errors == []


def test_a_trace_tells_which_messages_go_and_not_what_they_say(tmp_path):
    """On from `initialize` or when asked; verbose adds sizes and names, never code."""
    opened = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "SECRET = 1"}
    with raw_server(tmp_path) as server:
        server.initialize(trace="messages")
        server.tell("textDocument/didOpen", {"textDocument": opened})
        lines = [server.next()["params"] for _ in range(3)]
        assert {"message": "Received notification textDocument/didOpen"} in lines
        server.tell("$/setTrace", {"value": "verbose"})
        server.tell(
            "textDocument/didChange", {"textDocument": {"uri": "file:///a.py", "version": 2}, "contentChanges": []}
        )
        told = {}
        while "Received notification textDocument/didChange" not in told:
            line = server.next()["params"]
            told[line["message"]] = line.get("verbose", "")
        assert told.popitem()[1].endswith(" bytes; parameters: textDocument, contentChanges")
        server.tell("$/setTrace", {"value": "off"})
        assert server.next()["params"]["message"] == "Received notification $/setTrace"
        assert still_answers(server)


@pytest.mark.parametrize("how", ["closed", "terminated", "exit"])
def test_the_server_ends_though_the_editor_owes_it_an_answer(tmp_path, how):
    """An editor that crashed answers no request of ours, such as that for a progress bar."""
    code = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "def f():\n    x = 1\n"}
    here = {"line": 1, "character": 4}
    argument = {"textDocument": {"uri": code["uri"]}, "range": {"start": here, "end": here}, "task": "rename"}
    with raw_server(tmp_path) as server:
        server.initialize(capabilities={"window": {"workDoneProgress": True}})
        server.tell("textDocument/didOpen", {"textDocument": code})
        params = {"command": "parley.refactor", "arguments": [argument]}
        server.send({"jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": params})
        while server.next().get("method") != "window/workDoneProgress/create":
            pass
        match how:
            case "closed":
                server.process.stdin.close()
            case "terminated":
                server.process.terminate()
            case _:
                server.tell("exit")
        assert server.ended() == 1
