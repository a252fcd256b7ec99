"""Standard input and output as the protocol's own pipes, each read or written by a named thread.

The event loop never waits for a pipe: a client that reads slowly only makes `Outgoing.backlog` grow, and only what a
pipe takes at once is written without the thread. What the bytes mean belongs to `frames` and `protocol`.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
from collections import deque
from threading import Condition, Semaphore, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

_CHUNK_BYTES = 65_536
_CHUNKS_AHEAD = 16


def claim_stdio() -> tuple[int, int]:
    """Descriptors of the protocol's own input and output.

    Whatever else writes to standard output from now on, a library or a child process, reaches standard error, and
    whatever reads standard input finds it empty.
    """
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


class Incoming:
    """Reads a descriptor in a thread.

    Args:
        descriptor: What to read until its end.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._room = Semaphore(_CHUNKS_AHEAD)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come, until the end of the input; at most a megabyte is read ahead."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[bytes] = asyncio.Queue()
        # A daemon: nothing can wake a thread that waits for a pipe, and the process must be able to end.
        Thread(target=self._read, args=(loop, arrived), name="parley-stdin", daemon=True).start()
        while data := await arrived.get():
            self._room.release()
            yield data

    def _read(self, loop: asyncio.AbstractEventLoop, arrived: asyncio.Queue[bytes]) -> None:
        data = b"first"
        while data:
            self._room.acquire()
            try:
                data = os.read(self._descriptor, _CHUNK_BYTES)
            except OSError:
                data = b""
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, data)
            except RuntimeError:  # the loop is closed: the server has ended
                return


class Outgoing:
    """Writes a descriptor in a thread; what a pipe has room for and nothing waits before is written at once.

    Args:
        descriptor: What to write to.
        loop: Where `on_drained` and `on_lost` are called.
        on_lost: Called once when nobody reads any more.
    """

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop, on_lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._on_lost = on_lost
        self._waiting: deque[bytes] = deque()
        self._changed = Condition()
        self._backlog = 0
        self._closed = False
        self._drained: list[Callable[[], None]] = []
        self._room = _room_in(descriptor)
        self._thread = Thread(target=self._write, name="parley-stdout", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._backlog

    def write(self, data: bytes) -> None:
        """Send `data`, in order, without waiting."""
        with self._changed:
            if self._closed or (not self._backlog and self._written_at_once(data)):
                return
            self._waiting.append(data)
            self._backlog += len(data)
            self._changed.notify()

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, on the loop, when the client has taken everything."""
        with self._changed:
            self._drained.append(callback)
            self._changed.notify()

    def close(self, within_s: float = 1.0) -> None:
        """Write what is left, for at most `within_s` seconds, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(within_s)

    def _written_at_once(self, data: bytes) -> bool:
        """Waking the thread for a few bytes takes longer than to write them."""
        if self._room is None or not self._room(len(data)):
            return False
        try:
            _write_all(self._descriptor, data)
        except OSError:
            self._lose()
        return True

    def _write(self) -> None:
        while (data := self._next()) is not None:
            try:
                _write_all(self._descriptor, data)
            except OSError:
                self._lose()
                return
            self._written(len(data))

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed or (self._drained and not self._backlog))
            if not self._waiting:
                return None if self._closed else b""
            data = b"".join(self._waiting)
            self._waiting.clear()
            return data

    def _written(self, count: int) -> None:
        with self._changed:
            self._backlog -= count
            drained, self._drained = ([], self._drained) if self._backlog else (self._drained, [])
        for callback in drained:
            self._call(callback)

    def _lose(self) -> None:
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._backlog = 0
            self._changed.notify()
        self._call(self._on_lost)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:  # the loop is closed: nobody is left to be told
            return


def _room_in(descriptor: int) -> Callable[[int], bool] | None:
    """Whether so many bytes can be written without waiting; None where the system does not tell it.

    A pipe that can be written to takes PIPE_BUF bytes at once (POSIX, `poll` and `write`); nobody else writes to it.
    """
    if not hasattr(select, "poll") or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return None
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return lambda count: count <= select.PIPE_BUF and [event for _, event in poll.poll(0)] == [select.POLLOUT]


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
