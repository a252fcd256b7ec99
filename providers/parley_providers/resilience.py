"""What keeps a chain working when a provider does not: breakers, retries, deadlines and a purse, as one value.

Using them belongs to `chain`; what each decides to its own module.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parley_providers.breaker import Breakers
from parley_providers.clock import SYSTEM_CLOCK
from parley_providers.headroom import Headroom
from parley_providers.retry import RetryBudget, RetrySettings
from parley_providers.spending import Limits, Spending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from parley_providers.breaker import BreakerStore
    from parley_providers.requests import Deadlines, LLMRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a request may take, and what it may cost; `deadlines` None leaves its own."""

    deadlines: Deadlines | None
    limits: Limits


@dataclass(slots=True)
class Resilience:
    """What keeps a chain working when a provider does not, and within its budget: breakers, retries, limits.

    `deadlines`, the person's own, go before a request's. `renewed` reads the key of a provider anew, by its name, and
    says whether it is another one, which is used from now on. `sleep` waits seconds, `draw` gives a random number in
    [0, 1); both are arguments so that a test can own time.
    """

    breakers: Breakers = field(default_factory=lambda: Breakers(clock=SYSTEM_CLOCK))
    spending: Spending = field(default_factory=lambda: Spending(limits=Limits(), clock=SYSTEM_CLOCK))
    retries: RetrySettings = field(default_factory=RetrySettings)
    deadlines: Deadlines | None = None
    renewed: Callable[[str], Awaitable[bool]] | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = random.random
    budget: RetryBudget = field(init=False)
    headroom: Headroom = field(init=False)
    _restoring: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _restored: bool = field(init=False, default=False)
    _bounds: dict[str, Bounds] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = RetryBudget(settings=self.retries)
        self.headroom = Headroom(self.breakers.clock)

    @contextmanager
    def bounded(self, correlation_id: str, bounds: Bounds) -> Iterator[None]:
        """While the block runs, the calls of that request have these bounds in place of everybody's."""
        self._bounds[correlation_id] = bounds
        try:
            yield
        finally:
            self._bounds.pop(correlation_id, None)

    def bounds_of(self, request: LLMRequest) -> Bounds:
        """What holds for a request: its own bounds, else everybody's."""
        everybodys = Bounds(deadlines=self.deadlines, limits=self.spending.limits)
        return self._bounds.get(request.correlation_id, everybodys)

    async def ready(self) -> None:
        """Take over, once, what the breakers' store kept; and look whether a key that was refused is another by now."""
        store = self.breakers.store
        if store is not None and not self._restored:
            async with self._restoring:
                await self._restore(store)
        if self.renewed is not None:
            for provider in self.breakers.refused():
                if await self.renewed(provider):
                    self.breakers.rekeyed(provider)

    async def _restore(self, store: BreakerStore) -> None:
        """Under the lock: whoever waited for it finds the work done."""
        self.breakers.restore(() if self._restored else await asyncio.to_thread(store.load))
        self._restored = True
