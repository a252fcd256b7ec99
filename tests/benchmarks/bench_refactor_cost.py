"""Parley's own cost of a refactoring: all but the engine, for a file of 1,000 lines.

A model that answers at once is behind a real server process. As in every editor the code actions are asked for first;
their time is not part of a refactoring and has a goal of its own. Counted is the time from the editor's command to the
edit (`workspace/applyEdit`), and to the word that it landed (`parley/finished`), which includes the editor's answer and
its `didChange`. Each refactoring has a document of its own that differs from all others, so that what is remembered of
one cannot help the next.
"""

from __future__ import annotations

import ast
import json
import time
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.figures import Figure, at_most, quantile
from benchmarks.processes import PARLEY, environment
from benchmarks.raw_client import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Context
    from benchmarks.raw_client import Message, RawClient

_REWRITTEN = """```python
def total_{n}(items, rate):
    # a sum over function {n}
    return sum(max(item * rate + {n}, 0) for item in items)
```"""
_TARGET = 50
_ANSWERS: dict[str, dict[str, Any]] = {
    "rename": {"json": {"x": "product", "t": "total"}},
    "docstring": {"json": {"docstring": "Return the sum of the items, each multiplied by the rate."}},
    "type-hints": {"json": {"items": "list[float]", "rate": "float", "return": "float"}},
    "custom": {"text": _REWRITTEN.format(n=_TARGET)},
}
_GOAL_MS = 30


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Per task class: the first one in a fresh server, and the median of those that follow."""
    script = context.scratch / "script.jsonl"
    lines = ({"task_class": task, **answer} for task, answer in _ANSWERS.items())
    script.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for task in _ANSWERS:
        with connected(
            (PARLEY, "serve", "--scripted", str(script)), environment(context.scratch, PARLEY_REFACTOR_UNPROVED="apply")
        ) as client:
            client.initialize()
            process = psutil.Process(client.process.pid)
            first = _refactored(client, task, 0)
            spent = sum(process.cpu_times()[:2])
            taken = [_refactored(client, task, number) for number in range(1, 1 + context.samples(60, 10))]
            spent = sum(process.cpu_times()[:2]) - spent
        edits, whole, parses = zip(*taken, strict=True)
        yield Figure(
            name=f"refactor-cost.{task}.p50",
            ours=quantile(whole, 0.5),
            unit="ms",
            goal=at_most(_GOAL_MS),
            baseline=quantile(parses, 0.5),
            baseline_name="parse the file once",
            detail={
                "samples": len(taken),
                "p90": quantile(whole, 0.9),
                "processor_ms_each_with_code_actions": spent * 1000 / len(taken),
                "edit_p50": quantile(edits, 0.5),
                "first_in_a_fresh_server": first[1],
            },
        )


def _refactored(client: RawClient, task: str, number: int) -> tuple[float, float, float]:
    """Milliseconds from the command to the edit, to the word that it landed, and of parsing the file just before."""
    uri = f"file:///bench/{task}_{number}.py"
    text = _source(number)
    client.open(uri, text)
    line = text[: text.index(f"def total_{_TARGET}")].count("\n")
    argument = {"textDocument": {"uri": uri, "version": 1}, "range": _cursor(line), "task": task}
    if task == "custom":
        argument |= {"task": None, "instruction": "use a generator expression"}
    actions = {"textDocument": {"uri": uri}, "range": _cursor(line), "context": {"diagnostics": []}}
    client.request("textDocument/codeAction", actions)
    parse_began_ns = time.monotonic_ns()
    ast.parse(text)
    parsed_ns = time.monotonic_ns() - parse_began_ns
    before = len(client.arrived)
    began_ns = time.monotonic_ns()
    given = {name: value for name, value in argument.items() if value is not None}
    client.request("workspace/executeCommand", {"command": "parley.refactor", "arguments": [given]})
    finished = client.wait(lambda message: message.get("method") == "parley/finished", after=before)
    if finished.message["params"]["outcome"] != "applied":
        raise RuntimeError(f"the {task} refactoring was not applied: {finished.message['params']}")
    edit = client.wait(_is_edit, after=before)
    client.close(uri)
    return (edit.at_ns - began_ns) / 1e6, (finished.at_ns - began_ns) / 1e6, parsed_ns / 1e6


def _is_edit(message: Message) -> bool:
    return message.get("method") == "workspace/applyEdit"


def _cursor(line: int) -> dict[str, Any]:
    at = {"line": line, "character": 5}
    return {"start": at, "end": at}


def _source(number: int) -> str:
    """1,000 lines: a hundred functions of ten; the first line is not that of any other `number`."""
    return f"VARIANT = {number}\n" + "".join(_function(function) for function in range(100))


def _function(function: int) -> str:
    return (
        f"def total_{function}(items, rate):\n"
        f"    # a sum over function {function}\n"
        "    t = 0\n"
        "    for item in items:\n"
        f"        x = item * rate + {function}\n"
        "        if x > 0:\n"
        "            t = t + x\n"
        "    return t\n"
        "\n\n"
    )
