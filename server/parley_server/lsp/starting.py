"""Starts the language server in this process: claims standard output, sets up the log, runs until the editor is gone.

What it serves comes from `parley_server.app`; how it serves is `server`'s.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from parley_server.app import build_application
from parley_server.lsp.transport import Incoming, claim_stdio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from parley_server.cli.entry import LogLevel
    from parley_server.lsp.services import Services
    from parley_server.lsp.tcp import Address

logger = logging.getLogger(__name__)


def serve_stdio(
    *, scripted: Path | None = None, log_file: Path | None = None, log_level: LogLevel | None = None
) -> int:
    """Serve one editor over standard input and output; the process's exit code.

    Without a `log_level` the log is as the settings say, once they are read.
    """
    _log_to(log_file, log_level)
    return _serve(*claim_stdio(), scripted, log_level)


def serve_tcp(
    address: Address, *, scripted: Path | None = None, log_file: Path | None = None, log_level: LogLevel | None = None
) -> int:
    """Serve the first editor that connects to a loopback address, as `serve_stdio` does; then the process ends.

    Raises:
        OSError: the address cannot be listened on.
    """
    from parley_server.lsp.tcp import accepted

    _log_to(log_file, log_level)
    with accepted(address, _tell_address) as connection:
        return _serve(connection.fileno(), connection.fileno(), scripted, log_level)


def serve_over(incoming: int, outgoing: int, services: Services) -> NoReturn:
    """Serve one editor over a pair of descriptors; the process ends with that."""
    run = _imported()

    async def until_gone() -> NoReturn:
        code = await run(Incoming(incoming), outgoing, services)
        logging.shutdown()
        # asyncio would wait for every thread, and what must be written is written: one that waits for the editor's
        # next message, or for a disk that does not answer, cannot be woken.
        os._exit(code)

    asyncio.run(until_gone())


def _tell_address(address: Address) -> None:
    sys.stderr.write(f"parley: listening on {address} for one editor\n")
    sys.stderr.flush()


def _serve(incoming: int, outgoing: int, scripted: Path | None, log_level: LogLevel | None) -> NoReturn:
    given = {"log_level": log_level} if log_level else None
    serve_over(incoming, outgoing, build_application(scripted, given))


def _imported() -> Callable[[Incoming, int, Services], Coroutine[object, object, int]]:
    """The server's own module. Its thousands of types live for ever: collecting garbage meanwhile is in vain."""
    gc.disable()
    try:
        from parley_server.lsp.server import run
    finally:
        gc.collect(0)
        gc.freeze()
        gc.enable()
        # A syntax tree is tens of thousands of objects that all live: looking at them every 700 is a fifth of the work,
        # and looking at many at once holds up the loop. When all that lives is looked at, `garbage` decides.
        gc.set_threshold(2_500, 1, 1_000_000)
        # A thread that computes gives way after so many seconds: a message passes three threads that wait for it.
        sys.setswitchinterval(0.0005)
    return run


def _log_to(log_file: Path | None, level: LogLevel | None) -> None:
    """The log goes to a file, with stack traces, or to standard error: warnings, one line each."""
    handler: logging.Handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("parley: %(message)s"))
    default = "warning"
    problem = None
    if log_file is not None:
        try:
            handler, default = _file_handler(log_file), "info"
        except OSError as error:
            problem = f"no log is written to {log_file}: {error.strerror}. Name another file with --log-file."
    logging.basicConfig(level=(level or default).upper(), handlers=[handler])
    # pygls logs every message at these levels, code included.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    if problem:
        logger.error("%s", problem)


def _file_handler(path: Path) -> logging.Handler:
    from parley_server.lsp.log_file import LogFile

    return LogFile(path)


class _OneLine(logging.Formatter):
    """Leaves stack traces to the log file."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None}))
