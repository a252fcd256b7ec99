"""What may be spent: limits in US dollars, and reservations of the worst case before anything is sent.

What a call costs belongs to `prices`. Requests and the session are added up here; a day is shared with every other
process of the person, so that its limit is kept in a `Ledger`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from parley_providers.errors import BudgetExceededError
from parley_providers.messages import ImagePart, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from parley_providers.requests import THINKING_TOKENS
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from parley_providers.clock import Clock
    from parley_providers.messages import Part
    from parley_providers.requests import LLMRequest

_MOST_KEPT = 256
# What vendors make at most of the largest image that they do not scale down, and the least limit that each takes.
_IMAGE_TOKENS = 5_000
_FEWEST_TOKENS = 16


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is to be set aside for one call: `usd` of the `limit_usd` of the day (UTC) of `at`."""

    reservation_id: str
    at: datetime
    usd: float
    limit_usd: float


class Ledger(Protocol):
    """The book of every process of this person: what a day's calls cost, and what is set aside for others."""

    def set_aside(self, claim: Claim) -> float | None:
        """Enter `claim` unless its day would pass the limit, in one step, whoever else does the same.

        None once it is entered, else what the day has spent and set aside. Waits for a disk: called on a thread.

        Raises:
            BudgetUnknownError: what the day cost so far cannot be told; the message says why, and the way out.
        """
        ...

    def release(self, reservation_id: str) -> None:
        """Take a claim out of the book, after the record of its call was taken; returns at once, and never raises.

        What is never released, because its call did not tell its cost or its process died, counts until the day ends.
        """
        ...


def worst_case(request: LLMRequest) -> Usage:
    """The most tokens that `request` can use: a token for every two bytes that are said, and its whole limit out.

    Two bytes a token is what dense code and other scripts come to with the vendors' tokenizers; prose is at four. All
    of the prompt may be put into a cache, which can cost more than reading it. An answer to a schema may be asked for
    twice, the second time with the first answer and the schema in words.
    """
    said = sum(_said(part) for message in request.messages for part in message.parts)
    schema = len(str(request.json_schema or "")) + len(str(request.tools))
    prompt = (said + schema) // 2 + 16
    output = max(request.max_output_tokens, _FEWEST_TOKENS) + THINKING_TOKENS[request.reasoning or "off"]
    if request.json_schema is None:
        return Usage(prompt_tokens=prompt, written_prompt_tokens=prompt, output_tokens=output)
    both = 2 * prompt + schema + output + 512
    return Usage(prompt_tokens=both, written_prompt_tokens=both, output_tokens=2 * output)


def _said(part: Part) -> int:
    """The bytes of a part, with what its vendor gave along; of an image as many as its most tokens come to."""
    match part:
        case TextPart(text=text) | ReasoningPart(text=text):
            own = len(text.encode())
        case ToolCallPart(arguments=arguments):
            own = len(str(arguments).encode())
        case ToolResultPart(content=content):
            own = len(content.encode())
        case ImagePart():
            own = 2 * _IMAGE_TOKENS
    return own + len(str(part.provider_meta or ""))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reservation:
    """Money set aside for one call, in US dollars; `request` is shared by the calls of one request."""

    usd: float
    request: str = ""
    claim: Claim | None = None


@dataclass(slots=True)
class Spending:
    """The purse of one process: what its session spent, what is reserved, and the limits; for one event loop."""

    limits: Limits
    clock: Clock
    ledger: Ledger | None = None
    new_id: Callable[[], str] = lambda: uuid4().hex
    session_usd: float = 0.0
    _requests: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _reserved: set[Reservation] = field(default_factory=set)

    async def reserve(
        self, worst_usd: float | None, model: str, *, request: str = "", limits: Limits | None = None
    ) -> Reservation:
        """Set the worst case of one call of `request` aside, or refuse. What costs nothing is never refused.

        `limits` are those of the request, where it has its own.

        Raises:
            BudgetExceededError: it could pass a limit, or its price is unknown while there is one.
        """
        limits = limits or self.limits
        if limits.any and worst_usd is None:
            raise BudgetExceededError(
                f"The price of {model} is unknown, so the budget cannot be kept, and nothing was sent. Set it in your "
                f"settings, for a million tokens: `prices: {{{model}: {{input_usd: 1, output_usd: 5}}}}`, or take the "
                "budget away.",
                model=model,
            )
        usd = worst_usd or 0.0
        if not usd:
            return Reservation(usd=0.0, request=request)
        for name, limit, used in self._used(request, limits):
            if limit is not None and used + usd > limit:
                raise _exceeded(name, limit, used, usd, model)
        reservation = Reservation(usd=usd, request=request, claim=self._claim(usd, limits))
        self._reserved.add(reservation)
        try:
            await self._entered(reservation, model)
        except BaseException:
            self._reserved.discard(reservation)
            raise
        return reservation

    def settle(self, reservation: Reservation, cost_usd: float | None) -> None:
        """Replace a reservation by what the call cost; an unknown cost counts as the worst case."""
        self._reserved.discard(reservation)
        cost = reservation.usd if cost_usd is None else cost_usd
        self.session_usd += cost
        if reservation.request:
            self._requests[reservation.request] = self._requests.pop(reservation.request, 0.0) + cost
            if len(self._requests) > _MOST_KEPT:
                self._requests.popitem(last=False)
        if self.ledger is not None and reservation.claim is not None and cost_usd is not None:
            self.ledger.release(reservation.claim.reservation_id)

    async def _entered(self, reservation: Reservation, model: str) -> None:
        """Enter a reservation into the book; one whose request is given up meanwhile is taken out again."""
        claim, ledger = reservation.claim, self.ledger
        if claim is None or ledger is None:
            return

        def take_out(entering: asyncio.Future[float | None]) -> None:
            if entering.exception() is None:
                ledger.release(claim.reservation_id)

        entering = asyncio.get_running_loop().run_in_executor(None, ledger.set_aside, claim)
        try:
            used = await asyncio.shield(entering)
        except asyncio.CancelledError:
            entering.add_done_callback(take_out)
            raise
        if used is not None:
            raise _exceeded("day", claim.limit_usd, used, claim.usd, model)

    def _claim(self, usd: float, limits: Limits) -> Claim | None:
        if limits.day_usd is None or self.ledger is None:
            return None
        return Claim(reservation_id=self.new_id(), at=self.clock.now(), usd=usd, limit_usd=limits.day_usd)

    def _used(self, request: str, limits: Limits) -> tuple[tuple[str, float | None, float], ...]:
        reserved = sum(each.usd for each in self._reserved)
        of_request = sum(each.usd for each in self._reserved if request and each.request == request)
        return (
            ("request", limits.request_usd, self._requests.get(request, 0.0) + of_request),
            ("session", limits.session_usd, self.session_usd + reserved),
            # A ledger knows more of the day than this process does.
            ("day", None if self.ledger is not None else limits.day_usd, self.session_usd + reserved),
        )


def _exceeded(name: str, limit: float, used: float, usd: float, model: str) -> BudgetExceededError:
    return BudgetExceededError(
        f"This could cost ${usd:.4f} with {model}, and ${used:.4f} of the {name} budget of ${limit:.2f} "
        f"is spent or reserved; nothing was sent. Raise budget.{name}_usd, or ask a local model.",
        model=model,
    )
