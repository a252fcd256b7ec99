"""How much of a vendor's answer is read: a body that cannot be endless, and the start of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from parley_providers.http import MAX_ANSWER_BYTES, MAX_LINE_BYTES, MAX_REFUSAL_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from parley_providers.errors import ProviderError


class LimitedBody(httpx2.AsyncByteStream):
    """A response's body that raises `endless` when it passes the size of an answer, or a line of it that of a line.

    SDKs put an event together chunk by chunk, in time that grows with the square of its size.
    """

    def __init__(self, stream: httpx2.AsyncByteStream, endless: ProviderError) -> None:
        self._stream = stream
        self._endless = endless

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks as they arrive."""
        received = event = 0
        async for chunk in self._stream:
            received += len(chunk)
            ended = chunk.rfind(b"\n")
            event = event + len(chunk) if ended < 0 else len(chunk) - ended
            if received > MAX_ANSWER_BYTES or event > MAX_LINE_BYTES:
                raise self._endless
            yield chunk

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


async def read_refusal(response: httpx2.Response) -> bytes:
    """The body of a refusal as far as it is kept; a connection that breaks within it has said enough."""
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_REFUSAL_BYTES:
                break
    except (httpx2.TransportError, httpx2.DecodingError):
        pass
    return bytes(body[:MAX_REFUSAL_BYTES])
