"""HTTP with one server: its deadlines, its lines, and what a broken exchange means.

What a refusal's body says belongs to the adapter that knows the server, through the `Explain` it passes; the JSON that
goes over the wire belongs to it too. How connections are made belongs to `addresses`, what breaks them to `guard`.

**Invariants.** A line and an answer have a size that they cannot pass. Leaving `answer`, by cancellation too, closes
the connection unless the answer was read to its end.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from parley_providers.addresses import client_for
from parley_providers.errors import (
    DeadlineExceededError,
    ProviderError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.guard import Guard
from parley_providers.rate_limits import limits_of
from parley_providers.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    import httpx2

    from parley_providers.addresses import ServerAddress
    from parley_providers.messages import JsonObject
    from parley_providers.rate_limits import RateLimit
    from parley_providers.refusals import WireJson
    from parley_providers.requests import Deadlines

    Explain: TypeAlias = Callable[[Refusal, str], ProviderError]

PieceT = TypeVar("PieceT")

MAX_LINE_BYTES = 8 * 2**20
MAX_ANSWER_BYTES = 64 * 2**20
MAX_REFUSAL_BYTES = 2**20


def _any(_line: bytes) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Until when to wait: `first_at` and `total_at` are times of the event loop, in seconds; the others durations.

    `first_at` is for the first line that is of the answer itself: `answers` says whether one is.
    """

    connect_s: float
    first_at: float
    idle_s: float
    total_at: float
    answers: Callable[[bytes], bool] = _any

    @classmethod
    def of(cls, deadlines: Deadlines, *, cold: bool) -> Patience:
        """The patience for a request that starts now; `cold` gives the first token the time that loading takes."""
        now = asyncio.get_running_loop().time()
        first_s = deadlines.cold_first_token_s if cold else deadlines.first_token_s
        return cls(
            connect_s=deadlines.connect_s,
            first_at=now + first_s,
            idle_s=deadlines.idle_s,
            total_at=now + deadlines.total_s,
        )

    def until(self, at: float, why: str) -> tuple[float, str]:
        """The sooner of `at` and the end of all patience, with the reason that is true then."""
        return (at, why) if at <= self.total_at else (self.total_at, "The answer took longer than a whole answer may")

    @classmethod
    def short(cls, within_s: float) -> Patience:
        """The patience for a question that needs no model."""
        at = asyncio.get_running_loop().time() + within_s
        return cls(connect_s=within_s, first_at=at, idle_s=within_s, total_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces(Generic[PieceT]):
    """An answer that a server began: its pieces, as they come, and the rate `limits` that its headers told."""

    coming: AsyncGenerator[PieceT, None]
    limits: tuple[RateLimit, ...]

    def __aiter__(self) -> AsyncGenerator[PieceT, None]:
        """The pieces, once."""
        return self.coming


class HttpServer:
    """One server, asked over a pool of kept connections.

    Args:
        address: Where it is.
        explain: Says which error a refusal is, for a model's name.
    """

    def __init__(self, address: ServerAddress, explain: Explain) -> None:
        self._address = address
        self._explain = explain
        self._guard = Guard(address)
        self._client: httpx2.AsyncClient | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port that requests go to."""
        return self._address.origin

    async def get(self, path: str, *, within_s: float) -> WireJson:
        """The JSON that `path` answers.

        Raises:
            ProviderError: what `Explain` made of a refusal, or what broke the exchange.
        """
        async with self._exchange("GET", path, None, Patience.short(within_s), "") as lines:
            return self._json(b"\n".join([line async for line in lines]), path)

    async def post(self, path: str, body: JsonObject, *, within_s: float, model: str = "") -> WireJson:
        """The JSON that `path` answers to `body`; see `get`."""
        async with self._exchange("POST", path, body, Patience.short(within_s), model) as lines:
            return self._json(b"\n".join([line async for line in lines]), path)

    @asynccontextmanager
    async def answer(self, path: str, body: JsonObject, patience: Patience, model: str) -> AsyncIterator[Pieces[bytes]]:
        """The lines of the answer to `body`, from the moment the server accepted it.

        Lines come without their end; empty ones and the comments of server-sent events (`:`) are left out, and do not
        count as a sign of life.

        Raises:
            ProviderError: what `Explain` made of a refusal, or what broke the exchange.
        """
        async with self._exchange("POST", path, body, patience, model) as lines:
            yield lines

    async def aclose(self) -> None:
        """Close every connection; a later request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _exchange(
        self, method: str, path: str, body: JsonObject | None, patience: Patience, model: str
    ) -> AsyncIterator[Pieces[bytes]]:
        response = await self._sent(method, path, body, patience, model)
        try:
            self._guard.see_that_it_answers(response, model)
            if response.status_code != 200:
                raise self._explain(await self._refusal(response, patience, model), model)
            async with aclosing(self._lines(response, patience, model)) as lines:
                yield Pieces(coming=lines, limits=limits_of(response.headers))
        finally:
            await response.aclose()

    async def _sent(
        self, method: str, path: str, body: JsonObject | None, patience: Patience, model: str
    ) -> httpx2.Response:
        client = self._connected()
        timeout = {"connect": patience.connect_s, "read": None, "write": patience.idle_s, "pool": None}
        request = client.build_request(
            method,
            path.removeprefix("/"),
            content=None if body is None else json.dumps(body, separators=(",", ":"), allow_nan=False).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
            extensions={"timeout": timeout},
        )
        sending = client.send(request, stream=True)
        at, late = patience.until(patience.first_at, f"{self._guard.name} did not begin to answer in time")
        return await self._guard.wait(sending, at, late, model, started=False)

    async def _lines(self, response: httpx2.Response, patience: Patience, model: str) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        at, late = patience.first_at, f"{self._guard.name} did not begin to answer in time"
        pending, received = b"", 0
        async with aclosing(response.aiter_raw()) as chunks:
            while True:
                chunk = await self._guard.wait(anext(chunks, None), *patience.until(at, late), model, started=True)
                if chunk is None:
                    break
                received += len(chunk)
                *lines, pending = (pending + chunk).split(b"\n")
                if received > MAX_ANSWER_BYTES or len(pending) > MAX_LINE_BYTES:
                    raise self._guard.endless(model)
                for line in lines:
                    if not _is_content(line):
                        continue
                    yield line.rstrip(b"\r")
                    if patience.answers(line):
                        at = loop.time() + patience.idle_s
                        late = f"{self._guard.name} said nothing more for {patience.idle_s:g} s"
        if _is_content(pending):
            yield pending.rstrip(b"\r")

    async def _refusal(self, response: httpx2.Response, patience: Patience, model: str) -> Refusal:
        body = bytearray()
        with suppress(StreamTruncatedError, DeadlineExceededError):  # the status says enough
            async with aclosing(self._lines(response, patience, model)) as lines:
                async for line in lines:
                    body += line + b"\n"
                    if len(body) > MAX_REFUSAL_BYTES:
                        break
        return Refusal.of(response.status_code, bytes(body[:MAX_REFUSAL_BYTES]).rstrip(b"\n"), response.headers)

    def _connected(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = client_for(self._address)
        return self._client

    def _json(self, text: bytes, path: str) -> WireJson:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"{self._guard.name} answered {path} with something that is not JSON. Is it the right server?"
            raise self._guard.fault(ServerError, message, "") from error


def _is_content(line: bytes) -> bool:
    return bool(line.strip()) and not line.startswith(b":")
