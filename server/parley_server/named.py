"""The part of the composition root that builds the providers which the person named in their settings.

Each kind's adapter is imported only for a provider of that kind; the adapter imports its SDK when it is first asked.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from parley_providers.discreet import DiscreetProvider
from parley_providers.rekeyed import RekeyedProvider
from parley_server.access import wish_of
from parley_server.config_file import ConfigError
from parley_server.settings import LLAMA_SERVER_URL, OLLAMA_PORT

if TYPE_CHECKING:
    from parley_providers.adapters.ollama import OllamaSettings
    from parley_providers.keys import Key
    from parley_providers.provider import Provider
    from parley_server.access import Access
    from parley_server.settings import ProviderSettings

_VENDOR_ADAPTERS = {
    "anthropic": ("anthropic", "AnthropicProvider"),
    "openai": ("openai_responses", "OpenAIProvider"),
    "gemini": ("gemini", "GeminiProvider"),
    "openai-compatible": ("openai_chat", "OpenAIChatProvider"),
}


def build_named(
    name: str, chosen: ProviderSettings, access: Access, windows: OllamaSettings | None = None
) -> RekeyedProvider:
    """A provider that the person named in their settings; nothing is asked yet. `windows` are those of an Ollama.

    Its errors never quote its key. When that is refused, it is read anew.
    """

    def build(key: Key | None) -> Provider:
        provider = _build(name, chosen, key, windows)
        return provider if key is None else DiscreetProvider(provider, key.text)

    return RekeyedProvider(access.key(name), build, lambda: access.key_now(name))


def _build(name: str, chosen: ProviderSettings, key: Key | None, windows: OllamaSettings | None) -> Provider:
    match chosen.kind:
        case "ollama":
            from parley_providers.adapters.ollama import OllamaProvider, OllamaSettings

            url = chosen.url or f"http://127.0.0.1:{OLLAMA_PORT}"
            api_key, windows = _text(key, url), windows or OllamaSettings()
            return OllamaProvider(url, settings=windows, api_key=api_key, name=name, ca_bundle=chosen.ca_bundle)
        case "llama-server":
            from parley_providers.adapters.llama_server import LlamaServerProvider

            url = chosen.url or LLAMA_SERVER_URL
            return LlamaServerProvider(url, api_key=_text(key, url), name=name, ca_bundle=chosen.ca_bundle)
        case _:
            return _build_vendor(name, chosen, key)


def _text(key: Key | None, url: str) -> str | None:
    return None if key is None else key.text_for(url)


def _build_vendor(name: str, chosen: ProviderSettings, key: Key | None) -> Provider:
    """A vendor, or a server that speaks like one; each kind's adapter is imported alone."""
    module, adapter = _VENDOR_ADAPTERS[chosen.kind]
    url = wish_of(name, chosen).url
    if not url:
        raise ConfigError(f"providers.{name}: where is it? Name its `url`, such as http://127.0.0.1:1234/v1.")
    build = getattr(import_module(f"parley_providers.adapters.{module}"), adapter)
    provider: Provider = build(key, base_url=url, name=name, ca_bundle=chosen.ca_bundle)
    return provider
