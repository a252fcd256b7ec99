"""JSON text of what an event holds: compact, redacted, and only what every database stores. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from parley_events.errors import InvalidEventError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_events.events import JsonValue, Metadata
    from parley_events.store import Redactor

MAX_EVENT_BYTES = 16 * 1024 * 1024
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def encoder(make: Callable[..., Any] | None) -> Callable[[Any], str]:
    """What makes compact JSON of a value; a circle ends in RecursionError, NaN in ValueError.

    `JSONEncoder.encode` makes an encoder in C for each value, which takes as long as encoding a small event. This one
    keeps the one that `make` makes; the standard library of a Python without C has none, and encodes by itself.
    """
    plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
    if make is None:
        return plain.encode
    pieces = make(
        markers=None,
        default=plain.default,
        encoder=json.encoder.encode_basestring,
        indent=None,
        key_separator=":",
        item_separator=",",
        sort_keys=False,
        skipkeys=False,
        allow_nan=False,
    )
    return lambda value: "".join(pieces(value, 0))


_encode = encoder(getattr(json.encoder, "c_make_encoder", None))


def json_text(data: object, redact: Redactor | None, what: str) -> str:
    """JSON of one object, compact, each string in it redacted.

    Raises:
        InvalidEventError: it is no JSON object, or holds what not every database stores: NaN, NUL, half a surrogate
        pair.
    """
    if not isinstance(data, dict):
        raise InvalidEventError(f"The data of {what} must be a JSON object (a dict), not {type(data).__name__}.")
    try:
        redacted = data if redact is None else redacted_value(data, redact)
        text = _encode(redacted)
        size = len(text) if text.isascii() else len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"The data of {what} is not JSON that can be stored: {error}") from error
    if "\\u0000" in text and _ESCAPED_NUL.search(text):
        raise InvalidEventError(f"The data of {what} holds a NUL character, which cannot be stored. Put it in a blob.")
    if size > MAX_EVENT_BYTES:
        raise InvalidEventError(
            f"The data of {what} is {size:,} bytes; an event holds {MAX_EVENT_BYTES:,} at most. Put the bulk in a blob."
        )
    return text


def metadata_text(metadata: Metadata, redact: Redactor | None) -> str:
    """Metadata as JSON, without what is not known."""
    stored: dict[str, Any] = {}
    if metadata.correlation_id is not None:
        stored["correlation_id"] = metadata.correlation_id
    if metadata.causation_id is not None:
        stored["causation_id"] = metadata.causation_id
    if metadata.extra:
        stored["extra"] = metadata.extra
    return json_text(stored, redact, "the metadata") if stored else "{}"


def redacted_value(value: JsonValue, redact: Redactor) -> JsonValue:
    """The value with each string in it redacted; names of members are left as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: redacted_value(each, redact) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_value(each, redact) for each in value]
    return value
