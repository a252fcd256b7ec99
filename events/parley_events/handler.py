"""`Handler`: the one protocol of everything that is event-sourced, plans and threads alike. Pure.

Loading, appending and trying again belong to `parley_events.runner`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from parley_events.types import Event, Forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

CommandT_contra = TypeVar("CommandT_contra", contravariant=True)
EventT = TypeVar("EventT", bound=Event)
StateT = TypeVar("StateT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a decision may use of the outside: the moment, new ids, and chance (a float in [0, 1))."""

    now: datetime
    new_id: Callable[[], str]
    chance: Callable[[], float]


class Handler(Protocol[CommandT_contra, EventT, StateT]):
    """Decides commands into events, and folds events into state.

    The state is a frozen value; a handler itself holds settings at most. `process` and `apply` have no effects and ask
    nobody: what they need of the outside is given. An implementation inherits from this class for `fold` and `forked`.
    """

    @property
    def initial(self) -> StateT:
        """The state before any event."""
        ...

    def process(self, state: StateT, command: CommandT_contra, given: Given) -> Sequence[EventT]:
        """What happens if the command is carried out in this state; no events if nothing does.

        Raises whatever error says that the command is refused; then nothing is stored.
        """
        ...

    def apply(self, state: StateT, event: EventT) -> StateT:
        """The state after an event. It must not fail: what is stored has happened."""
        ...

    def forked(self, state: StateT) -> StateT:
        """The state with which a fork begins: without the leases, pending answers and approvals of its parent."""
        return state

    def fold(self, events: Iterable[EventT | Forked], state: StateT | None = None) -> StateT:
        """The state after all events, from the initial one or from `state`."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.forked(folded) if isinstance(event, Forked) else self.apply(folded, event)
        return folded
