"""Vendors that the person names become providers; the environment alone makes none."""

import subprocess
import sys

import pytest

from parley_providers.errors import BadRequestError
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_providers.usage import Usage
from parley_server.access import Access
from parley_server.config_file import ConfigError
from parley_server.named import build_named
from parley_server.policy import prices_of
from parley_server.settings import ProviderSettings, Settings

KINDS = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com",
    "gemini": "https://generativelanguage.googleapis.com",
}


class NoKeys:
    """A keyring that is empty."""

    def get(self, provider, origin):
        return None

    def set(self, provider, origin, text):
        raise AssertionError

    def delete(self, provider, origin):
        return False


def _built(name, chosen, tmp_path, environment=None):
    access = Access(
        settings=Settings(providers={name: chosen}), path=tmp_path, environment=environment or {}, store=NoKeys()
    )
    return build_named(name, chosen, access)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_vendor_is_where_it_usually_is(kind, tmp_path):
    """And can be asked once there is a key."""
    without = _built("work", ProviderSettings(kind=kind), tmp_path)
    with_key = _built("work", ProviderSettings(kind=kind), tmp_path, {f"{kind.upper()}_API_KEY": "k"})
    assert (without.name, without.origin) == ("work", KINDS[kind])
    assert [await without.is_available(), await with_key.is_available()] == [False, True]


def test_a_compatible_server_needs_its_address(tmp_path):
    """Without a path, the usual version is meant."""
    with pytest.raises(ConfigError, match=r"providers\.lm: where is it\? Name its `url`"):
        _built("lm", ProviderSettings(kind="openai-compatible"), tmp_path)
    provider = _built("lm", ProviderSettings(kind="openai-compatible", url="http://127.0.0.1:1234"), tmp_path)
    assert provider.origin == "http://127.0.0.1:1234"


@pytest.mark.parametrize("kind", ["ollama", "llama-server", "openai-compatible", *KINDS])
async def test_every_kind_trusts_what_the_person_trusts(kind, tmp_path):
    """A bundle that cannot be read is told when the provider is asked, so it was looked at."""
    chosen = ProviderSettings(
        kind=kind, url="https://models.invalid", ca_bundle=tmp_path / "none.pem", key_variable="OUR_KEY"
    )
    provider = _built("work", chosen, tmp_path, {"OUR_KEY": "k"})
    with pytest.raises(BadRequestError, match=r"none\.pem' cannot be read as certificates"):
        await provider.complete(LLMRequest(messages=(user("hi"),), task_class="explain", model="m"))


@pytest.mark.parametrize(
    ("chosen", "model"),
    [
        (ProviderSettings(kind="anthropic"), "claude-sonnet-4-5"),
        (ProviderSettings(kind="openai"), "gpt-5-mini"),
        (ProviderSettings(kind="gemini"), "gemini-2.5-flash"),
        (ProviderSettings(kind="openai-compatible", url="https://openrouter.ai/api/v1"), "openai/gpt-4o-mini"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_a_vendors_price_is_known(chosen, model):
    """Under whatever name the person gave it."""
    prices = prices_of(Settings(providers={"work": chosen}))
    usage = Usage(prompt_tokens=1000, output_tokens=1000)
    assert prices.cost_usd(provider="work", origin="https://vendor.example", model=model, usage=usage)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("anthropic", ["anthropic"]),
        ("openai", ["openai"]),
        ("gemini", ["google.genai"]),
        ("openai-compatible", []),
        ("ollama", []),
        ("llama-server", []),
    ],
)
def test_one_vendors_sdk_is_not_imported_for_another(kind, own):
    """Nor its own before it is asked."""
    program = f"""
import asyncio, sys
from parley_providers.keys import Key
from parley_server.named import build_named
from parley_server.settings import ProviderSettings

class Access:
    def key(self, name):
        return Key(origin="http://127.0.0.1:1", source="a test", text="k")

from parley_providers.errors import ProviderError
from parley_providers.messages import user
from parley_providers.requests import LLMRequest

def loaded():
    return [name for name in ("anthropic", "openai", "google.genai") if name in sys.modules]

async def main():
    chosen = ProviderSettings(kind={kind!r}, url="http://127.0.0.1:1")
    provider = build_named("work", chosen, Access())
    await provider.is_available()
    print(loaded())
    try:
        await provider.complete(LLMRequest(messages=(user("hi"),), task_class="explain", model="m"))
    except ProviderError as error:
        print(type(error).__name__)
    print(loaded())

asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == ["[]", "ConnectionFailedError", str(own)], ran.stderr
