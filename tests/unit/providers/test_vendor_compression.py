"""An answer that was compressed although nobody asked for it: a few bytes on the wire could be gigabytes in memory."""

import gzip
from contextlib import aclosing

import pytest

from parley_providers.errors import ServerError
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from support.loopback import serving
from support.streams import seen
from support.vendor_wires import WIRES

every_vendor = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
BOMB = gzip.compress(b"data: " + bytes(80 * 2**20))


@every_vendor
async def test_a_compressed_answer_is_refused_before_it_is_read(wire):
    """Each client says that it takes no encoding; a server that sends one all the same is not believed."""

    async def handle(exchange):
        if exchange.path.partition("?")[0] == wire.models_path:
            await exchange.answer(wire.listed)
            return
        await exchange.start(headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})
        await exchange.send(BOMB)
        await exchange.end()

    async with serving(handle) as server, aclosing(wire.build(server.url)) as provider:
        request = LLMRequest(messages=(user("hi"),), task_class="explain", model=wire.model)
        _, error = await seen(provider.stream(request))
        assert server.exchanges[-1].headers["accept-encoding"] == "identity"
    assert type(error) is ServerError
    assert "sent a compressed answer (gzip) that nobody asked for" in str(error)
