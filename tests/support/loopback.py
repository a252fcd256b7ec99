"""An HTTP server on loopback for tests: each exchange is handled by a coroutine that writes its own bytes."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request, and the means to answer it. `gone` is set when the client closes the connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _chunked: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def start(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send the status and headers; without a Content-Length the body is chunked."""
        headers = dict(headers or {})
        self._chunked = "content-length" not in {name.lower() for name in headers}
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        head = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "Connection": "close"}.items())
        await self.raw(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode())

    async def send(self, data: bytes | str) -> None:
        """Send a piece of the body, as one chunk."""
        data = data.encode() if isinstance(data, str) else data
        if data:
            await self.raw(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    async def end(self) -> None:
        """The body is complete."""
        if self._chunked:
            await self.raw(b"0\r\n\r\n")

    async def answer(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """A whole answer: JSON, or text as it is."""
        body = (value if isinstance(value, str) else json.dumps(value)).encode()
        await self.start(status, {"Content-Length": str(len(body)), **(headers or {})})
        await self.send(body)

    async def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def drop(self) -> None:
        """Break the connection off."""
        end(self.writer)


@dataclass
class LoopbackServer:
    """A running server: its address, and every exchange so far; `asked` is set by the first."""

    handler: Handler
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def bodies(self) -> list[Any]:
        """The JSON bodies that were asked, in order."""
        return [exchange.json for exchange in self.exchanges if exchange.body]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                exchange = await _request(reader, writer)
                self.exchanges.append(exchange)
                self.asked.set()
                async with asyncio.TaskGroup() as tasks:
                    watching = tasks.create_task(self._watch(reader, exchange))
                    with suppress(ConnectionError):
                        await self.handler(exchange)
                    watching.cancel()
        finally:
            writer.close()

    async def _watch(self, reader: asyncio.StreamReader, exchange: Exchange) -> None:
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        exchange.gone.set()


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[LoopbackServer]:
    """A server on a free port of loopback; what its handler raises, the block raises."""
    server = LoopbackServer(handler)
    async with asyncio.TaskGroup() as tasks:
        running: list[asyncio.Task[None]] = []

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.writers.append(writer)
            running.append(tasks.create_task(server.serve(reader, writer)))

        listening = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        host, port = listening.sockets[0].getsockname()
        server.url = f"http{'s' if tls else ''}://{host}:{port}"
        try:
            yield server
        finally:
            listening.close()
            await asyncio.sleep(0)  # what was accepted just now reaches `accept`
            for writer in server.writers:
                end(writer)
            for task in running:
                task.cancel()
    await asyncio.sleep(0)  # aborted transports close their sockets


def end(writer: asyncio.StreamWriter) -> None:
    """Break a connection off, whatever is still to be sent; one that has closed by itself is left alone."""
    if not writer.is_closing() or writer.transport.get_write_buffer_size():
        writer.transport.abort()


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Exchange(method, path, headers, body, writer)
