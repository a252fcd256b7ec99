"""Parsing Python in pieces, so that other threads get their turn: the parser lets none run before it is done.

The tree is the one that parsing in one piece would give. What is made of it belongs to `module`.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from itertools import pairwise

_PIECE_CHARACTERS = 20_000
# A line that can only begin a statement of the top level, unless it stands in a string; then its piece does not parse.
_BEGINNING = re.compile(r"^(?:async def |def |class |@)", re.MULTILINE)
_warnings_lock = threading.Lock()


def parsed(text: str) -> ast.Module:
    """The tree of `text`, which has no byte order mark.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it cannot be parsed.
    """
    pieces = _pieces(text)
    if len(pieces) > 1:
        try:
            return _joined(pieces)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            pass  # a piece may end within a string; only the whole tells what is wrong
    return _parse(text)


def _pieces(text: str) -> list[str]:
    """`text`, cut before lines that begin a definition, each piece long enough to be worth it."""
    cuts = [0]
    for found in _BEGINNING.finditer(text):
        at = found.start()
        after_decorator = text[text.rfind("\n", 0, max(0, at - 1)) + 1 : at].startswith("@")
        if at - cuts[-1] >= _PIECE_CHARACTERS and not after_decorator:
            cuts.append(at)
    return [text[start:end] for start, end in pairwise([*cuts, len(text)])]


def _joined(pieces: list[str]) -> ast.Module:
    body: list[ast.stmt] = []
    line = 0
    for piece in pieces:
        # Empty lines in front cost the parser nearly nothing, and give every node its true position.
        body += _parse("\n" * line + piece).body
        line += piece.count("\n") + piece.count("\r") - piece.count("\r\n")
    return ast.Module(body=body, type_ignores=[])


def _parse(text: str) -> ast.Module:
    # The parser warns of odd escapes in other people's code; the filters are global, hence the lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
