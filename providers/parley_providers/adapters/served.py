"""What every provider that asks a server does alike: its name, its origin, a whole answer, and closing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from parley_providers.collect import collect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from parley_providers.requests import LLMRequest, LLMResponse, StreamEvent


class Server(Protocol):
    """A server with connections of its own."""

    @property
    def origin(self) -> str:
        """Scheme, host and port that requests go to."""
        ...

    async def aclose(self) -> None:
        """Close every connection; a later request opens new ones."""
        ...


ServerT = TypeVar("ServerT", bound=Server)


class ServedProvider(ABC, Generic[ServerT]):
    """A provider whose models are behind one server.

    Args:
        name: The provider's name in routes and records.
        server: The server.
    """

    def __init__(self, name: str, server: ServerT) -> None:
        self._name = name
        self._server = server

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._name

    @property
    def origin(self) -> str:
        """See `Provider`."""
        return self._server.origin

    @abstractmethod
    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`."""

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`; what the server has loaded stays loaded."""
        await self._server.aclose()
