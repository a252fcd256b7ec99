"""How one request fares in a chain: its failed attempts, what its reader must be told, and what a call used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parley_providers.errors import Attempt, ProviderChainExhaustedError, ProviderError, SchemaNotHeldError, may_cost
from parley_providers.requests import StreamFinish, StreamRestarted, StreamStart, StreamUsage
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from parley_providers.requests import StreamEvent
    from parley_providers.route import Route


@dataclass(slots=True)
class Bill:
    """What a call used, as far as it was told, and whether it can have cost anything at all.

    How much was said of an answer without an end is unknown, so that it counts as its worst case.
    """

    sent: bool = False
    answered: bool = False
    _whole: bool = False
    _told: Usage = field(default_factory=Usage)

    @property
    def usage(self) -> Usage:
        """What is known of what it used."""
        return self._told if self._whole else self._told.broken_off()

    def take(self, event: StreamEvent) -> None:
        """Note what an event tells."""
        self.answered = True
        if isinstance(event, StreamUsage):
            self._told = event.usage
        self._whole = self._whole or isinstance(event, StreamFinish)

    def failed(self, error: ProviderError) -> None:
        """Note the end of the call."""
        self._whole = isinstance(error, SchemaNotHeldError)
        self.sent = self.answered or may_cost(error)


@dataclass(slots=True)
class Course:
    """How one request has gone so far: what each attempt failed with, and whether the reader was given anything."""

    attempts: list[Attempt] = field(default_factory=list)
    begun: bool = False

    @property
    def last_error(self) -> ProviderError:
        """Why the last attempt failed."""
        return self.attempts[-1].error

    def failed(self, route: Route, error: ProviderError) -> None:
        """Note a failed attempt."""
        self.attempts.append(Attempt(route=route, error=error))

    def route(self, route: Route) -> Route:
        """The route as it is told: one that is taken because others failed says so."""
        tried = {each.route: each.error for each in self.attempts if each.route != route}
        if not tried:
            return route
        failures = " ".join(f"{each.provider}/{each.model} failed: {_ended(error)}" for each, error in tried.items())
        return replace(route, reason="fallback", why=f"{failures} {route.why}")

    def announce(self, event: StreamEvent) -> StreamEvent:
        """The event as the reader must see it: a second start says that what came before is void."""
        if isinstance(event, StreamStart) and self.begun:
            return StreamRestarted(route=event.route, reason=str(self.last_error))
        self.begun = True
        return event

    def exhausted(self) -> ProviderError:
        """What to raise when nobody is left: a single attempt's own error, or all of them."""
        if len(self.attempts) == 1:
            return self.last_error
        return ProviderChainExhaustedError(tuple(self.attempts))


def _ended(error: ProviderError) -> str:
    """The message with an end, so that another sentence can follow."""
    text = str(error)
    return text if text.endswith((".", "!", "?")) else f"{text}."
