"""Ten refactorings in ten documents at once, and one engine that answers one after the other.

The engine's place is taken by a server of Ollama's shape that holds each request until it is let go, so that only the
line is measured: who is served when, and how soon a cancelled one makes room.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, at_least, at_most, median, quantile
from support.editor import editing
from support.one_at_a_time import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Context

COUNT = 10
_SOURCE = "def area_{n}(w, h):\n    x = w * h\n    return x\n"


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Refactorings that ended, those that were overtaken, and how soon the next is asked after a cancel."""
    rounds = context.samples(10, quick=1)
    ended, overtaken, freed_ms, idle_ms = 0, 0, [], []
    async with (
        one_at_a_time(json.dumps({"x": "product"})) as (engine, variables),
        editing(context.scratch, None, variables=variables) as editor,
    ):
        for number in range(rounds):
            first = number * COUNT
            began = time.monotonic()
            ids = [await _asked(editor, context, first)]
            await engine.until(lambda engine, first=first: engine.asked[-1:] == [first])
            idle_ms.append((time.monotonic() - began) * 1e3)
            for n in range(first + 1, first + COUNT):
                ids.append(await _asked(editor, context, n))
                await editor.hears(lambda wanted=ids[-1]: wanted in _waiting(editor))
            began = time.monotonic()
            await editor.execute("parley.cancel", {"id": ids[0]})
            await engine.until(lambda engine, second=first + 1: engine.asked[-1:] == [second])
            freed_ms.append((time.monotonic() - began) * 1e3)
            engine.let(*range(first, first + COUNT))
            await editor.hears(lambda wanted=first + COUNT: len(_ended(editor)) == wanted)
            outcomes = [_ended(editor)[each] for each in ids]
            ended += (outcomes[0] == "cancelled") + outcomes[1:].count("applied")
        overtaken = sum(one > other for one, other in zip(engine.asked, engine.asked[1:], strict=False))
    detail = {"rounds": rounds, "at_once": COUNT, "most_asked_at_once": engine.most}
    yield Figure(name="lsp-queue.ended", ours=ended, unit="", goal=at_least(rounds * COUNT), detail=detail)
    yield Figure(name="lsp-queue.overtaken", ours=overtaken, unit="", goal=at_most(0), detail=detail)
    yield Figure(
        name="lsp-queue.next-asked-after-cancel.p50",
        ours=median(freed_ms),
        unit="ms",
        baseline=median(idle_ms),
        baseline_name="asking an idle engine",
        goal=at_most(200),
        detail={**detail, "worst": max(freed_ms), "p90": quantile(freed_ms, 0.9)},
    )


async def _asked(editor: Any, context: Context, number: int) -> str:
    uri = editor.open(context.scratch / f"{number}.py", _SOURCE.format(n=number))
    accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
    return str(accepted["id"])


def _waiting(editor: Any) -> set[str]:
    return {told["id"] for method, told in editor.told if method == "parley/waiting"}


def _ended(editor: Any) -> dict[str, str]:
    return {told["id"]: told["outcome"] for method, told in editor.told if method == "parley/finished"}
