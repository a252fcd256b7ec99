"""One connection of one editor over TCP, on this machine alone: for debugging the server in a process of its own.

What is served over it belongs to `starting`. Whoever speaks the protocol can read files and run tests as the person, so
nothing but a loopback address is listened on, and a web page, which can send there too, is turned away.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HEADERS_BEGIN = b"content-"
_HIGHEST_PORT = 65_535
_LONGEST_SILENCE_S = 10


class AddressError(ValueError):
    """This cannot be listened on; the message says why, and what can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A loopback address; port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(given: str) -> Address:
    """The address that `given` writes as `[HOST:]PORT`.

    Raises:
        AddressError: it writes none, or one that other machines can reach.
    """
    host, _, port = given.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT:
        raise AddressError(f"{given!r} names no port; write it like 4711 or 127.0.0.1:4711, with 0 for any free port.")
    name = host.removeprefix("[").removesuffix("]")
    if name in ("", "localhost"):
        name = "127.0.0.1"
    if not _is_loopback(name):
        raise AddressError(
            f"{name} is not this machine alone: whoever reached it could read your files and use your models. Name "
            "127.0.0.1, localhost or [::1]; from another machine, come by a tunnel such as ssh -L."
        )
    return Address(host=name, port=int(port))


def accepted(address: Address, tell: Callable[[Address], None]) -> socket.socket:
    """The first client that speaks the protocol; `tell` is called once with what is listened on.

    Raises:
        OSError: it cannot be listened on, as when the port is taken.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.create_server((address.host, address.port), family=family, backlog=1) as listening:
        tell(Address(host=address.host, port=listening.getsockname()[1]))
        while True:
            connection, _ = listening.accept()
            if _speaks(connection):
                return connection
            connection.close()


def _speaks(connection: socket.socket) -> bool:
    """Whether a message of the protocol begins; one that says nothing for a while does not hold up the next."""
    _wait_at_most(connection, _LONGEST_SILENCE_S)
    try:
        begun = connection.recv(len(_HEADERS_BEGIN), socket.MSG_PEEK | socket.MSG_WAITALL)
    except OSError:
        return False
    _wait_at_most(connection, 0)
    return begun.lower() == _HEADERS_BEGIN


def _wait_at_most(connection: socket.socket, seconds: int) -> None:
    """The kernel's own limit, 0 for none: unlike Python's, it leaves the descriptor one that blocks."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
