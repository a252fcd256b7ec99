"""A loopback HTTP server that serves one file as a script says: resumed, cut off, refused, redirected, replaced."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """One answer. `cut_after` ends the connection after so many bytes of the body; `hang_after` keeps it open then."""

    body: bytes = b""
    status: str = ""
    location: str | None = None
    ranges: bool = True
    cut_after: int | None = None
    hang_after: int | None = None


@dataclass(slots=True)
class FileServer:
    """What was asked, and the address."""

    script: list[Serve]
    url: str = ""
    ranges_asked: list[str | None] = field(default_factory=list)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def serving(*script: Serve) -> AsyncGenerator[FileServer, None]:
    """A server that gives the answers of `script` in order, the last one for ever."""
    served = FileServer(list(script))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        served.ranges_asked.append(headers.get("range"))
        step = served.script.pop(0) if len(served.script) > 1 else served.script[0]
        writer.write(_head(step, headers.get("range")))
        body = _body(step, headers.get("range"))
        writer.write(body[: _first(step.cut_after, step.hang_after, len(body))])
        await writer.drain()
        if step.hang_after is not None:
            served.hanging.set()
            await reader.read()
            served.hung_up.set()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/model.gguf"
        yield served


def _first(*limits: int | None) -> int:
    return min(limit for limit in limits if limit is not None)


def _start(step: Serve, wanted: str | None) -> int:
    return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and step.ranges else 0


def _body(step: Serve, wanted: str | None) -> bytes:
    return step.body[_start(step, wanted) :]


def _head(step: Serve, wanted: str | None) -> bytes:
    start, total = _start(step, wanted), len(step.body)
    lines = [f"HTTP/1.1 {step.status or ('206 Partial Content' if start else '200 OK')}"]
    if start:
        lines.append(f"Content-Range: bytes {start}-{total - 1}/{total}")
    if step.location:
        lines.append(f"Location: {step.location}")
    lines += [f"Content-Length: {total - start}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()
