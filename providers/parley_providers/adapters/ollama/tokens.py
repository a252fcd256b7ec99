"""What Ollama's counts mean, which changed with its versions, and whether a prompt was cut without a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parley_providers.requests import StreamUsage
from parley_providers.usage import Timings, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from parley_providers.messages import Message

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def usage_of(done: Mapping[str, Any], version: str | None) -> StreamUsage:
    """The usage and timings of a `done` line; a field that is left out is unknown.

    `prompt_eval_duration` and `eval_duration` are Ollama's own, in nanoseconds. Waiting for a slot stands in
    `total_duration` alone, as its residual.
    """
    return StreamUsage(
        usage=Usage(
            prompt_tokens=prompt_tokens(done, version),
            cached_prompt_tokens=done.get("prompt_eval_cached_count"),
            output_tokens=done.get("eval_count"),
        ),
        timings=Timings(
            load_ns=done.get("load_duration"),
            prefill_ns=done.get("prompt_eval_duration"),
            decode_ns=done.get("eval_duration"),
            total_ns=done.get("total_duration"),
        ),
    )


def prompt_tokens(done: Mapping[str, Any], version: str | None) -> int | None:
    """The tokens of the whole prompt, or None where this version counts only those that were not cached.

    `prompt_eval_count` is the whole prompt from 0.3.14 on, but for 0.30.0, which left the cached ones out. A server
    that tells the cached ones apart counts the whole.
    """
    count: int | None = done.get("prompt_eval_count")
    if "prompt_eval_cached_count" in done:
        return count
    found = _VERSION.match(version or "")
    if found is None:
        return None
    numbers = tuple(int(number) for number in found.groups())
    whole = numbers >= (0, 3, 14) and numbers != (0, 30, 0)
    return count if whole else None


def fewest_tokens(messages: Iterable[Message]) -> int:
    """A number of tokens that no tokenizer goes below for these messages: one for every two words.

    Tokenizers split at spaces before they merge, so that a word is a token at least; the half is for those that do not.
    """
    return sum(len(message.text.split()) for message in messages) // 2
