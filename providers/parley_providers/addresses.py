"""Where servers are, and the connections to them.

httpx2 is imported at the first connection: start-up never pays for it.

**Invariants.** No redirect is followed. What goes to loopback takes no proxy; the rest honours `HTTPS_PROXY`,
`NO_PROXY` and `SSL_CERT_FILE`. A key is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parley_providers.errors import BadRequestError
from parley_providers.origins import is_loopback

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    import httpx2

# Servers close idle connections, some after 5 s: ours are gone before, so that we write into no closing one.
KEEP_ALIVE_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where a server is and who asks it.

    `provider` names it in errors. `base_url` is http or https, and may hold a user and password. `start_hint` is the
    sentence that tells the person how to get it running. The key is sent as a bearer token. No secret is in `repr`.
    `keeps_connections` is False for a server that closes them after an answer. `ca_bundle` is a file of certificates
    (PEM) that are trusted in place of the system's.

    Raises:
        BadRequestError: the address is not one of http or https.
    """

    provider: str
    base_url: str = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    start_hint: str = ""
    keeps_connections: bool = True
    ca_bundle: Path | None = None

    def __post_init__(self) -> None:
        if not _is_http(self.base_url):
            shown = self.base_url.rpartition("@")[2]
            raise BadRequestError(
                f"{shown!r} is not the address of a server. Write it like http://127.0.0.1:11434.",
                provider=self.provider,
            )

    @property
    def origin(self) -> str:
        """Scheme, host and port, without user, password or path."""
        url = urlsplit(self.base_url)
        return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def client_for(address: ServerAddress) -> httpx2.AsyncClient:
    """A client for one server, with its pool of kept connections.

    Raises:
        BadRequestError: the certificates that the address names cannot be read.
    """
    import httpx2  # not at start-up

    headers = {"Accept-Encoding": "identity", "User-Agent": "parley"}
    if address.api_key is not None:
        headers["Authorization"] = f"Bearer {address.api_key}"
    return httpx2.AsyncClient(
        base_url=address.base_url.rstrip("/") + "/",
        headers=headers,
        follow_redirects=False,
        trust_env=not is_loopback(address.origin),
        verify=_trust(address),
        limits=httpx2.Limits(
            max_connections=None,
            max_keepalive_connections=8 if address.keeps_connections else 0,
            keepalive_expiry=KEEP_ALIVE_S,
        ),
    )


def _trust(address: ServerAddress) -> ssl.SSLContext | bool:
    import ssl

    if address.base_url.startswith("http:"):
        # Without TLS there is nothing to verify, and reading the trust store takes twenty milliseconds.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if address.ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=address.ca_bundle)
    except (OSError, ValueError) as error:
        raise BadRequestError(
            f"{str(address.ca_bundle)!r} cannot be read as certificates ({error}). `ca_bundle` is a PEM file.",
            provider=address.provider,
        ) from error


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
