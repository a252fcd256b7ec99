"""The faults that a provider can have, once: what a server does, what the person reads, and what a chain does about it.

`FAULTS` is the table; `enacted` is a provider of one wire whose server, on loopback, has one of them.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parley_providers import errors
from parley_providers.breaker import BreakerStatus
from parley_providers.keys import Key
from parley_providers.messages import user
from parley_providers.requests import Deadlines, LLMRequest
from support.loopback import serving
from support.vendor_wires import KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from parley_providers.messages import JsonObject
    from parley_providers.provider import Provider
    from support.loopback import Exchange

CLOSED, OPEN, DISABLED = BreakerStatus.CLOSED, BreakerStatus.OPEN, BreakerStatus.DISABLED
_SHORT = Deadlines(first_token_s=0.3, cold_first_token_s=0.3, idle_s=0.3)
_SSE = {"Content-Type": "text/event-stream"}
_PAGE = "<!doctype html><html><body>Sign in</body></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: `act` is what the server does with a question, for a wire.

    `error` is what the adapter makes of it (None: an answer), `says` what the person reads of it (a pattern). It is
    asked patiently unless `short`, and for an answer of `schema` if there is one. The
    chain asks this provider `asked` times, then another if `others`; then the breaker stands at `status`.
    """

    name: str
    act: Callable[[Any], Callable[[Exchange], Awaitable[None]]]
    error: type[errors.ProviderError] | None
    says: str = ""
    asked: int = 1
    others: bool = True
    status: BreakerStatus = CLOSED
    short: bool = False
    schema: JsonObject | None = None
    varied: frozenset[type[errors.ProviderError]] = frozenset()

    def request(self, wire: Any) -> LLMRequest:
        """The question that meets this fault, patient or not."""
        return LLMRequest(
            messages=(user("hi"),),
            task_class="explain",
            model=wire.model,
            json_schema=self.schema,
            deadlines=_SHORT if self.short else Deadlines(),
        )

    def is_meant(self, error: errors.ProviderError | None) -> bool:
        """Whether this is the error that is expected; some wires tell it as another of the same consequence."""
        if self.error is None or error is None:
            return self.error is None and error is None
        return type(error) in {self.error, *self.varied} and bool(re.search(self.says, str(error)))


def refuses(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """A server that refuses; without a body, by the words of each wire."""

    def of(wire: Any) -> Any:
        async def act(exchange: Exchange) -> None:
            match body:
                case None:
                    told = wire.refusal("No.", None)
                case "overflow":
                    told = wire.overflow
                case "missing":
                    told = wire.refusal("'toy' not found", "missing")
                case _:
                    told = body
            await exchange.answer(told, status, headers)

        return act

    return of


def writes(lines: Callable[[Any], list[str]], end: str = "clean") -> Any:
    """A server that writes these lines, and then ends, drops, or hangs."""

    def of(wire: Any) -> Any:
        async def act(exchange: Exchange) -> None:
            await exchange.start(headers=_SSE)
            for line in lines(wire):
                await exchange.send(line)
            match end:
                case "clean":
                    await exchange.end()
                case "drop":
                    exchange.drop()
                case _:
                    await exchange.gone.wait()

        return act

    return of


def _hangs(_wire: Any) -> Any:
    async def act(exchange: Exchange) -> None:
        await exchange.gone.wait()

    return act


def _never_ends(wire: Any) -> Any:
    """A server whose answer goes on for ever, a megabyte at a time; it is cut off at 64."""
    *begin, more = wire.text(["x" * 2**20])

    async def act(exchange: Exchange) -> None:
        await exchange.start(headers=_SSE)
        for line in begin:
            await exchange.send(line)
        while not exchange.gone.is_set():
            await exchange.send(more)

    return act


def _ends_no_line(_wire: Any) -> Any:
    async def act(exchange: Exchange) -> None:
        await exchange.start(headers=_SSE)
        while not exchange.gone.is_set():
            await exchange.send(b"x" * 2**20)

    return act


def _odd(wire: Any) -> list[str]:
    """A piece that is JSON, but nothing of this wire's; before the vendor's end."""
    odd = {"message": 1, "candidates": 1, "choices": [1], "type": "content_block_delta", "delta": 1}
    mark = "" if wire.name == "ollama" else "data: "
    return [f"{mark}{json.dumps(odd)}\n\n"]


# A server whose clock is decades off: what counts is how long it asks to wait, by its own clock.
_JUMPED = "Thu, 01 Jan 1970 00:00:00 GMT"
_KEY = "refused .*Set a (valid one|key that it takes: parley auth set)"
_DOWN: dict[str, Any] = {"asked": 3, "status": OPEN}
_NOBODY: dict[str, Any] = {"error": errors.ConnectionFailedError, "says": "Nothing answers at http", **_DOWN}
FAULTS: tuple[Fault, ...] = (
    Fault(name="connection refused", act=_hangs, **_NOBODY),
    Fault(name="DNS", act=_hangs, **_NOBODY),
    Fault(name="TLS", act=_hangs, **_NOBODY),
    Fault(name="400", act=refuses(400), error=errors.BadRequestError, says="refused the request", others=False),
    Fault(name="401", act=refuses(401), error=errors.AuthenticationError, says=_KEY, status=DISABLED),
    Fault(name="403", act=refuses(403), error=errors.AuthenticationError, says=_KEY, status=DISABLED),
    Fault(name="404", act=refuses(404, "missing"), error=errors.ModelNotFoundError, says="model|404"),
    Fault(name="408", act=refuses(408), error=errors.DeadlineExceededError, says="Ask for less, or try", **_DOWN),
    Fault(
        name="413",
        act=refuses(413),
        error=errors.ContextWindowError,
        says="too long.*Select less code",
    ),
    Fault(name="429", act=refuses(429), error=errors.RateLimitedError, says="No. Wait a moment, or", status=OPEN),
    Fault(
        name="429 with Retry-After",
        act=refuses(429, None, {"Retry-After": "2"}),
        error=errors.RateLimitedError,
        says="No. Wait 2 s, or choose another model",
        **_DOWN,
    ),
    Fault(name="500", act=refuses(500), error=errors.ServerError, says="failed.* No. Try again", **_DOWN),
    Fault(name="502", act=refuses(502), error=errors.ServerError, says="failed.* No. Try again", **_DOWN),
    Fault(name="503", act=refuses(503), error=errors.OverloadedError, says="is busy.* Try again in a", **_DOWN),
    Fault(name="529", act=refuses(529), error=errors.OverloadedError, says="is busy.* Try again in a", **_DOWN),
    Fault(
        name="hang before the first byte",
        act=_hangs,
        error=errors.DeadlineExceededError,
        says="did not begin to answer in time",
        short=True,
        **_DOWN,
    ),
    Fault(
        name="stall",
        act=writes(lambda wire: wire.text(["half"]), "hang"),
        error=errors.DeadlineExceededError,
        says="said nothing more for 0.3 s",
        short=True,
        **_DOWN,
    ),
    Fault(
        name="clean early end",
        act=writes(lambda wire: wire.text(["half"])),
        error=errors.StreamTruncatedError,
        says="nothing of it was used. Try again",
        **_DOWN,
    ),
    Fault(
        name="drop in mid-stream",
        act=writes(lambda wire: wire.text(["half"]), "drop"),
        error=errors.StreamTruncatedError,
        says="nothing of it was used. Try again",
        **_DOWN,
    ),
    Fault(
        name="in-band error",
        act=writes(lambda wire: [*wire.text(["half"]), *wire.error("It fell over.")]),
        error=errors.ServerError,
        says="It fell over",
        **_DOWN,
    ),
    Fault(
        name="half a tool call",
        act=writes(lambda wire: [*wire.call('{"path": "a"}')[:-1], wire.call('{"path": "a"}')[-1][:-14]]),
        error=errors.StreamTruncatedError,
        says="nothing of it was used. Try again",
        **_DOWN,
    ),
    Fault(
        name="invalid JSON arguments",
        act=writes(lambda wire: wire.call('{"cmd": ["rm"', finish=wire.tool_stop)),
        error=errors.BadRequestError,
        says="'read' with arguments that are not a JSON object. Try again",
        others=False,
    ),
    Fault(
        name="piece of another shape",
        act=writes(_odd),
        error=errors.ServerError,
        says="of an unknown shape|nothing of it was used. Try again",
        varied=frozenset({errors.StreamTruncatedError}),
        **_DOWN,
    ),
    Fault(
        name="wrong schema",
        act=writes(lambda wire: wire.text(['{"lines": "all"}'], finish=wire.stop)),
        error=errors.SchemaNotHeldError,
        says="answered twice with something that is not of the schema .*Try again, or choose another model",
        schema={"type": "object", "properties": {"lines": {"type": "array"}}, "required": ["lines"]},
    ),
    Fault(
        name="unknown stop reason",
        act=writes(lambda wire: wire.text(["hello"], finish="cosmic_rays")),
        error=None,
        says="hello",
        others=False,
    ),
    Fault(
        name="empty answer",
        act=writes(lambda wire: wire.text([], finish=wire.stop)),
        error=None,
        says="",
        others=False,
    ),
    Fault(
        name="10 MB answer",
        act=writes(lambda wire: wire.text(["x" * 100_000] * 100, finish=wire.stop)),
        error=None,
        says="x" * 10_000_000,
        others=False,
    ),
    Fault(
        name="endless answer",
        act=_never_ends,
        error=errors.ServerError,
        says="sent more than an answer may hold.* Ask for less, or choose",
        **_DOWN,
    ),
    Fault(
        name="line without end",
        act=_ends_no_line,
        error=errors.ServerError,
        says="sent more than an answer may hold.* Ask for less, or choose",
        **_DOWN,
    ),
    Fault(
        name="clock that jumps",
        act=refuses(429, None, {"Date": _JUMPED, "Retry-After": _JUMPED.replace(":00 ", ":02 ")}),
        error=errors.RateLimitedError,
        says="No. Wait 2 s, or choose another model",
        **_DOWN,
    ),
    Fault(
        name="context overflow",
        act=refuses(400, "overflow"),
        error=errors.ContextWindowError,
        says="[Tt]he prompt .*Select less code",
    ),
    Fault(
        name="key for another origin",
        act=_hangs,
        error=errors.AuthenticationError,
        says=r"belongs to https://elsewhere\.example and is not sent",
        status=DISABLED,
    ),
    Fault(
        name="redirect to another host",
        act=refuses(307, "", {"Location": "http://127.0.0.2:9/elsewhere"}),
        error=errors.NotFollowedError,
        says="which was not followed. Check the address",
        asked=1,
    ),
    Fault(
        name="proxy that answers HTML",
        act=refuses(200, _PAGE, {"Content-Type": "text/html"}),
        error=errors.ServerError,
        says="proxy or a sign-in page",
        **_DOWN,
    ),
    Fault(
        name="proxy that refuses in HTML",
        act=refuses(502, _PAGE, {"Content-Type": "text/html"}),
        error=errors.ServerError,
        says="a web page came with HTTP 502",
        **_DOWN,
    ),
)


@asynccontextmanager
async def enacted(fault: Fault, wire: Any) -> AsyncIterator[Provider]:
    """A provider of `wire` whose server has `fault`."""
    act = fault.act(wire)

    async def handle(exchange: Exchange) -> None:
        look = wire.looks.get(exchange.path.partition("?")[0])
        await (act(exchange) if look is None else exchange.answer(look))

    async with serving(handle) as server, _plain_server() as without_tls:
        url = {
            "connection refused": "http://127.0.0.1:1",
            "DNS": "http://nowhere.localhost.invalid:9",
            "TLS": without_tls,
        }.get(fault.name, server.url)
        foreign = Key(origin="https://elsewhere.example", source="a test", text=KEY)
        provider = wire.build(url, foreign) if "another origin" in fault.name else wire.build(url)
        async with aclosing(provider):
            yield provider


@asynccontextmanager
async def _plain_server() -> AsyncIterator[str]:
    """The address, by https, of a server that knows no TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"https://{host}:{port}"
