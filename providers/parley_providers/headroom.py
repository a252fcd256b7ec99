"""Which models have room under their servers' rate limits now, as far as their answers told.

Reading the limits of a response belongs to `rate_limits`; the pause after a refusal to `breaker`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_providers.breaker import BreakerKey
    from parley_providers.clock import Clock
    from parley_providers.rate_limits import RateLimit
    from parley_providers.route import Route

_NS = 1_000_000_000
# What a server tells of a time further away is not waited for: it is asked again by then, and tells anew.
LONGEST_S = 300.0


@dataclass(slots=True)
class Headroom:
    """What each model's server told last of its rate limits. Single-threaded: it lives on the event loop's thread."""

    clock: Clock
    _told: dict[BreakerKey, tuple[int, tuple[RateLimit, ...]]] = field(default_factory=dict)

    def told(self, key: BreakerKey, limits: tuple[RateLimit, ...]) -> None:
        """A response told `limits`, in place of what was told before; one that tells none changes nothing."""
        if limits:
            self._told[key] = (self.clock.monotonic_ns(), limits)

    def used_up(self, key: BreakerKey) -> RateLimit | None:
        """The limit that leaves no room now, and of several the one that does so longest; `reset_s` is from now.

        One whose end was not told is none: nobody could say when to ask again.
        """
        at_ns, limits = self._told.get(key, (0, ()))
        passed_s = (self.clock.monotonic_ns() - at_ns) / _NS
        full = [
            replace(each, reset_s=left_s)
            for each in limits
            if each.is_used_up and (left_s := min(each.reset_s or 0.0, LONGEST_S) - passed_s) > 0
        ]
        return max(full, key=lambda each: each.reset_s or 0.0, default=None)

    def with_room_first(self, routes: tuple[Route, ...], key_of: Callable[[Route], BreakerKey]) -> tuple[Route, ...]:
        """`routes` in their order, but those without room behind all others, which say so if they moved up by it.

        Where none has room, the order stays: what was told may have changed.
        """
        if len(routes) < 2 or not self._told:
            return routes
        room: list[Route] = []
        full: list[Route] = []
        reasons: list[str] = []
        for route in routes:
            limit = self.used_up(key_of(route))
            if limit is not None:
                full.append(route)
                reasons.append(f"{route.provider}/{route.model} is left out for now, since it has no room: {limit}.")
            else:
                moved = replace(route, reason="fallback", why=" ".join((*reasons, route.why)))
                room.append(moved if reasons else route)
        return (*room, *full) if room else routes
