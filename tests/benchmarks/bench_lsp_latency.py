"""How soon the server answers while a person works in a file of ten thousand lines, and while a model streams.

Code actions are asked of Parley and of a bare pygls server in turn, with the same file open in both; the bare one
answers the list that Parley gave first. After a change they are asked as soon as a hand can: no editor asks earlier by
itself. What is typed breaks the syntax about half the time. Changes are judged by the answer to the cheapest request
that follows each: it comes when the change is in. They come as from a key that is held down, and as from a quick hand,
in whose pauses the text is read ahead. Stalls are seen by a heartbeat on the server's own loop.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, at_most, median, quantile
from benchmarks.long_files import long_file
from benchmarks.processes import PARLEY, environment
from benchmarks.raw_client import connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from benchmarks.figures import Context
    from benchmarks.raw_client import RawClient

SEED = 20_261_122
_ANSWER = {"task_class": "rename", "pieces": [*[{"text": " ", "delay_ms": 5}] * 300, {"text": '{"x": "product"}'}]}
_PROSE = {"task_class": "explain", "pieces": [{"text": f"word{each} ", "delay_ms": 5} for each in range(600)]}
_PAUSES_S = (0.02, 0.1)
_HAND_S = 0.1


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Code actions of two languages, at rest and after each change; changes while a model streams; stalls."""
    for language in ("python", "typescript"):
        context.say(f"code actions of {language}")
        for figure in _code_actions(context, language):
            yield figure
    for language in ("python", "typescript"):
        context.say(f"typing into {language} while a model streams")
        for figure in _typing(context, language):
            yield figure


@dataclass(slots=True)
class Typist:
    """A person in one file: types a character, or deletes it again, at random places."""

    uri: str
    text: str
    random: random.Random
    version: int = 1
    typed_at: dict[str, int] | None = None

    def change(self) -> dict[str, Any]:
        """The next `didChange`."""
        self.version += 1
        if self.typed_at is None:
            start, typed = self.place(), "é"
            self.typed_at, end = start, start
        else:
            start, typed, self.typed_at = self.typed_at, "", None
            end = {**start, "character": start["character"] + 1}
        document = {"uri": self.uri, "version": self.version}
        return {"textDocument": document, "contentChanges": [{"range": {"start": start, "end": end}, "text": typed}]}

    def place(self) -> dict[str, int]:
        """The end of some line's indent: never outside the text."""
        lines = self.text.split("\n")
        line = self.random.randrange(len(lines) - 1)
        return {"line": line, "character": len(lines[line]) - len(lines[line].lstrip())}


def _code_actions(context: Context, language: str) -> Iterator[Figure]:
    variables = environment(context.scratch) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asked = context.samples(400, quick=30)
    typist = Typist(f"file:///bench/long.{language}", long_file(language), random.Random(SEED))
    listed = context.scratch / f"{language}.json"
    with ExitStack() as stack:
        ours = stack.enter_context(_opened((PARLEY, "serve"), variables, typist, language))
        first_ms, first = _asked(ours, typist)
        listed.write_text(json.dumps(first), encoding="utf-8")
        bare_command = (sys.executable, "-m", "benchmarks.bare_actions", str(listed))
        bare = stack.enter_context(_opened(bare_command, variables, typist, language))
        detail = {"first_after_open": first_ms, "lines": typist.text.count("\n"), "seed": SEED}
        clients = {"ours": ours, "bare": bare}
        found = _rounds(clients, typist, asked, changes=False)
        yield _figure(f"code-actions.{language}.at-rest", found, detail)
        found = _rounds(clients, typist, asked, changes=True)
        yield _figure(f"code-actions.{language}.after-a-change", found, {**detail, "pause_s": _HAND_S})


def _rounds(clients: dict[str, RawClient], typist: Typist, count: int, *, changes: bool) -> dict[str, list[float]]:
    """Milliseconds that code actions at random places took, of each client in turn."""
    found: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(count):
        if changes:
            change = typist.change()
            for client in clients.values():
                client.notify("textDocument/didChange", change)
            time.sleep(_HAND_S)
        place = typist.random.getstate()
        for name, client in clients.items():
            typist.random.setstate(place)
            found[name].append(_asked(client, typist)[0])
    return found


def _asked(client: RawClient, typist: Typist) -> tuple[float, Any]:
    """Milliseconds until code actions came, and what they were."""
    place = typist.place()
    context = {"diagnostics": []}
    params = {"textDocument": {"uri": typist.uri}, "range": {"start": place, "end": place}, "context": context}
    began_ns = time.monotonic_ns()
    answered = client.request("textDocument/codeAction", params)
    return (answered.at_ns - began_ns) / 1e6, answered.message["result"]


def _typing(context: Context, language: str) -> Iterator[Figure]:
    script = context.scratch / f"{language}.jsonl"
    script.write_text("".join(json.dumps(each) + "\n" for each in (_ANSWER, _PROSE)), encoding="utf-8")
    variables = environment(context.scratch) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    listed = context.scratch / f"{language}.json"
    beats = {name: context.scratch / f"{language}.{name}.beats" for name in ("ours", "idle")}
    heart = (sys.executable, "-m", "benchmarks.heartbeat")
    typist = Typist(f"file:///bench/long.{language}", long_file(language), random.Random(SEED))
    _run_before((PARLEY, "serve", "--scripted", str(script)), variables, typist, language)
    with ExitStack() as stack:
        stack.enter_context(_beating((*heart, str(beats["idle"])), variables))
        # What runs beside ours is there before it: a process that starts is no idle neighbour.
        bare_command = (sys.executable, "-m", "benchmarks.bare_actions", str(listed))
        bare = stack.enter_context(_opened(bare_command, variables, typist, language))
        ours = stack.enter_context(_opened((*heart, str(beats["ours"]), str(script)), variables, typist, language))
        begun_s = ours.arrived[0].at_ns / 1e9
        typed = _typed(ours, bare, typist, context.samples(600, quick=60))
    outcomes = {f"ended_{name}": count for name, count in _outcomes(ours).items()}
    detail = {"lines": typist.text.count("\n"), "seed": SEED, "pauses_s": _PAUSES_S, **outcomes}
    yield _figure(f"change-while-streaming.{language}", typed, detail)
    seen = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in beats.items()}
    # Until `initialize` is answered nothing can be late: no other message may come.
    late = {
        name: [each for each in beats["latest"] if each[2] - each[0] / 1e3 > begun_s] for name, beats in seen.items()
    }
    late_ms, own_ms, at_s = late["ours"][0]
    yield Figure(
        name=f"lsp-latency.stall.{language}.worst",
        ours=late_ms,
        unit="ms",
        baseline=late["idle"][0][0],
        baseline_name="an idle loop beside it",
        goal=at_most(50),
        detail={
            "beats": seen["ours"]["beats"],
            "own_processor_ms": own_ms,
            "at_s": at_s - begun_s,
            "next_worst": late["ours"][1][0],
        },
    )


def _run_before(command: Sequence[str], variables: dict[str, str], typist: Typist, language: str) -> None:
    """Whatever is typed into has been used before: every module that it takes is compiled, which stops all threads."""
    with _opened(command, variables, typist, language) as client:
        for wish in ("parley.explain", "parley.refactor"):
            request_id = _started(client, typist, wish)
            client.wait(lambda message, request_id=request_id: _is_end(message, request_id))


def _typed(ours: RawClient, bare: RawClient, typist: Typist, count: int) -> dict[str, list[float]]:
    """Milliseconds from each change to the answer to the request after it, while explanations and renames stream."""
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    runs: list[str] = []
    while len(found["ours"]) < count:
        if not runs or _has_ended(ours, runs[-1]):
            runs.append(_started(ours, typist, "parley.refactor" if len(runs) % 2 else "parley.explain"))
        change = typist.change()
        for which, client in (("ours", ours), ("bare", bare)):
            began_ns = time.monotonic_ns()
            client.notify("textDocument/didChange", change)
            answered = client.request("parley/resend", {"id": "none", "since": 0})
            found[which].append((answered.at_ns - began_ns) / 1e6)
        time.sleep(typist.random.choice(_PAUSES_S))
    ours.wait(lambda message: _is_end(message, runs[-1]))
    return found


def _started(client: RawClient, typist: Typist, command: str) -> str:
    """Ask for work on the function at the end of the file's first third; the request's id."""
    lines = typist.text.split("\n")
    line = next(number for number in range(len(lines) // 3, len(lines)) if "area" in lines[number])
    place = {"line": line + 1, "character": 4}
    argument = {"textDocument": {"uri": typist.uri}, "range": {"start": place, "end": place}}
    if command == "parley.refactor":
        argument |= {"task": "rename", "apply": False}
    answered = client.request("workspace/executeCommand", {"command": command, "arguments": [argument]})
    return answered.message["result"]["id"]


def _has_ended(client: RawClient, request_id: str) -> bool:
    return any(_is_end(each.message, request_id) for each in tuple(client.arrived))


def _is_end(message: dict[str, Any], request_id: str) -> bool:
    return message.get("method") == "parley/finished" and message["params"]["id"] == request_id


def _outcomes(client: RawClient) -> dict[str, int]:
    ended = [each.message["params"] for each in client.arrived if each.message.get("method") == "parley/finished"]
    return dict(sorted(Counter(each["outcome"] for each in ended).items()))


@contextmanager
def _opened(command: Sequence[str], variables: dict[str, str], typist: Typist, language: str) -> Iterator[RawClient]:
    with connected(command, variables) as client:
        client.initialize()
        client.open(typist.uri, typist.text, language)
        yield client


@contextmanager
def _beating(command: Sequence[str], variables: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, env=variables, stdin=subprocess.PIPE) as process:
        yield
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def _figure(name: str, found: dict[str, list[float]], detail: dict[str, Any]) -> Figure:
    ours, bare = found["ours"], found["bare"]
    return Figure(
        name=f"lsp-latency.{name}.p99",
        ours=quantile(ours, 0.99),
        unit="ms",
        baseline=quantile(bare, 0.99),
        baseline_name="bare pygls server",
        goal=at_most(20),
        detail={
            **detail,
            "samples": len(ours),
            "p50": median(ours),
            "worst": max(ours),
            "bare_p50": median(bare),
            "bare_worst": max(bare),
        },
    )
