"""Which events go to which topics: every type that Parley knows, by its registered name, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_agent.refactor.events import CONSENT_EVENTS
from parley_agent.system_event import SYSTEM_EVENTS
from parley_events.bus import InProcessBus
from parley_events.router import APPROVALS, EVENTS, EventRouter

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_events.bus import Bus
    from parley_events.store import EventStore, Trouble

_OTHERWISE = dict.fromkeys((each.event_type for each in CONSENT_EVENTS), APPROVALS)


def connect_events(store: EventStore, after: int, report: Callable[[Trouble], None]) -> tuple[EventRouter, Bus]:
    """The router that publishes what `store` has after a position, each event on one topic, and the bus for it."""
    bus = InProcessBus()
    router = EventRouter(store, bus, name=None, report=report, after=after)
    for event_type in SYSTEM_EVENTS.names:
        router.publish(event_type, _OTHERWISE.get(event_type, EVENTS))
    return router, bus
