"""Connections to a server: addresses, keys, proxies and redirects."""

import socket

import pytest

from parley_providers.addresses import ServerAddress
from parley_providers.errors import (
    BadRequestError,
    ConnectionFailedError,
    DeadlineExceededError,
    NotFollowedError,
)
from parley_providers.requests import Deadlines
from support.loopback import serving
from support.plain_http import asked, outcome, plain_server


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
        _, error = await asked(server.url, api_key="ses\name")
    assert isinstance(error, BadRequestError)
    assert "ses" not in str(error).replace("request", "")
    assert error.__cause__ is None


@pytest.mark.parametrize(
    "url", ["127.0.0.1:11434", "ftp://x", "http://", "file:///etc/passwd", "http://x:port", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url):
    """The message shows how one is written."""
    with pytest.raises(BadRequestError, match=r"Write it like http://127\.0\.0\.1:11434"):
        plain_server(url)


async def test_a_redirect_is_not_followed():
    """It could lead anywhere, with the key."""

    async def elsewhere(exchange):
        await exchange.answer("ok")

    async with serving(elsewhere) as other:

        async def handle(exchange):
            await exchange.answer("", 307, {"Location": f"{other.url}/ask"})

        lines, error = await outcome(handle)
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
    assert await outcome(handle) == ([b"direct"], None)


async def test_the_rest_takes_the_proxy_of_the_environment(no_proxy_set):
    """Plain requests go to it with their whole address, encrypted ones through a tunnel."""

    async def proxy(exchange):
        await exchange.answer(
            "by proxy" if exchange.method == "POST" else "", 200 if exchange.method == "POST" else 403
        )

    async with serving(proxy) as server:
        no_proxy_set.setenv("HTTP_PROXY", server.url)
        no_proxy_set.setenv("HTTPS_PROXY", server.url)
        assert await asked("http://models.invalid") == ([b"by proxy"], None)
        _, error = await asked("https://models.invalid")
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
        _, error = await asked(address)
        assert isinstance(error, ConnectionFailedError)
        no_proxy_set.setenv("NO_PROXY", "0.0.0.0")
        assert await asked(address) == ([b"direct"], None)


async def test_nobody_listening_is_a_failed_connection_with_the_way_out():
    """The hint is the provider's own."""
    _, error = await asked("http://127.0.0.1:1")
    assert isinstance(error, ConnectionFailedError)
    assert str(error) == "Nothing answers at http://127.0.0.1:1 (All connection attempts failed). Start them."


async def test_a_host_that_does_not_exist_is_a_failed_connection():
    """A name that cannot be resolved."""
    _, error = await asked("http://no.such.host.invalid")
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
        _, error = await asked(url, Deadlines(connect_s=0.1))
    assert isinstance(error, DeadlineExceededError)
    assert "No connection" in str(error)
