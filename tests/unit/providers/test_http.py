"""HTTP with one server: deadlines, limits, proxies, redirects, and broken exchanges."""

import asyncio
import json
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_providers.addresses import ServerAddress
from parley_providers.errors import (
    BadRequestError,
    ConnectionFailedError,
    DeadlineExceededError,
    NotFollowedError,
    ServerError,
    StreamTruncatedError,
)
from parley_providers.http import HttpServer, Patience
from parley_providers.refusals import error_of_status
from parley_providers.requests import Deadlines
from support.loopback import serving
from support.streams import seen

UNHURRIED = Deadlines()


def _server(url, **more):
    address = ServerAddress(provider="them", base_url=url, start_hint="Start them.", **more)
    return HttpServer(
        address, lambda refusal, model: error_of_status(refusal, refusal.text, provider="them", model=model)
    )


async def _lines(http, deadlines, path, body):
    async with http.answer(path, body, Patience.of(deadlines, cold=False), "m") as lines:
        async for line in lines:
            yield line


async def _asked(url, deadlines=UNHURRIED, path="/ask", **more):
    """The lines that came, and the error that ended them."""
    http = _server(url, **more)
    try:
        return await seen(_lines(http, deadlines, path, {"q": 1}))
    finally:
        await http.aclose()


async def _outcome(handler, deadlines=UNHURRIED):
    async with serving(handler) as server:
        return await _asked(server.url, deadlines)


async def test_lines_come_without_ends_blanks_and_comments():
    """The last one needs no end; carriage returns are no part of a line."""

    async def handle(exchange):
        await exchange.start()
        await exchange.send("a\r\n\n: ping\nb")
        await exchange.end()

    assert await _outcome(handle) == ([b"a", b"b"], None)


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

    came, error = await _outcome(handle)
    assert error is None
    assert [line.decode() for line in came] == [line.rstrip("\r") for line in lines]


async def test_the_request_is_compact_json_with_the_key_as_bearer():
    """And no compression is asked for: a stream must arrive as it is sent."""

    async def handle(exchange):
        await exchange.answer("ok")

    async with serving(handle) as server:
        await _asked(server.url + "/base/", api_key="sesame")
    (exchange,) = server.exchanges
    assert (exchange.method, exchange.path, exchange.body) == ("POST", "/base/ask", b'{"q":1}')
    assert exchange.headers["authorization"] == "Bearer sesame"
    assert exchange.headers["accept-encoding"] == "identity"
    assert exchange.headers["content-type"] == "application/json"


def test_a_key_and_a_password_stay_out_of_what_is_shown():
    """Neither `repr` nor the origin tells them."""
    address = ServerAddress(provider="them", base_url="http://me:pw@127.0.0.1:1/v1", api_key="sesame")
    assert "sesame" not in repr(address)
    assert "pw" not in repr(address)
    assert address.origin == "http://127.0.0.1:1"


async def test_a_malformed_key_is_refused_without_being_shown():
    """A line break in a key would be a header of its own."""

    async def handle(exchange):
        await exchange.answer("ok")

    async with serving(handle) as server:
        _, error = await _asked(server.url, api_key="ses\name")
    assert isinstance(error, BadRequestError)
    assert "ses" not in str(error).replace("request", "")
    assert error.__cause__ is None


@pytest.mark.parametrize(
    "url", ["127.0.0.1:11434", "ftp://x", "http://", "file:///etc/passwd", "http://x:port", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url):
    """The message shows how one is written."""
    with pytest.raises(BadRequestError, match=r"Write it like http://127\.0\.0\.1:11434"):
        _server(url)


async def test_a_redirect_is_not_followed():
    """It could lead anywhere, with the key."""

    async def elsewhere(exchange):
        await exchange.answer("ok")

    async with serving(elsewhere) as other:

        async def handle(exchange):
            await exchange.answer("", 307, {"Location": f"{other.url}/ask"})

        lines, error = await _outcome(handle)
    assert (lines, type(error), other.exchanges) == ([], NotFollowedError, [])
    assert f"sent the request on to '{other.url}/ask', which was not followed" in str(error)


@pytest.fixture
def no_proxy_set(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


async def test_loopback_takes_no_proxy(no_proxy_set):
    """Whatever the environment says."""

    async def handle(exchange):
        await exchange.answer("direct")

    no_proxy_set.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    no_proxy_set.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert await _outcome(handle) == ([b"direct"], None)


async def test_the_rest_takes_the_proxy_of_the_environment(no_proxy_set):
    """Plain requests go to it with their whole address, encrypted ones through a tunnel."""

    async def proxy(exchange):
        await exchange.answer(
            "by proxy" if exchange.method == "POST" else "", 200 if exchange.method == "POST" else 403
        )

    async with serving(proxy) as server:
        no_proxy_set.setenv("HTTP_PROXY", server.url)
        no_proxy_set.setenv("HTTPS_PROXY", server.url)
        assert await _asked("http://models.invalid") == ([b"by proxy"], None)
        _, error = await _asked("https://models.invalid")
    assert isinstance(error, ConnectionFailedError)
    assert [(exchange.method, exchange.path) for exchange in server.exchanges] == [
        ("POST", "http://models.invalid/ask"),
        ("CONNECT", "models.invalid:443"),
    ]


async def test_no_proxy_is_honoured(no_proxy_set):
    """0.0.0.0 is this machine, but not by a loopback address: without `NO_PROXY` it would take the proxy."""

    async def handle(exchange):
        await exchange.answer("direct")

    no_proxy_set.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with serving(handle) as server:
        address = server.url.replace("127.0.0.1", "0.0.0.0")
        _, error = await _asked(address)
        assert isinstance(error, ConnectionFailedError)
        no_proxy_set.setenv("NO_PROXY", "0.0.0.0")
        assert await _asked(address) == ([b"direct"], None)


async def test_nobody_listening_is_a_failed_connection_with_the_way_out():
    """The hint is the provider's own."""
    _, error = await _asked("http://127.0.0.1:1")
    assert isinstance(error, ConnectionFailedError)
    assert str(error) == "Nothing answers at http://127.0.0.1:1 (All connection attempts failed). Start them."


async def test_a_host_that_does_not_exist_is_a_failed_connection():
    """A name that cannot be resolved."""
    _, error = await _asked("http://no.such.host.invalid")
    assert isinstance(error, ConnectionFailedError)


async def test_connecting_has_a_deadline_of_its_own():
    """A listener whose queue is full lets nobody in."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for full in (first, second):
            full.settimeout(0)
            full.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        _, error = await _asked(url, Deadlines(connect_s=0.1))
    assert isinstance(error, DeadlineExceededError)
    assert "No connection" in str(error)


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
        _, error = await _asked(server.url, deadlines)
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

    lines, error = await _outcome(handle)
    assert (lines, type(error)) == ([], ServerError)
    assert "sent more than an answer may hold, and was cut off. Ask for less" in str(error)


async def test_a_connection_that_drops_before_an_answer_is_a_failed_one():
    """Nothing was answered, so nothing was truncated."""

    async def handle(exchange):
        exchange.drop()

    _, error = await _outcome(handle)
    assert isinstance(error, ConnectionFailedError)
    assert "before it answered" in str(error)


@pytest.mark.parametrize("content_length", [True, False])
async def test_a_connection_that_drops_within_an_answer_truncates_it(content_length):
    """Within a chunked body, and short of a promised length."""

    async def handle(exchange):
        await exchange.start(headers={"Content-Length": "100"} if content_length else {})
        await exchange.send("a\n")
        exchange.writer.close()

    lines, error = await _outcome(handle)
    assert (lines, type(error)) == ([b"a"], StreamTruncatedError)


@pytest.mark.parametrize("handler", [_silent, _silent_after_headers, _silent_after_a_line])
async def test_cancelling_closes_the_connection(handler):
    """Before the answer, before its first line, and within it."""
    async with serving(handler) as server:
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(_asked(server.url))
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
        http = _server(server.url)
        assert await http.get("/a", within_s=5) == {"path": "/a", "asked": ""}
        assert await http.post("/b", {"x": 1}, within_s=5) == {"path": "/b", "asked": '{"x":1}'}
        await http.aclose()


async def test_what_is_not_json_is_the_servers_fault():
    """Something else listens there."""

    async def handle(exchange):
        await exchange.answer("<html>")

    async with serving(handle) as server:
        http = _server(server.url)
        with pytest.raises(ServerError, match="Is it the right server"):
            await http.get("/a", within_s=5)
        await http.aclose()


async def test_a_refusal_that_breaks_off_still_has_its_status():
    """The status says enough."""

    async def handle(exchange):
        await exchange.start(429, {"Retry-After": "3"})
        await exchange.send("slow")
        exchange.writer.close()

    _, error = await _outcome(handle)
    assert (error.status, error.retry_after_s) == (429, 3.0)


async def test_a_huge_refusal_is_read_only_so_far():
    """A megabyte is more than anybody reads."""

    async def handle(exchange):
        await exchange.start(500)
        for _ in range(3000):
            await exchange.send("x" * 1023 + "\n")
        await exchange.end()

    _, error = await _outcome(handle)
    assert error.status == 500


async def test_a_closed_server_can_be_asked_again():
    """Closing drops the connections, not the server."""

    async def handle(exchange):
        await exchange.answer("1")

    async with serving(handle) as server:
        http = _server(server.url)
        assert await http.get("/", within_s=5) == 1
        await http.aclose()
        assert await http.get("/", within_s=5) == 1
        await http.aclose()
