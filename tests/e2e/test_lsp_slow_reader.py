"""An editor that does not read for a while: a real server process goes on, sends less, and loses nothing."""

import asyncio
import json
import os

import psutil

from support.editor import PARLEY, environment
from support.event_stores import eventually
from support.loopback import serving
from support.one_at_a_time import MODEL, about, line
from support.raw_server import raw_server

PIECES = [f"{number % 10} " for number in range(4_000)]
TEXT = "".join(PIECES)
URI = "file:///nowhere/a.py"
PLACE = {"line": 0, "character": 5}
ARGUMENT = {"textDocument": {"uri": URI}, "range": {"start": PLACE, "end": PLACE}, "show": False}


async def talk(exchange):
    """Answer with many pieces."""
    if exchange.path != "/api/chat":
        await about(exchange)
        return
    await exchange.start(200, {"Content-Type": "application/x-ndjson"})
    for piece in PIECES:
        await exchange.send(line(piece))
    await exchange.send(line("", done=True, done_reason="stop", prompt_eval_count=400, eval_count=len(PIECES)))
    await exchange.end()


async def last_kept(tmp_path):
    """The type of the last event that the server kept; it keeps the ending when everything was told."""
    command = [PARLEY, "events", "export"]
    export = await asyncio.create_subprocess_exec(
        *command, env=environment(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    lines = (await export.communicate())[0].splitlines()
    return json.loads(lines[-1]).get("event_type") if lines else None


def ask(server):
    """Everything up to the explanation, without an answer to any of it."""
    params = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
    server.send({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    server.tell("initialized", {})
    item = {"uri": URI, "languageId": "python", "version": 1, "text": "def area(w, h):\n    return w * h\n"}
    server.tell("textDocument/didOpen", {"textDocument": item})
    execute = {"command": "parley.explain", "arguments": [ARGUMENT]}
    server.send({"jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": execute})


def heard(server):
    """Everything up to the end of the request: answers by id, and the notifications of Parley's own."""
    answers, told = {}, []
    while not told or told[-1]["method"] != "parley/finished":
        message = server.next()
        if message.get("method", "").startswith("parley/"):
            told.append(message)
        elif "id" in message:
            answers[message["id"]] = message
    return answers, told


async def test_an_editor_that_does_not_read_gets_less_messages_and_all_of_the_text(tmp_path):
    """The model is heard to its end meanwhile, in bounded memory; what comes is in order, and can be had again."""
    async with serving(talk) as provider:
        variables = {"PARLEY_OLLAMA_URL": provider.url, "PARLEY_MODEL": f"ollama/{MODEL}"}
        with raw_server(tmp_path, scripted=False, listens=False, **variables) as server:
            ask(server)
            await eventually(lambda: last_kept(tmp_path), "CodeExplained", within_s=60)
            assert psutil.Process(server.process.pid).memory_info().rss < 400 * 2**20
            server.listen()
            answers, told = await asyncio.to_thread(heard, server)
            tokens = [each["params"]["text"] for each in told if each["method"] == "parley/token"]
            assert ("".join(tokens), len(tokens) < len(PIECES) / 2) == (TEXT, True)
            assert [each["params"]["seq"] for each in told] == list(range(1, len(told) + 1))
            assert told[-1]["params"]["outcome"] == "explained"
            known = [{"method": each["method"], "params": each["params"]} for each in told]
            assert await asyncio.to_thread(resent, server, answers[2]["result"]["id"]) == known


def resent(server, request_id):
    """Everything that the server sends again of a request."""
    server.send({"jsonrpc": "2.0", "id": 3, "method": "parley/resend", "params": {"id": request_id, "since": 0}})
    while (message := server.next()).get("id") != 3:
        pass
    return message["result"]["notifications"]
