"""What may be spent: limits in US dollars, and reservations of the worst case before anything is sent.

What a call costs belongs to `prices`; what was spent before this process began is asked of a `Ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from parley_providers.errors import BudgetExceededError
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from datetime import date

    from parley_providers.clock import Clock
    from parley_providers.requests import LLMRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that may be spent, in US dollars; None is no limit."""

    request_usd: float | None = None
    session_usd: float | None = None
    day_usd: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(limit is not None for limit in (self.request_usd, self.session_usd, self.day_usd))


class Ledger(Protocol):
    """Knows what was spent by every process of this person."""

    def spent_usd(self, day: date) -> float:
        """What the calls of one day (UTC) cost, as far as it is known."""
        ...


def worst_case(request: LLMRequest) -> Usage:
    """The most tokens that `request` can use: a token for every two bytes that are said, and its whole limit out.

    Two bytes a token is what dense code and other scripts come to with the vendors' tokenizers; prose comes to four. An
    answer to a schema may be asked for twice, the second time with the first answer and the schema in words.
    """
    said = sum(len(message.text.encode()) for message in request.messages)
    schema = len(str(request.json_schema or "")) + len(str(request.tools))
    prompt, output = (said + schema) // 2 + 16, request.max_output_tokens
    if request.json_schema is None:
        return Usage(prompt_tokens=prompt, output_tokens=output)
    return Usage(prompt_tokens=2 * prompt + schema + output + 512, output_tokens=2 * output)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reservation:
    """Money set aside for one call, in US dollars."""

    usd: float


@dataclass(slots=True)
class Spending:
    """The purse of one process: what its session spent, what is reserved, and the limits; for one thread."""

    limits: Limits
    clock: Clock
    ledger: Ledger | None = None
    session_usd: float = 0.0
    day_usd: float = 0.0
    _reserved: set[Reservation] = field(default_factory=set)

    def learn(self) -> None:
        """Ask the ledger what this day cost so far; reads a disk, so it is called on a thread."""
        if self.ledger is not None and self.limits.day_usd is not None:
            self.day_usd = self.ledger.spent_usd(self.clock.now().date())

    def reserve(self, worst_usd: float | None, model: str) -> Reservation:
        """Set the worst case aside, or refuse.

        Raises:
            BudgetExceededError: it could pass a limit, or its price is unknown while there is one.
        """
        if self.limits.any and worst_usd is None:
            raise BudgetExceededError(
                f"The price of {model} is unknown, so the budget cannot be kept, and nothing was sent. Set its price "
                f"in the configuration (prices), or take the budget away.",
                model=model,
            )
        usd = worst_usd or 0.0
        for name, limit, spent in self._used():
            if limit is not None and spent + usd > limit:
                raise BudgetExceededError(
                    f"This could cost ${usd:.4f} with {model}, and ${spent:.4f} of the {name} budget of ${limit:.2f} "
                    f"is spent or reserved; nothing was sent. Raise budget.{name}_usd, or ask a local model.",
                    model=model,
                )
        reservation = Reservation(usd=usd)
        self._reserved.add(reservation)
        return reservation

    def settle(self, reservation: Reservation, cost_usd: float | None) -> None:
        """Replace a reservation by what the call cost; an unknown cost counts as the worst case."""
        self._reserved.discard(reservation)
        self.session_usd += reservation.usd if cost_usd is None else cost_usd

    def _used(self) -> tuple[tuple[str, float | None, float], ...]:
        reserved = sum(each.usd for each in self._reserved)
        today = max(self.session_usd, self.day_usd)
        return (
            ("request", self.limits.request_usd, 0.0),
            ("session", self.limits.session_usd, self.session_usd + reserved),
            ("day", self.limits.day_usd, today + reserved),
        )
