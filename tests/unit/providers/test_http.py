"""HTTP with one server: lines, deadlines, limits, and broken exchanges."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_providers.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.http import Patience
from parley_providers.requests import Deadlines
from support.loopback import serving
from support.plain_http import asked, outcome, plain_server


async def test_lines_come_without_ends_blanks_and_comments():
    """The last one needs no end; carriage returns are no part of a line."""

    async def handle(exchange):
        await exchange.start()
        await exchange.send("a\r\n\n: ping\nb")
        await exchange.end()

    assert await outcome(handle) == ([b"a", b"b"], None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), min_size=1).map(lambda t: "x" + t)),
    st.data(),
)
async def test_chunk_boundaries_do_not_matter(lines, data):
    """Cut anywhere, within a character too, the same lines come out."""
    body = "".join(f"{line}\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))

    async def handle(exchange):
        await exchange.start()
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            await exchange.send(body[start:end])
        await exchange.end()

    came, error = await outcome(handle)
    assert error is None
    assert [line.decode() for line in came] == [line.rstrip("\r") for line in lines]


async def test_the_request_is_compact_json_with_the_key_as_bearer():
    """And no compression is asked for: a stream must arrive as it is sent."""

    async def handle(exchange):
        await exchange.answer("ok")

    async with serving(handle) as server:
        await asked(server.url + "/base/", api_key="sesame")
    (exchange,) = server.exchanges
    assert (exchange.method, exchange.path, exchange.body) == ("POST", "/base/ask", b'{"q":1}')
    assert exchange.headers["authorization"] == "Bearer sesame"
    assert exchange.headers["accept-encoding"] == "identity"
    assert exchange.headers["content-type"] == "application/json"


async def _silent(exchange):
    await exchange.gone.wait()


async def _silent_after_headers(exchange):
    await exchange.start()
    await exchange.gone.wait()


async def _silent_after_a_line(exchange):
    await exchange.start()
    await exchange.send("a\n")
    await exchange.gone.wait()


async def _pinging(exchange):
    await exchange.start()
    while not exchange.gone.is_set():
        await exchange.send(": ping\n\n")
        await asyncio.sleep(0.01)


async def _endless(exchange):
    await exchange.start()
    while not exchange.gone.is_set():
        await exchange.send("a\n")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("handler", "deadlines", "why"),
    [
        (_silent, Deadlines(first_token_s=0.5), "did not begin to answer"),
        (_silent_after_headers, Deadlines(first_token_s=0.5), "did not begin to answer"),
        (_pinging, Deadlines(first_token_s=0.5), "did not begin to answer"),
        (_silent_after_a_line, Deadlines(idle_s=0.1), "said nothing more for 0.1 s"),
        (_endless, Deadlines(total_s=0.5), "longer than a whole answer may"),
        (_silent, Deadlines(total_s=0.5), "longer than a whole answer may"),
    ],
)
async def test_every_deadline_is_an_error_that_names_it_and_closes_the_connection(handler, deadlines, why):
    """First token, idle, total; a ping is no token."""
    async with serving(handler) as server:
        _, error = await asked(server.url, deadlines)
        assert isinstance(error, DeadlineExceededError)
        assert why in str(error)
        async with asyncio.timeout(5):
            await server.asked.wait()
            await server.exchanges[0].gone.wait()


async def test_a_cold_model_gets_the_time_that_loading_takes():
    """The first token's deadline is another one then; all others are the same."""
    deadlines = Deadlines(first_token_s=1.0, cold_first_token_s=9.0, total_s=20.0)
    warm, cold = Patience.of(deadlines, cold=False), Patience.of(deadlines, cold=True)
    assert cold.first_at - warm.first_at == pytest.approx(8.0, abs=0.5)
    assert (cold.connect_s, cold.idle_s) == (warm.connect_s, warm.idle_s) == (5.0, 30.0)


async def test_a_line_without_end_is_cut_off():
    """It would fill the memory."""

    async def handle(exchange):
        await exchange.start()
        while not exchange.gone.is_set():
            await exchange.send(b"x" * 2**20)

    lines, error = await outcome(handle)
    assert (lines, type(error)) == ([], ServerError)
    assert "sent more than an answer may hold, and was cut off. Ask for less" in str(error)


async def test_a_connection_that_drops_before_an_answer_is_a_failed_one():
    """Nothing was answered, so nothing was truncated."""

    async def handle(exchange):
        exchange.drop()

    _, error = await outcome(handle)
    assert isinstance(error, ConnectionFailedError)
    assert "before it answered" in str(error)


@pytest.mark.parametrize("content_length", [True, False])
async def test_a_connection_that_drops_within_an_answer_truncates_it(content_length):
    """Within a chunked body, and short of a promised length."""

    async def handle(exchange):
        await exchange.start(headers={"Content-Length": "100"} if content_length else {})
        await exchange.send("a\n")
        exchange.writer.close()

    lines, error = await outcome(handle)
    assert (lines, type(error)) == ([b"a"], StreamTruncatedError)


@pytest.mark.parametrize("handler", [_silent, _silent_after_headers, _silent_after_a_line])
async def test_cancelling_closes_the_connection(handler):
    """Before the answer, before its first line, and within it."""
    async with serving(handler) as server:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(asked(server.url))
            await server.asked.wait()
            asking.cancel()
        assert asking.cancelled()
        async with asyncio.timeout(5):
            await server.exchanges[0].gone.wait()


async def test_json_is_asked_for_with_a_deadline():
    """The value of a GET and of a POST."""

    async def handle(exchange):
        await exchange.answer(json.dumps({"path": exchange.path, "asked": exchange.body.decode()}, indent=1))

    async with serving(handle) as server:
        http = plain_server(server.url)
        assert await http.get("/a", within_s=5) == {"path": "/a", "asked": ""}
        assert await http.post("/b", {"x": 1}, within_s=5) == {"path": "/b", "asked": '{"x":1}'}
        await http.aclose()


async def test_what_is_not_json_is_the_servers_fault():
    """Something else listens there."""

    async def handle(exchange):
        await exchange.answer("<html>")

    async with serving(handle) as server:
        http = plain_server(server.url)
        with pytest.raises(ServerError, match="Is it the right server"):
            await http.get("/a", within_s=5)
        await http.aclose()


async def test_a_refusal_that_breaks_off_still_has_its_status():
    """The status says enough."""

    async def handle(exchange):
        await exchange.start(429, {"Retry-After": "3"})
        await exchange.send("slow")
        exchange.writer.close()

    _, error = await outcome(handle)
    assert (error.status, error.retry_after_s) == (429, 3.0)


async def test_a_huge_refusal_is_read_only_so_far():
    """A megabyte is more than anybody reads."""

    async def handle(exchange):
        await exchange.start(500)
        for _ in range(3000):
            await exchange.send("x" * 1023 + "\n")
        await exchange.end()

    _, error = await outcome(handle)
    assert error.status == 500


async def test_a_closed_server_can_be_asked_again():
    """Closing drops the connections, not the server."""

    async def handle(exchange):
        await exchange.answer("1")

    async with serving(handle) as server:
        http = plain_server(server.url)
        assert await http.get("/", within_s=5) == 1
        await http.aclose()
        assert await http.get("/", within_s=5) == 1
        await http.aclose()
