"""The operating system's keyring as a `KeyStore`. Its library is imported at the first use only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from parley_providers.errors import AuthenticationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICE = "parley"


class KeyringStore:
    """Keys in the keyring under the service "parley", one for each provider and origin; see `KeyStore`."""

    def get(self, provider: str, origin: str) -> str | None:
        """See `KeyStore`."""
        with _explained():
            import keyring

            return keyring.get_password(_SERVICE, _user(provider, origin))

    def set(self, provider: str, origin: str, text: str) -> None:
        """See `KeyStore`."""
        with _explained():
            import keyring

            _refuse_open_files(keyring.get_keyring())
            keyring.set_password(_SERVICE, _user(provider, origin), text)
            if keyring.get_password(_SERVICE, _user(provider, origin)) != text:
                raise AuthenticationError(
                    "The keyring took the key but does not give it back, so it is not kept. Put the key into the "
                    "provider's environment variable instead, and name the provider in the settings."
                )

    def delete(self, provider: str, origin: str) -> bool:
        """See `KeyStore`."""
        if self.get(provider, origin) is None:
            return False
        with _explained():
            import keyring

            keyring.delete_password(_SERVICE, _user(provider, origin))
        return True


def _user(provider: str, origin: str) -> str:
    return f"{provider} at {origin}"


def _refuse_open_files(backend: object) -> None:
    """Refuse a backend that writes keys as they are into a file; of a chain it is the first that writes."""
    for each in (backend, *tuple(getattr(backend, "backends", ()))[:1]):
        if "plaintext" in type(each).__name__.casefold():
            raise AuthenticationError(
                f"The keyring of this machine ({type(each).__name__}) is a plain file, so the key was not put "
                "there. Put it into the provider's environment variable instead, and name the provider in the settings."
            )


@contextmanager
def _explained() -> Iterator[None]:
    from keyring.errors import KeyringError, NoKeyringError

    try:
        yield
    except NoKeyringError as error:
        raise AuthenticationError(
            "This machine has no keyring that Parley could use. Put the key into the provider's environment variable "
            "instead, and name the provider in the settings."
        ) from error
    except KeyringError as error:
        raise AuthenticationError(
            f"The keyring refused ({type(error).__name__}). Unlock it and try again, or put the key into the "
            "provider's environment variable."
        ) from error
