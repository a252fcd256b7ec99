"""Parsing Python in pieces, so that other threads get their turn: the parser lets none run before it is done.

The tree is the one that parsing in one piece would give. What is made of it belongs to `module`.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from itertools import pairwise

_PIECE_CHARACTERS = 8_000
# A line that can only begin a statement of the top level, unless it stands in a string; then its piece does not parse.
_BEGINNING = re.compile(r"^(?:async def |def |class |@)", re.MULTILINE)
_warnings_lock = threading.Lock()


def parsed(text: str) -> ast.Module:
    """The tree of `text`, which has no byte order mark.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it cannot be parsed.
    """
    body: list[ast.stmt] = []
    line = 0
    for start, end in pairwise(_cuts(text)):
        # Empty lines in front cost the parser nearly nothing, and give every node its true position.
        above = "\n" * line
        piece = text[start:end]
        try:
            body += _parse(above + piece).body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            if end == len(text):
                raise
            # It may end within a string: only with all that follows it is clear what it is, or what is wrong in it.
            body += _parse(above + text[start:]).body
            break
        line += piece.count("\n") + piece.count("\r") - piece.count("\r\n")
    return ast.Module(body=body, type_ignores=[])


def _cuts(text: str) -> list[int]:
    """Where `text` is cut, both ends included: before lines that begin a definition, in pieces worth the trouble."""
    cuts = [0]
    for found in _BEGINNING.finditer(text):
        at = found.start()
        after_decorator = text[text.rfind("\n", 0, max(0, at - 1)) + 1 : at].startswith("@")
        if at - cuts[-1] >= _PIECE_CHARACTERS and not after_decorator:
            cuts.append(at)
    return [*cuts, len(text)]


def _parse(text: str) -> ast.Module:
    # The parser warns of odd escapes in other people's code; the filters are global, hence the lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
