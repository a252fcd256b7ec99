"""An editor is told of everything that is stored on its machine, by whichever process, and misses nothing."""

import asyncio
import fcntl
import json
import sqlite3
import subprocess
import sys
import termios
from contextlib import closing

import pytest

from support.editor import EMACS, PARLEY, editing, environment
from support.event_stores import eventually
from support.raw_server import raw_server

SOURCE = "def area(w, h):\n    x = w * h\n    return x\n"
RENAME = {"task_class": "rename", "json": {"x": "product"}}
AT_TERMINAL = [
    "RefactoringAsked",
    "ModelAsked",
    "RouteChosen",
    "ModelAnswered",
    "RefactoringProposed",
    "RefactoringApplied",
]


def refactored(tmp_path, name):
    """`parley refactor` at a terminal, on a file of its own."""
    (tmp_path / name).write_text(SOURCE)
    script = tmp_path / "terminal.jsonl"
    script.write_text(json.dumps(RENAME) + "\n")
    done = subprocess.run(  # noqa: PLW1510 - looked at below
        [PARLEY, "refactor", f"{name}:1", "--as", "rename", "--write", "--scripted", str(script)],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def watching(tmp_path, after=None, *, script=(RENAME,), **more):
    """An editor whose own side asks for events."""
    wanted = {} if after is None else {"after": after}
    return editing(tmp_path, list(script), experimental={"parley": {"events": wanted}}, **more)


def events_of(editor):
    return [params for method, params in editor.told if method == "parley/event"]


def numbers(editor):
    return [params["seq"] for method, params in editor.told if method in ("parley/event", "parley/events")]


async def hear(editor, count):
    """The first so many events."""
    await editor.hears(lambda: len(events_of(editor)) >= count, within_s=60.0)
    return events_of(editor)


async def test_an_editor_is_told_of_a_refactoring_at_a_terminal(tmp_path):
    """Each step in order, as it is stored there."""
    async with watching(tmp_path) as editor:
        standing = await editor.until("parley/events")
        assert (standing["seq"], standing["following"], standing["position"]) == (1, True, 0)
        await asyncio.to_thread(refactored, tmp_path, "area.py")
        told = await hear(editor, 6)
        assert [each["type"] for each in told] == AT_TERMINAL
        assert [(each["position"], each["sequence"], each["topic"]) for each in told] == [
            (number, number, "front-end.events") for number in range(1, 7)
        ]
        assert (
            {each["aggregate"] for each in told} == {each["correlationId"] for each in told} == {told[0]["aggregate"]}
        )
        assert told[2]["data"]["provider"] == "scripted"
        assert numbers(editor) == list(range(1, 8))


def heard(server, count):
    """The positions of the next so many events that a raw client is told of."""
    positions = []
    while len(positions) < count:
        message = server.next()
        if message.get("method") == "parley/event":
            positions.append(message["params"]["position"])
    return positions


def asking(after):
    """What a client announces that wants events."""
    return {"experimental": {"parley": {"events": {"after": after}}}}


def test_nothing_is_missed_or_told_twice_across_restarts_of_the_server(tmp_path):
    """One that was killed, too: the editor says which event it knows last, and gets what came meanwhile."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=asking(0))
        refactored(tmp_path, "one.py")
        positions = heard(server, 3)
        server.process.kill()
        server.ended()
    refactored(tmp_path, "two.py")
    with raw_server(tmp_path) as server:
        server.initialize(capabilities=asking(positions[-1]))
        positions += heard(server, 9)
        refactored(tmp_path, "three.py")
        positions += heard(server, 6)
        assert server.ask("shutdown") == {"jsonrpc": "2.0", "id": 1, "result": None}
        server.tell("exit")
        assert server.ended() == 0
        assert server.errors == []
    assert positions == list(range(1, 19))


async def test_an_editor_is_told_of_its_own_refactoring_and_of_a_question_in_another(tmp_path):
    """That a yes is waited for, and what was said, goes to the topic of approvals."""
    simple = "def area(w, h):\n    return h * w\n"
    script = [{"task_class": "simplify", "text": f"```python\n{simple}```\n"}, RENAME]
    async with watching(tmp_path, script=script) as here, editing(tmp_path, script, profile=EMACS) as there:
        await here.until("parley/events")
        uri = there.open(tmp_path / "there.py", SOURCE)
        await there.execute("parley.refactor", there.argument(uri, 4, 4, task="simplify", wait=True))
        await here.hears(lambda: any(each["type"] == "RefactoringApplied" for each in events_of(here)), within_s=60.0)
        approvals = [each["type"] for each in events_of(here) if each["topic"] == "front-end.approvals"]
        assert approvals == ["ConsentAsked", "ConsentGiven"]
        before = len(events_of(here))
        uri = here.open(tmp_path / "here.py", SOURCE)
        accepted = await here.execute("parley.refactor", here.argument(uri, 4, 4, task="rename"))
        own = (await hear(here, before + 6))[before:]
        assert ([each["type"] for each in own], own[0]["aggregate"]) == (AT_TERMINAL, accepted["id"])


async def test_an_editor_that_does_not_ask_is_told_nothing_and_opens_no_store(tmp_path):
    """It costs nothing that nobody looks at."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "area.py", SOURCE)
        assert await editor.code_actions(uri, 4, 4)
    assert not list(tmp_path.rglob("events.db"))
    assert numbers(editor) == []


async def test_a_store_that_cannot_be_opened_is_told_and_the_editor_works_on(tmp_path):
    """It is told once, with the way out; the refactoring happens all the same."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    async with watching(tmp_path, variables={"PARLEY_EVENTS": str(broken)}) as editor:
        standing = await editor.until("parley/events")
        assert (standing["seq"], standing["following"]) == (1, False)
        assert f"{broken} is no event store" in standing["problem"]
        uri = editor.open(tmp_path / "area.py", SOURCE)
        finished = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename", wait=True))
        assert (finished["outcome"], numbers(editor)) == ("applied", [1])


@pytest.fixture
def history(tmp_path):
    """A store of 5,000 events."""
    refactored(tmp_path, "area.py")
    [store] = tmp_path.rglob("events.db")
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.executemany(
            "INSERT INTO events (stream_id, event_type, aggregate_id, event_version, data, metadata, created_at, "
            "sequence, event_id) "
            "SELECT stream_id, event_type, aggregate_id, event_version, data, metadata, created_at, ?, ? "
            "FROM events WHERE position = 3",
            [(number, f"again-{number}") for number in range(7, 5001)],
        )


@pytest.mark.usefixtures("history")
async def test_an_editor_with_old_events_to_hear_is_answered_meanwhile(tmp_path):
    """All of a store's history, while the editor works."""
    async with watching(tmp_path, after=0) as editor:
        uri = editor.open(tmp_path / "area.py", SOURCE)
        assert await editor.code_actions(uri, 4, 4)
        assert [each["position"] for each in await hear(editor, 5000)] == list(range(1, 5001))
    assert numbers(editor) == list(range(1, 5002))


async def unread(server):
    """Whether the output is all but full of what nobody has read: the pages of a pipe have some room at their ends."""
    output = server.process.stdout
    waiting = int.from_bytes(fcntl.ioctl(output, termios.FIONREAD, bytes(4)), sys.byteorder)
    return waiting > fcntl.fcntl(output, fcntl.F_GETPIPE_SZ) * 3 // 4


@pytest.mark.usefixtures("history")
async def test_a_server_whose_events_nobody_reads_ends_all_the_same(tmp_path):
    """It waits for the editor to read on, and no longer when the editor says goodbye."""
    with raw_server(tmp_path, listens=False) as server:
        initialize = {"processId": None, "rootUri": None, "capabilities": asking(0)}
        server.send({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize})
        server.tell("initialized", {})
        await eventually(lambda: unread(server), expected=True)
        server.send({"jsonrpc": "2.0", "id": 2, "method": "shutdown"})
        server.tell("exit")
        assert (await asyncio.to_thread(server.ended), server.errors) == (0, [])


def test_what_is_announced_wrongly_is_told_in_the_log(tmp_path):
    """It counts as not announced; who writes an editor's side reads why."""
    with raw_server(tmp_path) as server:
        server.initialize(capabilities={"experimental": {"parley": {"events": True}}})
        server.ask("shutdown")
        server.tell("exit")
        assert server.ended() == 0
        assert b"".join(server.errors).startswith(b"parley: experimental.parley.events must be an object, not True. ")
