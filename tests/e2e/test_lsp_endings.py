"""Every way in which the server's life ends while a real model answers: no process is left, and no record is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from parley_profiling.stores import read_calls
from parley_providers.models.store import default_root
from support.editor import PARLEY, environment
from support.local_models import tiny_model
from support.raw_server import WITHIN_S, raw_server

__all__ = ["tiny_model"]
STUCK = str(Path(__file__).parents[1] / "support" / "stuck_server.py")
SOURCE = "def area(width, height):\n    return width * height\n\n\n" * 20


def _signal(number):
    return lambda server, _: os.kill(server.process.pid, number)


def _close(server, _):
    server.process.stdin.close()


def _parent_dies(_, editor):
    editor.communicate(b"\n")


def _exit(server, _):
    server.tell("exit")


def _goodbye(server, _):
    server.send({"jsonrpc": "2.0", "id": "bye", "method": "shutdown"})
    server.tell("exit")


WAYS = {
    "SIGINT": (_signal(signal.SIGINT), 1),
    "SIGTERM": (_signal(signal.SIGTERM), 1),
    "SIGHUP": (_signal(signal.SIGHUP), 1),
    "closed input": (_close, 1),
    "dead parent": (_parent_dies, 1),
    "exit alone": (_exit, 1),
    "shutdown and exit": (_goodbye, 0),
}


@pytest.fixture
def editor():
    """A process in the place of the editor that started the server."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def answering(tmp_path, tiny_model, editor):
    """A server whose engine is in the middle of an answer, and that engine's process."""
    with raw_server(
        tmp_path, scripted=False, PARLEY_MODEL=f"embedded/{tiny_model}", PARLEY_MODELS_DIR=str(default_root())
    ) as server:
        server.initialize(processId=editor.pid)
        item = {"uri": "file:///nowhere/a.py", "languageId": "python", "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": item})
        place = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}
        argument = {"textDocument": {"uri": item["uri"]}, "range": place, "show": False}
        server.ask("workspace/executeCommand", {"command": "parley.explain", "arguments": [argument]})
        while (message := server.next()).get("method") != "parley/token":
            assert message.get("method") != "parley/finished", message
        (engine,) = psutil.Process(server.process.pid).children()
        yield server, engine


def _ending(tmp_path):
    """The last event that was kept, and what kind of failure it tells of."""
    exported = subprocess.run(
        [PARLEY, "events", "export"], check=True, env=environment(tmp_path), capture_output=True, text=True
    )
    last = json.loads(exported.stdout.splitlines()[-1])
    return last["event_type"], last["data"].get("kind")


@pytest.mark.parametrize("way", WAYS)
def test_no_process_and_no_record_is_lost_however_the_server_ends(tmp_path, answering, editor, way):
    """The engine is gone, the call is kept as cancelled, and the events tell how the request ended."""
    server, engine = answering
    end, code = WAYS[way]
    end(server, editor)
    assert server.ended() == code
    psutil.wait_procs([engine], timeout=WITHIN_S)
    assert not engine.is_running()
    (call,) = read_calls(next(Path(environment(tmp_path)["XDG_DATA_HOME"]).rglob("calls*.db")))
    assert (call.provider, call.outcome) == ("embedded", "cancelled")
    assert _ending(tmp_path) == ("RefactoringFailed", "cancelled")
    assert b"Traceback" not in b"".join(server.errors)


def test_no_engine_outlives_a_server_that_is_killed(tmp_path, answering):
    """What was kept until then can be read."""
    server, engine = answering
    server.process.kill()
    psutil.wait_procs([engine], timeout=WITHIN_S)
    assert not engine.is_running()
    assert _ending(tmp_path) == ("RouteChosen", None)


def test_the_server_ends_though_a_thread_of_it_waits_for_ever(tmp_path):
    """As for a disk that is gone; whatever else it opened is closed before."""
    closed = tmp_path / "closed"
    with raw_server(tmp_path, str(closed), scripted=False, program=(sys.executable, STUCK)) as server:
        server.initialize()
        item = {"uri": "file:///nowhere/a.py", "languageId": "python", "version": 1, "text": SOURCE}
        server.tell("textDocument/didOpen", {"textDocument": item})
        place = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 4}}
        argument = {"textDocument": {"uri": item["uri"]}, "range": place, "task": "rename", "wait": False}
        server.send(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "workspace/executeCommand",
                "params": {"command": "parley.refactor", "arguments": [argument]},
            }
        )
        while server.next().get("method") != "parley/waiting":
            pass
        _close(server, None)
        assert (server.ended(), closed.exists()) == (1, True)
