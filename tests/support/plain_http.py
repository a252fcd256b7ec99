"""Asking a server over our HTTP: the lines that came, and the error that ended them."""

from __future__ import annotations

from parley_providers.addresses import ServerAddress
from parley_providers.http import HttpServer, Patience
from parley_providers.refusals import error_of_status
from parley_providers.requests import Deadlines
from support.loopback import serving
from support.streams import seen

UNHURRIED = Deadlines()


def plain_server(url, **more):
    """A server that is called "them", whose refusals are told by their status."""
    address = ServerAddress(provider="them", base_url=url, start_hint="Start them.", **more)
    return HttpServer(
        address, lambda refusal, model: error_of_status(refusal, refusal.text, provider="them", model=model)
    )


async def _lines(http, deadlines, path, body):
    async with http.answer(path, body, Patience.of(deadlines, cold=False), "m") as lines:
        async for line in lines:
            yield line


async def asked(url, deadlines=UNHURRIED, path="/ask", **more):
    """The lines that came, and the error that ended them."""
    http = plain_server(url, **more)
    try:
        return await seen(_lines(http, deadlines, path, {"q": 1}))
    finally:
        await http.aclose()


async def outcome(handler, deadlines=UNHURRIED):
    """What comes of asking a server that does this."""
    async with serving(handler) as server:
        return await asked(server.url, deadlines)
