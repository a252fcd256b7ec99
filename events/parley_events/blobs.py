"""Bytes that are stored once, by their hash: page text, tool output, files. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from parley_events.errors import MissingBlobError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley_events.events import JsonValue
    from parley_events.store import Redactor

_NAME = re.compile(r"sha256:[0-9a-f]{64}")


def blob_name(data: bytes) -> str:
    """What bytes are called: `sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def redacted_blob(data: bytes, redact: Redactor | None) -> bytes:
    """The bytes, redacted if they are UTF-8 text; anything else is left alone."""
    if redact is None:
        return data
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    return redact(text).encode()


def names_in(text: str) -> list[str]:
    """The names of blobs that occur in a text, such as an event's data."""
    return _NAME.findall(text) if "sha256:" in text else []


def names_of(value: JsonValue) -> Iterator[str]:
    """The names of blobs that are whole strings of a JSON value, members' names left aside."""
    if isinstance(value, str):
        if _NAME.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from names_of(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from names_of(each)


def renamed_in(text: str, names: Mapping[str, str]) -> str:
    """The text with some names of blobs in it replaced."""
    return _NAME.sub(lambda found: names.get(found[0], found[0]), text)


def missing(name: str) -> MissingBlobError:
    """The error for a name without bytes."""
    return MissingBlobError(
        f"The store has no bytes called {name!r}. They may have been removed by `parley events prune`, or the "
        "store was imported without its blobs."
    )
