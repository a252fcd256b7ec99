"""A small event-sourced thing for tests: an account with holds, which a fork does not inherit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, TypeAlias

from parley_events import EventTypes, Given, Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    event_type: ClassVar[str] = "Deposited"
    event_version: ClassVar[int] = 1

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    event_type: ClassVar[str] = "Withdrawn"
    event_version: ClassVar[int] = 1

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    event_type: ClassVar[str] = "Held"
    event_version: ClassVar[int] = 1

    hold: str
    amount: int


LedgerEvent: TypeAlias = Deposited | Withdrawn | Held
LEDGER_EVENTS: EventTypes[LedgerEvent] = EventTypes([Deposited, Withdrawn, Held])


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    amount: int = 0
    holds: tuple[tuple[str, int], ...] = ()

    @property
    def free(self) -> int:
        return self.amount - sum(amount for _, amount in self.holds)


class OverdrawnError(Exception):
    """There is not that much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Put in (more than 0), take out (less than 0), or do nothing (0)."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    amount: int


class Ledger(Handler[Change | Hold, LedgerEvent, Balance]):
    @property
    def initial(self) -> Balance:
        return Balance()

    def process(self, state: Balance, command: Change | Hold, given: Given) -> list[LedgerEvent]:
        match command:
            case Hold(amount=amount):
                if amount > state.free:
                    raise OverdrawnError(amount)
                return [Held(hold=given.new_id(), amount=amount)]
            case Change(amount=0):
                return []
            case Change(amount=amount) if amount > 0:
                return [Deposited(amount=amount)]
            case Change(amount=amount):
                if -amount > state.free:
                    raise OverdrawnError(amount)
                return [Withdrawn(amount=-amount)]

    def apply(self, state: Balance, event: LedgerEvent) -> Balance:
        match event:
            case Deposited(amount=amount):
                return replace(state, amount=state.amount + amount)
            case Withdrawn(amount=amount):
                return replace(state, amount=state.amount - amount)
            case Held(hold=hold, amount=amount):
                return replace(state, holds=(*state.holds, (hold, amount)))

    def forked(self, state: Balance) -> Balance:
        return replace(state, holds=())


def given(new_id=lambda: "h1") -> Given:
    return Given(now=datetime(2026, 11, 21, tzinfo=UTC), new_id=new_id, chance=lambda: 0.5)
