"""Keys of providers: a value that hides itself and knows where it may be sent, and where keys are looked for.

A key is looked for only for a provider that the person named; one that the environment holds beside that enables
nothing. Keeping keys over restarts belongs to a `KeyStore` (the operating system's keyring: `key_store`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from parley_providers.errors import AuthenticationError
from parley_providers.origins import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYRING = "the keyring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """What is usual for a vendor: the environment variable of its key, and where its API is."""

    key_variable: str
    url: str


# By provider kind. A vendor that is not here has no usual place: the person names both.
VENDORS: Mapping[str, Vendor] = {
    "anthropic": Vendor(key_variable="ANTHROPIC_API_KEY", url="https://api.anthropic.com"),
    "openai": Vendor(key_variable="OPENAI_API_KEY", url="https://api.openai.com/v1"),
    "gemini": Vendor(key_variable="GEMINI_API_KEY", url="https://generativelanguage.googleapis.com"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key bound to the one origin that it may be sent to; `source` says where it was found. Its text is no `repr`."""

    origin: str
    source: str
    text: str = field(repr=False)

    def text_for(self, url: str) -> str:
        """The key, to be sent to `url`.

        Raises:
            AuthenticationError: that is not where it belongs; nothing was sent.
        """
        if origin_of(url) != self.origin:
            raise AuthenticationError(
                f"The key from {self.source} belongs to {self.origin} and is not sent to {origin_of(url)}. "
                "If the address was changed on purpose, set the key anew."
            )
        return self.text


class KeyStore(Protocol):
    """Keeps keys by provider and origin. Every method may block, and raises `AuthenticationError` where it cannot."""

    def get(self, provider: str, origin: str) -> str | None:
        """The kept key, None where there is none."""
        ...

    def set(self, provider: str, origin: str, text: str) -> None:
        """Keep a key in place of the one before."""
        ...

    def delete(self, provider: str, origin: str) -> bool:
        """Forget a key; whether there was one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """For which provider a key is looked for: its name, where it is, the variable, and whether the keyring has it."""

    provider: str
    url: str
    variable: str | None = None
    in_keyring: bool = False


def find_key(wish: KeyWish, environment: Mapping[str, str], store: KeyStore) -> Key | None:
    """The key of a provider that the person named: from the keyring if it was put there, else from its variable.

    Raises:
        AuthenticationError: the keyring cannot be read.
    """
    origin = origin_of(wish.url)
    if wish.in_keyring and (kept := store.get(wish.provider, origin)):
        return Key(origin=origin, source=KEYRING, text=kept)
    if wish.variable and (found := environment.get(wish.variable, "").strip()):
        return Key(origin=origin, source=wish.variable, text=found)
    return None


def checked_key(text: str) -> str:
    """A key as a person typed or pasted it, without the blanks around it.

    Raises:
        AuthenticationError: it is empty, or holds what no key does; the message does not show it.
    """
    key = text.strip()
    if not key:
        raise AuthenticationError("No key was given, and nothing was changed.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AuthenticationError(
            "That is no key: it holds blanks, line breaks or characters beyond ASCII. Nothing was changed."
        )
    return key
