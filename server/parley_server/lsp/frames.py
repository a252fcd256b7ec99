"""LSP's base protocol, incoming: bytes become message bodies, and rubbish becomes errors, never a stall or a crash.

Pure: reading belongs to `transport`, the meaning of a body to `protocol`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_BODY_BYTES = 64_000_000
_LARGEST_HEADER_BYTES = 8_192
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_NEXT_HEADER = re.compile(rb"content-length[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameError:
    """Bytes that are no message; `reason` says why."""

    reason: str


class Frames:
    """Cuts a stream of bytes into message bodies; after rubbish it goes on at the next header."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes | FrameError]:
        """Every body, or error, that is complete with `data`."""
        self._buffer += data
        while True:
            found = self._body() if self._length is not None else self._header()
            if found is None:
                return
            if found != b"" or self._length is None:
                yield found

    def _body(self) -> bytes | None:
        length = self._length
        if length is None or len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._length = None
        return body

    def _header(self) -> bytes | FrameError | None:
        """Reads a header into `_length` (and returns b""), or an error, or None for too little."""
        end = _HEADER_END.search(self._buffer)
        if end is None:
            if len(self._buffer) <= _LARGEST_HEADER_BYTES:
                return None
            return self._skip("a header that does not end")
        header = bytes(self._buffer[: end.start()])
        if end.start() > _LARGEST_HEADER_BYTES:
            return self._skip("a header that is too long", at_least=end.end())
        try:
            length = _content_length(header)
        except ValueError as error:
            return self._skip(str(error), at_least=end.end())
        del self._buffer[: end.end()]
        self._length = length
        return b""

    def _skip(self, reason: str, at_least: int = 1) -> FrameError:
        """Drop bytes up to the next place that looks like a header."""
        following = _NEXT_HEADER.search(self._buffer, at_least)
        keep_from = following.start() if following else max(at_least, len(self._buffer) - 64)
        del self._buffer[:keep_from]
        return FrameError(reason=reason)


def _content_length(header: bytes) -> int:
    length: int | None = None
    for line in header.splitlines():
        name, colon, value = line.partition(b":")
        match name.strip().lower():
            case b"content-length" if colon:
                length = _number(value.strip())
            case b"content-type" if b"utf" not in value.lower() and b"charset" in value.lower():
                raise ValueError(f"a charset other than UTF-8: {_shown(value)}")
            case _ if not colon and line.strip():
                raise ValueError(f"a header line without a colon: {_shown(line)}")
            case _:
                pass
    if length is None:
        raise ValueError("a header without Content-Length")
    return length


def _number(value: bytes) -> int:
    if not value.isdigit() or len(value) > 12 or int(value) > LARGEST_BODY_BYTES:
        raise ValueError(f"a Content-Length of {_shown(value)}; it may be 0 to {LARGEST_BODY_BYTES:,}")
    return int(value)


def _shown(value: bytes) -> str:
    return ascii(value.strip()[:40].decode("latin-1"))
