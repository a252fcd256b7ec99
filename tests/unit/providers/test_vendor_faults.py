"""Every bad day of every vendor: the connection, the stream and what is in it."""

import asyncio
from contextlib import aclosing

import pytest

from parley_providers.errors import (
    BadRequestError,
    ConnectionFailedError,
    DeadlineExceededError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.messages import ToolCallPart
from parley_providers.requests import Deadlines, FinishReason, PartEnd, StreamFinish, StreamStart
from support.loopback import serving
from support.streams import seen
from support.vendor_plays import ask, listing, outcome, saying
from support.vendor_wires import CLOUDS, GEMINI, KEY, WIRES

every_vendor = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_cloud = pytest.mark.parametrize("wire", CLOUDS, ids=lambda wire: wire.name)


@every_vendor
async def test_nobody_there(wire):
    """A refused connection names the address."""
    async with aclosing(wire.build("http://127.0.0.1:1")) as provider:
        events, error = await seen(provider.stream(ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)
    assert "http://127.0.0.1:1" in str(error)


@every_vendor
async def test_a_host_that_does_not_exist(wire):
    """A name that resolves to nothing is a connection that failed."""
    async with aclosing(wire.build("http://nowhere.localhost.invalid:9")) as provider:
        events, error = await seen(provider.stream(ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)


@every_vendor
async def test_a_server_without_tls(wire):
    """A handshake that fails is a connection that failed, and nothing was sent in the clear."""
    heard = []

    async def plain(reader, writer):
        heard.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with aclosing(wire.build(f"https://{host}:{port}")) as provider:
            events, error = await seen(provider.stream(ask(wire)))
    assert (events, type(error)) == ([], ConnectionFailedError)
    assert not [said for said in heard if KEY.encode() in said]


@every_vendor
async def test_silence_before_the_first_byte(wire):
    """Is a deadline of its own."""

    async def hang(exchange):
        await exchange.gone.wait()

    events, error = await outcome(wire, hang, ask(wire, deadlines=Deadlines(first_token_s=0.2, cold_first_token_s=0.2)))
    assert (events, type(error)) == ([], DeadlineExceededError)


@every_vendor
async def test_silence_within_an_answer(wire):
    """Is another one."""
    _, error = await outcome(wire, saying(*wire.text(["Hel"]), end="hang"), ask(wire, deadlines=Deadlines(idle_s=0.2)))
    assert type(error) is DeadlineExceededError
    assert "said nothing more for 0.2 s" in str(error)


@every_vendor
@pytest.mark.parametrize("end", ["clean", "drop"])
async def test_an_answer_that_breaks_off(wire, end):
    """Cleanly or not: nothing of it is whole."""
    events, error = await outcome(wire, saying(*wire.text(["Hel", "lo"]), end=end))
    assert type(error) is StreamTruncatedError
    assert isinstance(events[0], StreamStart)
    assert not [event for event in events if isinstance(event, StreamFinish | PartEnd)]


@every_vendor
async def test_an_event_that_breaks_off(wire):
    """In the middle of its JSON."""
    whole = wire.text(["Hello"])
    _, error = await outcome(wire, saying(*whole[:-1], whole[-1][:-12] + "\n\n"))
    assert type(error) is StreamTruncatedError


@every_vendor
async def test_an_error_within_an_answer(wire):
    """After 200 and some text."""
    events, error = await outcome(wire, saying(*wire.text(["Hel"]), *wire.error("It fell over.")))
    assert type(error) is ServerError
    assert "It fell over." in str(error)
    assert not [event for event in events if isinstance(event, StreamFinish)]


@every_vendor
async def test_half_a_tool_call(wire):
    """Is no call, though it looks like a shorter one."""
    handler = saying(*wire.call('{"cmd": ["rm", "-rf", "/tmp/x'))
    events, error = await outcome(wire, handler)
    assert type(error) in (StreamTruncatedError, BadRequestError)
    assert not [event for event in events if isinstance(event, PartEnd)]


@every_vendor
@pytest.mark.parametrize("arguments", ['{"cmd": ["rm"', "[1]", '{"n": NaN}'], ids=["cut", "list", "nan"])
async def test_arguments_that_are_no_json_object(wire, arguments):
    """In a call that was closed: the model is at fault, and nothing runs."""
    if wire is GEMINI and arguments != '{"cmd": ["rm"':
        arguments = '{"cmd"'  # its calls come as objects: a list or NaN cannot be written
    events, error = await outcome(wire, saying(*wire.call(arguments, finish=wire.tool_stop)))
    assert type(error) is BadRequestError
    assert "'read'" in str(error)
    assert not [event for event in events if isinstance(event, PartEnd | StreamFinish)]


@every_vendor
async def test_a_tool_call_is_whole_at_the_end(wire):
    """From pieces, parsed once."""
    events, error = await outcome(wire, saying(*wire.call('{"path":', ' "a"}', finish=wire.tool_stop)))
    assert error is None
    (part,) = [event.part for event in events if isinstance(event, PartEnd)]
    assert (type(part), part.name, part.arguments) == (ToolCallPart, "read", {"path": "a"})
    assert events[-1].reason is FinishReason.TOOL_CALLS


@every_vendor
async def test_a_stop_reason_that_nobody_knows(wire):
    """Is unknown, and kept."""
    events, error = await outcome(wire, saying(*wire.text(["Hello"], finish="cosmic_rays")))
    assert error is None
    assert events[-1] == StreamFinish(reason=FinishReason.UNKNOWN, raw="cosmic_rays")


@every_vendor
async def test_an_empty_answer(wire):
    """Is an answer without parts."""
    events, error = await outcome(wire, saying(*wire.text([], finish=wire.stop)))
    assert error is None
    assert [type(event) for event in events if not isinstance(event, StreamStart)][-1] is StreamFinish
    assert not [event for event in events if isinstance(event, PartEnd)]


@every_vendor
async def test_ten_megabytes_of_answer(wire):
    """Arrive whole."""
    piece = "x" * 100_000
    events, error = await outcome(wire, saying(*wire.text([piece] * 100, finish=wire.stop)))
    assert error is None
    (part,) = [event.part for event in events if isinstance(event, PartEnd)]
    assert len(part.text) == 10_000_000


@every_vendor
async def test_cancelling_closes_the_connection(wire):
    """While the next piece is waited for."""
    came = asyncio.Event()

    async def read(provider):
        async with aclosing(provider.stream(ask(wire))) as events:
            async for event in events:
                if not isinstance(event, StreamStart):
                    came.set()

    async with serving(listing(wire, saying(*wire.text(["Hel"]), end="hang"))) as server:
        async with aclosing(wire.build(server.url)) as provider, asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(provider))
            await came.wait()
            reading.cancel()
        assert reading.cancelled()
        async with asyncio.timeout(5):
            await server.exchanges[-1].gone.wait()
