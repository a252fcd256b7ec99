"""Estimating how many tokens a text costs, without the model's vocabulary: never too few, rarely far too many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_providers.messages import Message

# A chat template wraps each message in a few tokens of its own.
_TOKENS_PER_MESSAGE = 8
_PIECE = re.compile(r"[A-Za-z]+|[0-9]|[^\S\n]+|\n+|[!-/:-@\[-`{-~]+|[^\x00-\x7f]|.", re.DOTALL)


def estimated_tokens(text: str) -> int:
    """About how many tokens `text` is, on the high side.

    A word costs one token for its first six letters and one for every four that follow, a digit one, a run of
    punctuation one for every two characters, a run of blanks or newlines one, a code point beyond ASCII two.
    """
    return sum(_cost(piece) for piece in _PIECE.findall(text))


def estimated_prompt_tokens(messages: Iterable[Message]) -> int:
    """About how many tokens a conversation is, the chat template's own included."""
    return sum(estimated_tokens(message.text) + _TOKENS_PER_MESSAGE for message in messages)


def _cost(piece: str) -> int:
    first = piece[0]
    if not first.isascii():
        return 2
    if first.isalpha():
        return 1 + max(0, len(piece) - 3) // 4
    if first.isspace():
        return 1 if piece != " " else 0
    return (len(piece) + 1) // 2
