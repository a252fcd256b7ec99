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
_LONGEST_NAME_BYTES = 64
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
        self._lost = False

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
        if self._lost and not self._found_again():
            return None
        end = _HEADER_END.search(self._buffer)
        if end is None:
            return None if len(self._buffer) <= _LARGEST_HEADER_BYTES else self._lose("a header that does not end")
        if end.start() > _LARGEST_HEADER_BYTES:
            return self._lose("a header that is too long")
        try:
            self._length = _content_length(bytes(self._buffer[: end.start()]))
        except ValueError as error:
            return self._lose(str(error))
        del self._buffer[: end.end()]
        return b""

    def _lose(self, reason: str) -> FrameError:
        """What follows is rubbish until the next header: one error for all of it."""
        self._lost = True
        del self._buffer[:1]  # this very header is not to be found again
        return FrameError(reason=reason)

    def _found_again(self) -> bool:
        following = _NEXT_HEADER.search(self._buffer)
        del self._buffer[: following.start() if following else max(0, len(self._buffer) - _LONGEST_NAME_BYTES)]
        self._lost = following is None
        return following is not None


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
