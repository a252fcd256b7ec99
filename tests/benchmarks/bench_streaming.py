"""What Parley adds to each streamed token: from the provider's socket to the language client's pipe.

The provider is a process of its own that replays a recorded stream with its pauses and notes when it wrote each piece.
A piece has arrived when the client has read as many characters as the provider had written by then; both clocks are the
machine's one monotonic clock. The baseline reads the same stream straight from the socket, with nothing in between.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.figures import Figure, at_most, quantile
from benchmarks.processes import PARLEY, environment
from benchmarks.raw_client import connected
from benchmarks.replay_process import MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.figures import Context
    from benchmarks.raw_client import RawClient

_RECORDING = "queue_1"
_SOURCE = "def area(width, height):\n    return width * height\n"


async def figures(context: Context) -> AsyncIterator[Figure]:
    """Median and 99th percentile, in milliseconds for each piece."""
    ours: list[float] = []
    direct: list[float] = []
    with _replaying() as (url, provider):
        variables = environment(context.scratch, PARLEY_OLLAMA_URL=url, PARLEY_MODEL=f"ollama/{MODEL}")
        with connected((PARLEY, "serve"), variables) as client:
            client.initialize()
            client.open("file:///bench/area.py", _SOURCE)
            _explained(client, provider)  # what is imported at the first use is not counted
            for _ in range(context.samples(8, 2)):
                ours += _explained(client, provider)
                direct += _direct(url, provider)
    for name, fraction, bound in (("p50", 0.5, 1), ("p99", 0.99, 5)):
        yield Figure(
            name=f"streaming.per-token.{name}",
            ours=quantile(ours, fraction),
            unit="ms",
            goal=at_most(bound),
            baseline=quantile(direct, fraction),
            baseline_name="straight from the socket",
            detail={"pieces": len(ours), "recording": _RECORDING, "worst": max(ours), "baseline_worst": max(direct)},
        )


def _explained(client: RawClient, provider: subprocess.Popen[str]) -> list[float]:
    """Milliseconds that each piece took, for one explanation."""
    at = {"line": 0, "character": 5}
    argument = {
        "textDocument": {"uri": "file:///bench/area.py", "version": 1},
        "range": {"start": at, "end": at},
    }
    before = len(client.arrived)
    client.request("workspace/executeCommand", {"command": "parley.explain", "arguments": [argument]})
    client.wait(lambda message: message.get("method") == "parley/finished", after=before)
    reads: list[tuple[int, int]] = []
    for each in client.arrived[before:]:
        if each.message.get("method") == "parley/token":
            reads.append(((reads[-1][0] if reads else 0) + len(each.message["params"]["text"]), each.at_ns))
    return _delays(_told(provider), reads)


def _direct(url: str, provider: subprocess.Popen[str]) -> list[float]:
    """The same, read from the provider's socket."""
    address = urlsplit(url)
    body = json.dumps({"model": MODEL, "messages": []}).encode()
    head = f"POST /api/chat HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    received: list[tuple[bytes, int]] = []
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head + body)
        while chunk := connection.recv(1 << 16):
            received.append((chunk, time.monotonic_ns()))
    reads: list[tuple[int, int]] = []
    so_far = b""
    for chunk, at_ns in received:
        so_far += chunk
        reads.append((_characters(so_far), at_ns))
    return _delays(_told(provider), reads)


def _characters(stream: bytes) -> int:
    lines = (line for line in stream.split(b"\n") if line.startswith(b'{"model"') and line.endswith(b"}"))
    return sum(len(json.loads(line)["message"]["content"]) for line in lines)


def _delays(written: list[tuple[int, int]], reads: list[tuple[int, int]]) -> list[float]:
    if not reads or reads[-1][0] != written[-1][0]:
        raise RuntimeError(f"{written[-1][0]} characters were written and {reads[-1][0] if reads else 0} read")
    delays: list[float] = []
    at = 0
    for characters, written_ns in written:
        while reads[at][0] < characters:
            at += 1
        delays.append((reads[at][1] - written_ns) / 1e6)
    return delays


@contextmanager
def _replaying() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The provider's address and process."""
    command = [sys.executable, "-m", "benchmarks.replay_process", _RECORDING]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as provider:
        try:
            yield _told(provider), provider
        finally:
            assert provider.stdin is not None
            provider.stdin.close()
            provider.wait(10)


def _told(provider: subprocess.Popen[str]) -> Any:
    assert provider.stdout is not None
    return json.loads(provider.stdout.readline())
