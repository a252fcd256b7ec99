"""Markdown of a model that may be shown: whoever looks at it makes no request and runs nothing.

A viewer fetches the images of a text that it shows, so whoever steers the model could send away, in an image's address,
what the model has read. Vim and Emacs set options by lines of a file that they open. Links stay: a person follows them
or does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

# What is changed for one finding may uncover another; it ends, since each pass takes openings away.
_MOST_PASSES = 4
_IMAGE = re.compile(r"!(?=\[)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


# Vim looks at so many lines from either end of a file; Emacs at the first two, and for a list of variables at the end.
_VIM_LINES = 5
_VIM = re.compile(r"(^|\s)(vim?[<=>]?\d*|ex)(?=:)", re.IGNORECASE)
_EMACS_LIST = re.compile(r"local variables(?=:)", re.IGNORECASE)


def still(text: str) -> str:
    """`text` with its images as links, its HTML as text, and no line that an editor obeys; code is left as it is."""
    return _unobeyed(_unmoved(text))


def _unmoved(text: str) -> str:
    if "![" not in text and not _TAG.search(text):
        return text
    for _ in range(_MOST_PASSES):
        moving = tuple(_moving_lines(text))
        if not moving:
            return text
        lines = text.split("\n")
        for first, last in moving:
            lines[first:last] = [_stilled(line) for line in lines[first:last]]
        text = "\n".join(lines)
    return _stilled(text)


def _moving_lines(text: str) -> Iterator[tuple[int, int]]:
    """The lines, from 0 and without the last, of the blocks that hold an image or HTML."""
    from markdown_it import MarkdownIt

    for block in MarkdownIt("js-default", {"html": True}).parse(text):
        if block.map is not None and _moves(block):
            yield block.map[0], block.map[1]


def _moves(token: Token) -> bool:
    return token.type in ("image", "html_inline", "html_block") or any(map(_moves, token.children or ()))


def _stilled(text: str) -> str:
    return _TAG.sub("&lt;", _IMAGE.sub("", text))


def _unobeyed(text: str) -> str:
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if at < _VIM_LINES or at >= len(lines) - _VIM_LINES:
            lines[at] = _VIM.sub(r"\1\2 ", line)
        if at < 2:
            lines[at] = lines[at].replace("-*-", "- * -")
    return _EMACS_LIST.sub("local variables ", "\n".join(lines))
