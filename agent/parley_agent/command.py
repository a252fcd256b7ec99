"""One command, run to its end: in a group of processes of its own, heard within bounds, ended with all it started.

Its end is told by the process, never by its output: what it leaves behind may hold that open for ever. Which command
is run, in which folder and with which variables, is decided by whoever asks.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OUTPUT_BYTES = 64_000
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended: its exit code, None where it took too long, and the last of what it wrote."""

    code: int | None
    output: bytes


async def run(
    command: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    within_s: float,
    folder: Path | None = None,
    hears_errors: bool = False,
) -> Ran:
    """Run `command`, without a shell, for at most `within_s` seconds.

    Args:
        command: The program and its arguments.
        environment: All that it sees of ours.
        within_s: How long it may take, in seconds; then it is killed.
        folder: Where it runs; None is the present one.
        hears_errors: Whether its standard error is output, too.

    Raises:
        OSError: it cannot be started, as when there is no such program.
    """
    transport, heard = await _started(command, environment, folder, hears_errors=hears_errors)
    in_time = True
    try:
        async with asyncio.timeout(within_s):
            await heard.exited.wait()
    except TimeoutError:
        in_time = False
    finally:
        await _end(transport, heard)
    return Ran(code=transport.get_returncode() if in_time else None, output=bytes(heard.output))


class _Heard(asyncio.SubprocessProtocol):
    """What a command writes, bounded, and when it is over."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.exited = asyncio.Event()
        self.silent = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd
        self.output += data
        del self.output[: max(0, len(self.output) - _OUTPUT_BYTES)]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del fd, exc
        self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()


_Started: TypeAlias = tuple[asyncio.SubprocessTransport, _Heard]


async def _started(
    command: tuple[str, ...], environment: Mapping[str, str], folder: Path | None, *, hears_errors: bool
) -> _Started:
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(
            _Heard,
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if hears_errors else asyncio.subprocess.DEVNULL,
            start_new_session=True,
        ),
        name="parley-command-start",
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # Cancelled itself, it would kill the first process alone, and wait for whatever else holds the output.
        starting.add_done_callback(_end_at_once)
        await asyncio.wait([starting])
        if not starting.cancelled() and starting.exception() is None:
            _, heard = starting.result()
            await heard.exited.wait()  # else nobody takes note of it who is there when the loop is closed
        raise


def _end_at_once(starting: asyncio.Task[_Started]) -> None:
    """Kill what was started for somebody who does not want it any more."""
    if not starting.cancelled() and starting.exception() is None:
        transport, _ = starting.result()
        _kill_group(transport)
        transport.close()


async def _end(transport: asyncio.SubprocessTransport, heard: _Heard) -> None:
    """Kill what is left of a command, and hear its last words; what left its group is not waited for longer."""
    _kill_group(transport)
    try:
        await heard.exited.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await heard.silent.wait()
    finally:
        transport.close()


def _kill_group(transport: asyncio.SubprocessTransport) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        else:  # Windows, where `os.kill` of a process that has ended is an error of no kind of its own
            transport.kill()
