"""A provider in a process of its own: replays a recorded stream of Ollama and tells when it wrote each piece.

Started as a program with the recording's name. Prints the address it listens on; then, after each answer, one line of
JSON: pairs of (characters written so far, nanoseconds of the machine's monotonic clock just before they were written).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from support.loopback import serving
from support.replay import Recording

if TYPE_CHECKING:
    from support.loopback import Exchange

MODEL = "qwen2.5-coder:0.5b"
SLOWEST_GAP_S = 0.03


async def main(name: str) -> None:
    """Serve until standard input closes."""
    recording = Recording.named(name)

    async def handle(exchange: Exchange) -> None:
        if exchange.path == recording.path:
            _tell(await _replay(recording, exchange))
        else:
            await exchange.answer(_about(exchange))

    async with serving(handle) as server:
        _tell(server.url)
        await asyncio.to_thread(sys.stdin.read)


async def _replay(recording: Recording, exchange: Exchange) -> list[tuple[int, int]]:
    """The recorded pieces with the recorded pauses, at most `SLOWEST_GAP_S` each: what waited for a load need not."""
    await exchange.start(200, {"Content-Type": "application/x-ndjson"})
    written: list[tuple[int, int]] = []
    characters, last_ms = 0, None
    for at_ms, chunk in recording.response["chunks"]:
        if last_ms is not None:
            await asyncio.sleep(min((at_ms - last_ms) / 1000, SLOWEST_GAP_S))
        last_ms = at_ms
        text = "".join(json.loads(line)["message"]["content"] for line in chunk.splitlines())
        characters += len(text)
        if text:
            written.append((characters, time.monotonic_ns()))
        await exchange.send(chunk)
    await exchange.end()
    return written


def _about(exchange: Exchange) -> Any:
    match exchange.path:
        case "/api/version":
            return json.loads(Recording.named("version").body)
        case "/api/tags":
            return {"models": _loaded()}
        case "/api/ps":
            return {"models": _loaded()}
        case "/api/show":
            return json.loads(Recording.named("show_qwen").body)
        case _:
            return {}


def _loaded() -> list[dict[str, Any]]:
    (entry,) = json.loads(Recording.named("ps_loaded").body)["models"]
    return [{**entry, "name": MODEL, "model": MODEL}]


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
