"""Asking a vendor's provider of a server that lists the vendor's models, and then says, refuses, or hangs."""

from __future__ import annotations

from contextlib import aclosing

from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from support.loopback import serving
from support.streams import seen


def ask(wire, **more):
    """A short question to the wire's model."""
    return LLMRequest(messages=(user("hi"),), task_class="explain", model=wire.model, **more)


def listing(wire, handler):
    """A server that lists the vendor's models, and answers everything else by `handler`."""

    async def handle(exchange):
        if exchange.path.partition("?")[0] == wire.models_path:
            await exchange.answer(wire.listed)
        else:
            await handler(exchange)

    return handle


def saying(*events, end="clean"):
    """A handler that says these events, and then ends, drops the connection, or hangs."""

    async def handle(exchange):
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        for event in events:
            await exchange.send(event)
        if end == "clean":
            await exchange.end()
        elif end == "drop":
            exchange.drop()
        else:
            await exchange.gone.wait()

    return handle


def refusing(status, body, headers=None):
    """A handler that refuses."""

    async def handle(exchange):
        await exchange.answer(body, status, headers)

    return handle


async def outcome(wire, handler, request=None):
    """What came of a question: the events, and the error that ended them."""
    async with serving(listing(wire, handler)) as server, aclosing(wire.build(server.url)) as provider:
        return await seen(provider.stream(request or ask(wire)))
