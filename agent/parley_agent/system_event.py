"""`SystemEvent`: every event that Parley keeps, whichever stream it belongs to, and the types that read them.

Each kind of aggregate declares its own events; who reads a whole store, such as `parley events`, reads these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from parley_agent.refactor.events import REFACTORING_EVENTS, TEXTS_NOT_KEPT, RefactoringEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_events.types import EventTypes

SystemEvent: TypeAlias = RefactoringEvent

SYSTEM_EVENTS: EventTypes[SystemEvent] = REFACTORING_EVENTS

# For types of events, the members of their data that are a hash of what is not kept.
UNKEPT: Mapping[str, frozenset[str]] = TEXTS_NOT_KEPT
