"""What `$/logTrace` tells of a message: which it is and how large, never what it says, code and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from parley_server.lsp.shapes import Json


def wanted(given: Json) -> types.TraceValue:
    """The trace that an editor asked for. `compact`, which VS Code adds to LSP's, is how it shows messages.

    Raises:
        ValueError: it is none.
    """
    return types.TraceValue.Messages if given == "compact" else types.TraceValue(given)


def told(direction: str, message: object) -> str:
    """One line about a message, as JSON or as one of pygls' objects: `Received request textDocument/codeAction (3)`."""
    method, number = _field(message, "method"), _field(message, "id")
    if method is None:
        kind, name = ("error for" if _field(message, "error") is not None else "answer to"), f"({number})"
    elif number is None:
        kind, name = "notification", str(method)
    else:
        kind, name = "request", f"{method} ({number})"
    return f"{direction} {kind} {name}"


def size(count: int) -> str:
    """The size of a message of `count` bytes."""
    return f"{count:,} bytes"


def shape(message: Json, count: int) -> str:
    """The size of a received message of `count` bytes, and the names of its parameters."""
    given = message.get("params") if isinstance(message, dict) else None
    names = ", ".join(given) if isinstance(given, dict) else "none by name"
    return f"{size(count)}; parameters: {names}"


def _field(message: object, name: str) -> object:
    return message.get(name) if isinstance(message, dict) else getattr(message, name, None)
