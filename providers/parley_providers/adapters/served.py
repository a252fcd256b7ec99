"""What every provider that asks a server does alike: its name, its origin, a whole answer, and closing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import aclosing
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from parley_providers.collect import collect
from parley_providers.route import asked_for
from parley_providers.schema_answers import SchemaAnswer

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
        # Models whose server refused a schema, which it would do again each time: asked in words as long as we live.
        self._unconstrained: set[str] = set()

    @property
    def name(self) -> str:
        """See `Provider`."""
        return self._name

    @property
    def origin(self) -> str:
        """See `Provider`."""
        return self._server.origin

    def stream(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """See `Provider`. An answer to a schema is of it: see `schema_answers`."""
        return self._answer(request) if request.json_schema is None else self._answer_of_schema(request)

    @abstractmethod
    def _answer(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        """The answer as the server gives it: `StreamStart` first, `StreamFinish` last."""

    async def _constrains(self, model: str) -> bool:  # noqa: ARG002 - for those that know it of each model
        """Whether the server can hold this model to a schema; one that cannot says so, or ignores it."""
        return True

    async def _answer_of_schema(self, request: LLMRequest) -> AsyncGenerator[StreamEvent, None]:
        model = request.model or ""
        answer = SchemaAnswer(
            request=request,
            schema=request.json_schema or {},
            ask=self._answer,
            route=asked_for(self._name, model),
            on_refusal=lambda: self._unconstrained.add(model),
        )
        native = model not in self._unconstrained and await self._constrains(model)
        async with aclosing(answer.stream(native=native)) as events:
            async for event in events:
                yield event

    async def complete(self, request: LLMRequest) -> LLMResponse:
        """See `Provider`."""
        return await collect(self.stream(request))

    async def aclose(self) -> None:
        """See `Provider`; what the server has loaded stays loaded."""
        await self._server.aclose()
