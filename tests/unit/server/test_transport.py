"""The protocol's output: in order, never waited for, whether a thread writes it or not."""

import asyncio
import os
import socket

import pytest

from parley_server.lsp.transport import Outgoing

SIZES = (1, 4_096, 4_097, 10, 300_000, 2, 3, 70_000, 4_096, 4_096, 5)


def pieces():
    return [bytes([65 + number]) * size for number, size in enumerate(SIZES)]


async def read(descriptor, count):
    """So many bytes, read on another thread."""

    def all_of_them():
        found = b""
        while len(found) < count:
            found += os.read(descriptor, 1 << 16)
        return found

    return await asyncio.to_thread(all_of_them)


@pytest.fixture(params=["pipe", "socket"])
def ends(request):
    if request.param == "pipe":
        incoming, outgoing = os.pipe()
    else:
        incoming, outgoing = (end.detach() for end in socket.socketpair())
    yield incoming, outgoing
    for end in (incoming, outgoing):
        os.close(end)


async def test_what_is_written_at_once_keeps_its_place(ends):
    """Small and large, into an empty pipe and into one that nobody reads yet: all arrives in order."""
    incoming, outgoing = ends
    out = Outgoing(outgoing, asyncio.get_running_loop(), on_lost=lambda: None)
    for piece in pieces():
        out.write(piece)
    assert out.backlog > 0
    assert await read(incoming, sum(SIZES)) == b"".join(pieces())
    drained = asyncio.Event()
    out.on_drained(drained.set)
    await drained.wait()
    assert out.backlog == 0
    for piece in (b"a", b"bc"):
        out.write(piece)
    assert await read(incoming, 3) == b"abc"
    await asyncio.to_thread(out.close)


async def test_a_pipe_takes_small_messages_without_the_thread():
    """Nothing waits: the bytes are there when `write` returns."""
    incoming, outgoing = os.pipe()
    out = Outgoing(outgoing, asyncio.get_running_loop(), on_lost=lambda: None)
    out.write(b"first")
    out.write(b"second")
    assert (out.backlog, os.read(incoming, 100)) == (0, b"firstsecond")
    await asyncio.to_thread(out.close)
    os.close(incoming)
    os.close(outgoing)


async def test_a_reader_that_is_gone_is_told_once():
    """Whoever finds it first, the thread or the loop."""
    incoming, outgoing = os.pipe()
    told, lost = asyncio.Event(), []
    out = Outgoing(outgoing, asyncio.get_running_loop(), on_lost=lambda: (lost.append(1), told.set()))
    os.close(incoming)
    for _ in range(3):
        out.write(b"anybody?")
    await told.wait()
    out.write(b"nobody")
    await asyncio.to_thread(out.close)
    assert lost == [1]
    os.close(outgoing)
