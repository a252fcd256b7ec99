"""A proxy on loopback that opens tunnels, as a company's would: it hears where to, and not what is said."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.loopback import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Tunnels:
    """A running proxy: its address, the places it was asked to, and every byte that went to them."""

    target: tuple[str, int]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)

    async def open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.asked.append(head.partition(" HTTP/")[0])
            if not head.startswith("CONNECT "):
                writer.write(b"HTTP/1.1 405 Only tunnels\r\nContent-Length: 0\r\n\r\n")
                return
            there_reader, there_writer = await asyncio.open_connection(*self.target)
            try:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._carry(reader, there_writer, heard=True))
                    tasks.create_task(self._carry(there_reader, writer, heard=False))
            finally:
                end(there_writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heard: bool) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if heard:
                    self.carried += data
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tunnelling(target: str) -> AsyncIterator[Tunnels]:
    """A proxy whose tunnels, wherever they are asked to, lead to the server at `target`."""
    host, _, port = target.rpartition("/")[2].partition(":")
    proxy = Tunnels((host, int(port)))
    async with asyncio.TaskGroup() as tasks:
        running: list[asyncio.Task[None]] = []

        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await proxy.open(reader, writer)
            finally:
                end(writer)

        listening = await asyncio.start_server(
            lambda reader, writer: running.append(tasks.create_task(run(reader, writer))), "127.0.0.1", 0
        )
        host, port_number = listening.sockets[0].getsockname()
        proxy.url = f"http://{host}:{port_number}"
        try:
            yield proxy
        finally:
            listening.close()
            for task in running:
                task.cancel()
    await asyncio.sleep(0)  # aborted transports close their sockets
