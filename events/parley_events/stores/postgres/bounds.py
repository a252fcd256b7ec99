"""How long an answer may take: a server that stands still holds its connections, and says nothing for ever.

Who waits too long has its connection cut off, and hears of it as of any that is lost.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection, Connection

ANSWER_S = 30.0
# What counts, removes or rewrites everything may take long, and is asked for by a person who waits for it.
WHOLE_STORE_S = 3600.0


def cut_off(connection: AsyncConnection | Connection) -> None:
    """End a connection beneath who waits for it, from any thread: they read that it has ended.

    Closing it would leave them waiting for a file that is another one soon.
    """
    with suppress(psycopg.Error, OSError):  # it has ended already
        ours = socket.socket(fileno=connection.pgconn.socket)
        try:
            ours.shutdown(socket.SHUT_RDWR)
        finally:
            ours.detach()


def silent(bound_s: float) -> psycopg.OperationalError:
    """The error for a server that let somebody wait for so many seconds."""
    return psycopg.OperationalError(f"it said nothing for {bound_s:.3g} s")


@contextmanager
def bounded(connection: AsyncConnection, bound_s: float) -> Iterator[None]:
    """Cut the connection off if what is awaited within takes longer, in seconds.

    Raises:
        psycopg.OperationalError: it did.
    """
    is_cut = False

    def cut() -> None:
        nonlocal is_cut
        is_cut = True
        cut_off(connection)

    timer = asyncio.get_running_loop().call_later(bound_s, cut)
    try:
        yield
    except psycopg.Error as error:
        if is_cut:
            raise silent(bound_s) from error
        raise
    finally:
        timer.cancel()
