"""A server of Ollama's shape that holds each chat until it is let go, and knows who was asked when.

Its shapes are those of the recordings. A chat is known by the number in the name of the function that it is about.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from support.loopback import serving
from support.replay import Recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.loopback import Exchange

MODEL = "qwen2.5-coder:0.5b"
_ABOUT = {"/api/version": "version", "/api/show": "show_qwen"}


class OneAtATime:
    """What was asked so far, in order, how many at once at most, and which of them were given up."""

    def __init__(self, answer: str) -> None:
        self.asked: list[int] = []
        self.gone: list[int] = []
        self.most = 0
        self._answer = answer
        self._now = 0
        self._changed = asyncio.Condition()
        self._let: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    def let(self, *numbers: int) -> None:
        """Let the chats of these numbers end, now or when they are asked."""
        for number in numbers:
            self._let[number].set()

    async def until(self, condition: Callable[[OneAtATime], bool]) -> None:
        """Wait until something holds of what was asked."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def handle(self, exchange: Exchange) -> None:
        """Answer one exchange."""
        if exchange.path == "/api/chat":
            await self._chat(exchange)
        else:
            await about(exchange)

    async def _chat(self, exchange: Exchange) -> None:
        (number,) = set(map(int, re.findall(r"area_(\d+)", exchange.json["messages"][-1]["content"])))
        await self._noted(self.asked, number, 1)
        try:
            await exchange.start(200, {"Content-Type": "application/x-ndjson"})
            await exchange.send(line(self._answer[:1]))
            await self._held(exchange, number)
            if exchange.gone.is_set():
                self.gone.append(number)
                return
            await exchange.send(line(self._answer[1:]))
            await exchange.send(line("", done=True, done_reason="stop", prompt_eval_count=400, eval_count=9))
            await exchange.end()
        finally:
            await self._noted([], number, -1)

    async def _held(self, exchange: Exchange, number: int) -> None:
        async with asyncio.TaskGroup() as group:
            events = [group.create_task(each.wait()) for each in (exchange.gone, self._let[number])]
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            for each in events:
                each.cancel()

    async def _noted(self, numbers: list[int], number: int, more: int) -> None:
        async with self._changed:
            numbers.append(number)
            self._now += more
            self.most = max(self.most, self._now)
            self._changed.notify_all()


@asynccontextmanager
async def one_at_a_time(answer: str) -> AsyncIterator[tuple[OneAtATime, dict[str, str]]]:
    """The server, and the environment in which Parley asks it."""
    server = OneAtATime(answer)
    async with serving(server.handle) as loopback:
        yield server, {"PARLEY_OLLAMA_URL": loopback.url, "PARLEY_MODEL": f"ollama/{MODEL}"}


async def about(exchange: Exchange) -> None:
    """Answer what is asked about the model."""
    if exchange.path in _ABOUT:
        await exchange.answer(json.loads(Recording.named(_ABOUT[exchange.path]).body))
    else:
        (entry,) = json.loads(Recording.named("ps_loaded").body)["models"]
        await exchange.answer({"models": [{**entry, "name": MODEL, "model": MODEL}]})


def line(text: str, **more: Any) -> str:
    """A piece of a chat's answer."""
    told = {"model": MODEL, "created_at": "2026-11-21T08:17:12Z", "message": {"role": "assistant", "content": text}}
    return json.dumps({**told, "done": False, **more}) + "\n"
