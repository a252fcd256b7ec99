"""Between every provider and its server: a proxy, an authority that only this machine trusts, or nothing at all."""

from __future__ import annotations

import ssl
from contextlib import aclosing, asynccontextmanager

import pytest
import trustme

from parley_providers.adapters.llama_server import LlamaServerProvider
from parley_providers.adapters.ollama import OllamaProvider
from parley_providers.errors import ConnectionFailedError
from parley_providers.keys import Key
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from support.faulty_wires import FAULTY_WIRES, answering
from support.loopback import serving
from support.streams import seen
from support.tunnel import tunnelling
from support.vendor_wires import KEY

HOST = "models.test"
every_wire = pytest.mark.parametrize("wire", FAULTY_WIRES, ids=lambda wire: wire.name)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def bundle(authority, tmp_path):
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@asynccontextmanager
async def _behind_a_proxy(wire, authority):
    """A server of `wire` with a certificate for HOST, and a proxy, the only way to it by that name."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    async with serving(answering(wire), tls) as server, tunnelling(server.url) as proxy:
        yield server, proxy


def _provider(wire, url, ca_bundle=None):
    if wire.name == "ollama":
        return OllamaProvider(url, api_key=KEY, ca_bundle=ca_bundle)
    if wire.name == "llama.cpp":
        return LlamaServerProvider(url, api_key=KEY, ca_bundle=ca_bundle)
    return wire.provider(Key(origin=url, source="a test", text=KEY), base_url=url + wire.base_path, ca_bundle=ca_bundle)


async def _asked(wire, url, ca_bundle=None):
    """The text that was answered, and the error."""
    request = LLMRequest(messages=(user("hi"),), task_class="explain", model=wire.model)
    async with aclosing(_provider(wire, url, ca_bundle)) as provider:
        events, error = await seen(provider.stream(request))
    return "".join(getattr(event, "text", "") for event in events), error


@every_wire
async def test_the_proxy_of_the_environment_is_taken_and_hears_nothing(wire, authority, bundle, environment):
    """It learns the host; the key and the answer go through its tunnel encrypted."""
    async with _behind_a_proxy(wire, authority) as (server, proxy):
        environment.setenv("HTTPS_PROXY", proxy.url)
        assert await _asked(wire, f"https://{HOST}", bundle) == ("Hello", None)
        assert KEY in str(server.exchanges[-1].headers)
    assert set(proxy.asked) == {f"CONNECT {HOST}:443"}
    assert proxy.carried
    assert KEY.encode() not in proxy.carried


@every_wire
async def test_the_authority_of_the_environment_is_trusted(wire, authority, bundle, environment):
    """`SSL_CERT_FILE`, where the provider has no bundle of its own."""
    async with _behind_a_proxy(wire, authority) as (_, proxy):
        environment.setenv("HTTPS_PROXY", proxy.url)
        environment.setenv("SSL_CERT_FILE", str(bundle))
        assert await _asked(wire, f"https://{HOST}") == ("Hello", None)


@every_wire
async def test_an_authority_that_nobody_trusts_is_told_nothing(wire, authority, environment):
    """The connection fails before the key is sent."""
    async with _behind_a_proxy(wire, authority) as (server, proxy):
        environment.setenv("HTTPS_PROXY", proxy.url)
        said, error = await _asked(wire, f"https://{HOST}")
        assert server.exchanges == []
    assert (said, type(error)) == ("", ConnectionFailedError)
    assert "certificate verify failed" in str(error)


@every_wire
async def test_no_proxy_keeps_a_host_from_the_proxy(wire, authority, bundle, environment):
    """There is no other way to this one."""
    async with _behind_a_proxy(wire, authority) as (_, proxy):
        environment.setenv("HTTPS_PROXY", proxy.url)
        environment.setenv("NO_PROXY", HOST)
        said, error = await _asked(wire, f"https://{HOST}", bundle)
    assert (said, type(error), proxy.asked) == ("", ConnectionFailedError, [])


@every_wire
async def test_loopback_takes_no_proxy(wire, environment):
    """Whatever the environment says."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        environment.setenv(name, "http://127.0.0.1:1")
    async with serving(answering(wire)) as server:
        assert await _asked(wire, server.url) == ("Hello", None)
