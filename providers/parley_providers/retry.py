"""The one retry layer: how long to wait before another attempt at the same provider, and how many the budget allows.

Pure: randomness is an argument. When to retry at all, and whom to ask instead, belongs to the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley_providers.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    """`attempts` at one provider in all; waits in seconds; the budget grows by `budget_share` of a retry per call."""

    attempts: int = 3
    base_s: float = 0.5
    longest_s: float = 8.0
    longest_retry_after_s: float = 60.0
    budget_share: float = 0.1
    budget_most: float = 10.0


def wait_s(error: ProviderError, attempt: int, draw: float, settings: RetrySettings) -> float | None:
    """Seconds to wait after `attempt` (from 1) failed with `error`, or None: do not retry here.

    Full jitter: `draw` in [0, 1) scales the exponential ceiling (Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015). A server's Retry-After is a floor; one beyond the cap means: ask another.
    """
    if not error.retryable or attempt >= settings.attempts:
        return None
    jittered = draw * min(settings.longest_s, settings.base_s * 2.0 ** (attempt - 1))
    if error.retry_after_s is None:
        return jittered
    if error.retry_after_s > settings.longest_retry_after_s:
        return None
    return max(error.retry_after_s, 0.0) + jittered


@dataclass(slots=True)
class RetryBudget:
    """Retries that may still be spent: each call earns a share of one, each retry costs one.

    So a provider that is down is asked about a tenth more often than without retries, not three times as often.
    """

    settings: RetrySettings
    left: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.settings.budget_most

    def earn(self) -> None:
        """A call was sent."""
        self.left = min(self.left + self.settings.budget_share, self.settings.budget_most)

    def spend(self) -> bool:
        """Take one retry out of the budget; False when there is none."""
        if self.left < 1:
            return False
        self.left -= 1
        return True
