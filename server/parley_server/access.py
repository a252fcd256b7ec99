"""Which key opens which provider: finding, keeping and removing keys of providers that the person named.

Where a key is kept belongs to a `KeyStore`; what is sent with it to the adapters. No key is ever returned for showing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from parley_providers.errors import AuthenticationError
from parley_providers.keys import VENDORS, KeyWish, checked_key, find_key
from parley_providers.origins import is_loopback, origin_of
from parley_server.config import Sources, settings_from
from parley_server.config_file import ConfigError, remove_entry, write_entry
from parley_server.config_keys import reason_of
from parley_server.settings import LLAMA_SERVER_URL, OLLAMA_PORT, ProviderKind, ProviderSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley_providers.keys import Key, KeyStore
    from parley_server.settings import Settings

_log = logging.getLogger(__name__)
_LOCAL_URLS = {"ollama": f"http://127.0.0.1:{OLLAMA_PORT}", "llama-server": LLAMA_SERVER_URL}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """Whence the key of a provider comes: `source` is the keyring or a variable, None where there is no key.

    One that is not `named` is not used at all: the environment merely has a key for its vendor.
    """

    provider: str
    origin: str
    source: str | None
    named: bool = True
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The keys of the person's providers: of `settings`, in the `environment` and the `store`, written to `path`."""

    settings: Settings
    path: Path
    environment: Mapping[str, str]
    store: KeyStore

    def key(self, name: str) -> Key | None:
        """The key of a named provider. A keyring that cannot be read is told in the log: others can still answer."""
        wish = wish_of(name, self.settings.providers[name])
        try:
            found = find_key(wish, self.environment, self.store)
        except AuthenticationError as error:
            _log.warning("%s: %s", name, error)
            return None
        if found is not None and found.origin.startswith("http:") and not is_loopback(found.origin):
            _log.warning("%s: its key and your code go to %s unencrypted; use https.", name, found.origin)
        return found

    def key_now(self, name: str) -> Key | None:
        """The key of a named provider as it is kept by now; the settings, which say where, are read anew.

        None where there is none, where it cannot be read, and where the provider is elsewhere by now.
        """
        sources = Sources(path=self.path, environment=self.environment, command_line={})
        try:
            chosen = settings_from(sources).providers.get(name)
            if chosen is None or wish_of(name, chosen).url != wish_of(name, self.settings.providers[name]).url:
                return None
            return find_key(wish_of(name, chosen), self.environment, self.store)
        except (AuthenticationError, ConfigError) as error:
            _log.info("%s: its key cannot be read anew: %s", name, error)
            return None

    def statuses(self) -> tuple[KeyStatus, ...]:
        """Every named provider, then every vendor whose key the environment has without its being named."""
        named = tuple(self._status(name, chosen) for name, chosen in self.settings.providers.items())
        unused = tuple(
            KeyStatus(
                provider=kind, origin=origin_of(VENDORS[kind].url), source=VENDORS[kind].key_variable, named=False
            )
            for kind in unnamed_vendors(self.settings, self.environment)
        )
        return named + unused

    def keep(self, name: str, text: str, *, kind: str | None = None, url: str | None = None) -> KeyStatus:
        """Keep the key of a provider in the keyring, and name the provider in the settings file.

        Raises:
            AuthenticationError: it is no key, or the keyring refused it.
            ConfigError: nobody can tell where such a provider is, or the file cannot be written.
        """
        chosen = self._named(name, kind, url)
        wish = wish_of(name, chosen)
        origin = origin_of(wish.url)
        key = checked_key(text)
        try:
            self.store.set(name, origin, key)
        except AuthenticationError as error:
            raise AuthenticationError(f"{error} {self._by_hand(name, chosen)}") from error
        if name not in self.settings.providers:
            write_entry(self.path, ("providers", name, "kind"), chosen.kind)
            if chosen.url is not None:
                write_entry(self.path, ("providers", name, "url"), chosen.url)
        write_entry(self.path, ("providers", name, "keyring"), value=True)
        return KeyStatus(provider=name, origin=origin, source="the keyring")

    def forget(self, name: str) -> bool:
        """Remove a provider's key from the keyring; whether there was one. What `keep` named is named no longer.

        Raises:
            AuthenticationError: the keyring refused.
            ConfigError: there is no such provider, or the file cannot be written.
        """
        chosen = self.settings.providers.get(name)
        if chosen is None:
            raise ConfigError(f"No provider is called {name!r}. There are: {_listed(self.settings.providers)}.")
        removed = self.store.delete(name, origin_of(wish_of(name, chosen).url))
        if chosen == ProviderSettings(kind=chosen.kind, keyring=True):
            remove_entry(self.path, ("providers", name))
        else:
            remove_entry(self.path, ("providers", name, "keyring"))
        return removed

    def _status(self, name: str, chosen: ProviderSettings) -> KeyStatus:
        wish = wish_of(name, chosen)
        try:
            key = find_key(wish, self.environment, self.store)
        except AuthenticationError as error:
            return KeyStatus(provider=name, origin=origin_of(wish.url), source=None, problem=str(error))
        return KeyStatus(provider=name, origin=origin_of(wish.url), source=None if key is None else key.source)

    def _by_hand(self, name: str, chosen: ProviderSettings) -> str:
        """What does without a keyring what `keep` would have done."""
        variable = wish_of(name, chosen).variable or f"{name.upper().replace('-', '_')}_API_KEY"
        parts = [f"kind: {chosen.kind}"]
        parts += [f'url: "{chosen.url}"'] if chosen.url is not None else []
        parts += [f"key_variable: {variable}"] if wish_of(name, chosen).variable is None else []
        return f"That is the variable {variable}, and in {self.path}: providers: {{{name}: {{{', '.join(parts)}}}}}"

    def _named(self, name: str, kind: str | None, url: str | None) -> ProviderSettings:
        chosen = self.settings.providers.get(name)
        if chosen is not None:
            if (kind or chosen.kind, url or chosen.url) != (chosen.kind, chosen.url):
                raise ConfigError(f"{name} is named already, otherwise, in {self.path}: change it there.")
            return chosen
        try:
            found = ProviderSettings.model_validate({"kind": kind or name, "url": url})
        except ValidationError as error:
            wrong = error.errors()[0]
            if wrong["loc"] == ("kind",):
                raise ConfigError(
                    f"What does {name} speak? {kind or name!r} is none of {', '.join(get_args(ProviderKind))}. Say it "
                    f"with --kind, such as: parley auth set {name} --kind openai-compatible --url https://api.example.com/v1"
                ) from error
            raise ConfigError(f"--url cannot be {url!r}: {reason_of(wrong)}.") from error
        if not wish_of(name, found).url:
            raise ConfigError(f"Where is {name}? Give its address with --url.")
        return found


def wish_of(name: str, chosen: ProviderSettings) -> KeyWish:
    """Where the key of a named provider is looked for."""
    vendor = VENDORS.get(chosen.kind)
    return KeyWish(
        provider=name,
        url=chosen.url or (vendor.url if vendor else _LOCAL_URLS.get(chosen.kind, "")),
        variable=chosen.key_variable or (vendor.key_variable if vendor else None),
        in_keyring=chosen.keyring,
    )


def unnamed_vendors(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds of vendor whose usual key the environment holds while no provider of that kind is named."""
    named = {chosen.kind for chosen in settings.providers.values()}
    return tuple(kind for kind, vendor in VENDORS.items() if kind not in named and environment.get(vendor.key_variable))


def _listed(providers: Mapping[str, ProviderSettings]) -> str:
    return ", ".join(sorted(providers)) or "none"
