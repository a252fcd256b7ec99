"""Which model serves a request, and why: the `Route` value and the `Router` port.

How a route is decided from measured profiles is left to the port's implementation; until one exists, the route is the
configured model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from parley_providers.requests import LLMRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The decision which model serves a request.

    `reason` is one word for machines ("configured", "requested", …), `why` one sentence for the person.
    """

    provider: str
    model: str
    reason: str
    why: str


class Router(Protocol):
    """Decides the route of each request, and where it may go when that fails."""

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """The route for this request, and after it those that policy allows as fallbacks, in order; never empty.

        Raises:
            NoModelError: nothing can serve it; the message says how to get a model.
        """
        ...


class FixedRouter:
    """Sends every request the same way.

    Args:
        route: The way.
    """

    def __init__(self, route: Route) -> None:
        self._route = route

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:  # noqa: ARG002 - any request goes this way
        """See `Router`."""
        return (self._route,)


def asked_for(provider: str, model: str) -> Route:
    """The route of a call that was sent to `provider` directly, past any router."""
    return Route(provider=provider, model=model, reason="requested", why=f"{model or provider} was asked for.")
