"""Bad input and bad days by the thousand: random interleavings, and malformed messages by a seed, at a real server.

What `support.interleavings` finds wrong is counted, and said with the steps that led there.
"""

from __future__ import annotations

import json
import random
import traceback
from typing import TYPE_CHECKING, get_args

import psutil
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import get_state_machine_test

from benchmarks.figures import Figure, at_least, at_most
from parley_server.lsp.wire import Task
from support.fuzzing import fuzz
from support.interleavings import SCRIPT, Interleavings
from support.piped_editor import PipedEditor
from support.raw_server import raw_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Context
    from support.raw_server import RawServer

SEED = 20_261_121
WARM_UP = 20_000


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Interleavings without a wrong text, messages answered as they must be, and memory afterwards."""
    each = context.samples(667, quick=20)
    played, differences = 0, 0
    for number, encoding in enumerate(("utf-8", "utf-16", "utf-32")):
        context.say(f"{each} interleavings with {encoding}")
        editor, wrong = _interleaved(context, encoding, each, SEED + number)
        played += editor.interleavings
        differences += wrong
        yield Figure(
            name=f"lsp-faults.interleavings.{encoding}",
            ours=editor.interleavings,
            unit="",
            goal=at_least(each),
            detail={
                "steps_at_most": 25,
                "seed": SEED + number,
                **editor.verdicts.counted,
            },
        )
    yield Figure(name="lsp-faults.interleavings.run", ours=played, unit="", goal=at_least(3 * each))
    yield Figure(name="lsp-faults.interleavings.differences", ours=differences, unit="", goal=at_most(0))
    for figure in _fuzzed(context):
        yield figure


def _interleaved(context: Context, encoding: str, count: int, chosen_by: int) -> tuple[PipedEditor, int]:
    """The editor after `count` interleavings, or up to the one that went wrong; and whether one did."""
    folder = context.scratch / encoding
    folder.mkdir()
    (folder / "script.jsonl").write_text("".join(json.dumps(each) + "\n" for each in SCRIPT))
    with raw_server(folder) as server:
        editor = PipedEditor(server, encoding)
        machine = type("Interleaved", (Interleavings,), {"editor": editor})
        chosen = settings(
            max_examples=count,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        try:
            seed(chosen_by)(get_state_machine_test(machine, settings=chosen))()
        except (AssertionError, Flaky) as error:
            context.say("\n".join(editor.failed or traceback.format_exception(error)))
            return editor, 1
        return editor, 0


def _work(server: RawServer) -> None:
    """Ask for everything once, so that what is loaded at first use is there before memory is compared."""
    text = "def area(w, h):\n    x = w * h\n    print(x)\n    return x\n"
    item = {"uri": "file:///nowhere/work.py", "languageId": "python", "version": 1, "text": text}
    server.tell("textDocument/didOpen", {"textDocument": item})
    place = {"line": 1, "character": 4}
    argument = {"textDocument": {"uri": item["uri"]}, "range": {"start": place, "end": place}, "wait": True}
    asked = [("parley.refactor", {**argument, "task": task}) for task in get_args(Task)]
    asked += [("parley.explain", argument), ("parley.profile", {})]
    for number, (command, given) in enumerate(asked):
        server.send(_command(number, command, given))
        while server.next().get("id") != number:
            pass


def _command(number: int, command: str, argument: object) -> dict[str, object]:
    params = {"command": command, "arguments": [argument]}
    return {"jsonrpc": "2.0", "id": number, "method": "workspace/executeCommand", "params": params}


def _fuzzed(context: Context) -> tuple[Figure, Figure]:
    count = context.samples(100_000, quick=WARM_UP + 5_000)
    context.say(f"{count:,} random messages")
    resident: dict[int, float] = {}
    with raw_server(context.scratch) as server:
        server.initialize()
        _work(server)
        process = psutil.Process(server.process.pid)

        def remember(sent: int) -> None:
            resident[sent] = process.memory_info().rss / 2**20

        wrong = fuzz(server, random.Random(SEED), count, after_batch=remember)
    detail = {"messages": count, "seed": SEED}
    return (
        Figure(
            name="lsp-faults.messages.answered-wrongly",
            ours=sum(wrong.values()),
            unit="",
            goal=at_most(0),
            detail=detail,
        ),
        Figure(
            name="lsp-faults.messages.memory",
            ours=resident[count],
            unit="MiB",
            baseline=resident[WARM_UP],
            baseline_name=f"after the first {WARM_UP:,}",
            goal=at_most(1.1, of="ratio"),
            detail={**detail, "after_500": resident[500], "most": max(resident.values())},
        ),
    )
