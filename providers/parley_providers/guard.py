"""Waiting for a server: until when, and what each fault of the transport means to the person.

Opening connections belongs to `addresses`; what a server says in words belongs to its adapter.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from parley_providers.errors import (
    BadRequestError,
    ConnectDeadlineExceededError,
    ConnectionFailedError,
    DeadlineExceededError,
    NotFollowedError,
    ProviderError,
    ServerError,
    StreamTruncatedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import httpx2

    from parley_providers.addresses import ServerAddress

T = TypeVar("T")


class Guard:
    """Waits for one server.

    Args:
        address: Where it is, and how it is called in messages.
    """

    def __init__(self, address: ServerAddress) -> None:
        self._address = address

    @property
    def name(self) -> str:
        """The server in a message: "ollama at http://127.0.0.1:11434"."""
        return f"{self._address.provider} at {self._address.origin}"

    async def wait(self, waited: Awaitable[T], at: float, why: str, model: str, *, started: bool) -> T:
        """What `waited` gives before `at`, a time of the event loop; `started` once the server has answered something.

        Raises:
            ProviderError: it is late (`why` begins the message), or the transport failed.
        """
        import httpx2  # not at start-up

        try:
            async with asyncio.timeout_at(at):
                return await waited
        except (TimeoutError, httpx2.WriteTimeout) as error:
            raise self.fault(DeadlineExceededError, f"{why}; the request was given up.", model) from error
        except httpx2.ConnectTimeout as error:
            late = f"No connection to {self.name} in time. {self._hint}"
            raise self.fault(ConnectDeadlineExceededError, late, model) from error
        except (httpx2.LocalProtocolError, httpx2.InvalidURL):
            # What the transport says of it may quote the key.
            wrong = f"The request to {self.name} cannot be sent: its address or its key is malformed."
            raise self.fault(BadRequestError, wrong, model) from None
        except (httpx2.ConnectError, httpx2.ProxyError, httpx2.UnsupportedProtocol) as error:
            nobody = f"Nothing answers at {self._address.origin} ({error}). {self._hint}"
            raise self.fault(ConnectionFailedError, nobody, model) from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            if started:
                cut = f"{self.name} broke off in the middle of its answer; nothing of it was used. Try again."
                raise self.fault(StreamTruncatedError, cut, model) from error
            closed = f"{self.name} closed the connection before it answered. {self._hint}"
            raise self.fault(ConnectionFailedError, closed, model) from error

    def see_that_it_answers(self, response: httpx2.Response, model: str) -> None:
        """Look at a response before its body is read.

        Raises:
            NotFollowedError: it sends the request elsewhere.
            ServerError: a web page came in place of an answer, or one that is compressed, which nobody asked for: a few
                bytes of it could be more than memory holds.
        """
        if response.has_redirect_location:
            where = response.headers.get("location", "")[:200]
            away = f"{self.name} sent the request on to {where!r}, which was not followed. Check the address."
            raise self.fault(NotFollowedError, away, model)
        if response.status_code == 200 and response.headers.get("content-type", "").startswith("text/html"):
            page = f"{self.name} answered with a web page. Is there a proxy or a sign-in page in between?"
            raise self.fault(ServerError, page, model)
        encoding = response.headers.get("content-encoding", "identity")
        if response.status_code == 200 and encoding.strip().lower() not in ("identity", ""):
            packed = f"{self.name} sent a compressed answer ({encoding[:40]}) that nobody asked for; it was not read."
            raise self.fault(ServerError, packed, model)

    def endless(self, model: str) -> ProviderError:
        """The error of an answer that was cut off, since it was larger than any answer is."""
        message = (
            f"{self.name} sent more than an answer may hold, and was cut off. Ask for less, or choose another model."
        )
        return self.fault(ServerError, message, model)

    def fault(self, kind: type[ProviderError], message: str, model: str) -> ProviderError:
        """An error of this server's provider."""
        return kind(message, provider=self._address.provider, model=model)

    @property
    def _hint(self) -> str:
        return self._address.start_hint or "Check that it runs and that the address is right."
