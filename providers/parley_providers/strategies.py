"""Strategies: in which order candidates are asked. Each is one pure function; adding one is a function and a test.

Health is only looked at through `healthy`: what a breaker would not let through stands last, never first; the chain
still decides whether it is asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from parley_providers.requests import LLMRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model that could serve a request.

    `quality` is a tier, higher is better. Prices are in US dollars for a million tokens; None is unknown, and
    unknown is not free: it sorts behind every known price. A local model costs nothing.
    """

    provider: str
    model: str
    local: bool
    quality: int | None = None
    input_usd: float | None = None
    output_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a strategy may look at beside the candidates: the request, who is healthy, and how many came before."""

    request: LLMRequest
    prompt_tokens: int
    healthy: Collection[Candidate]
    turn: int = 0


Strategy: TypeAlias = Callable[[tuple[Candidate, ...], Situation], tuple[Candidate, ...]]


class StrategyName(StrEnum):
    """The strategies that a configuration can name."""

    PRIMARY_WITH_FALLBACK = "primary_with_fallback"
    ROUND_ROBIN = "round_robin"
    COST_OPTIMIZED = "cost_optimized"
    QUALITY_FIRST = "quality_first"
    LOCAL_FIRST = "local_first"


def primary_with_fallback(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    """As configured: the first is asked, the others wait for its failure."""
    return _healthy_first(candidates, situation)


def round_robin(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    """Each request begins with the next candidate."""
    if not candidates:
        return ()
    first = situation.turn % len(candidates)
    return _healthy_first(candidates[first:] + candidates[:first], situation)


def cost_optimized(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    """The cheapest for this request first: its prompt's tokens in, its limit of tokens out."""
    return _healthy_first(tuple(sorted(candidates, key=lambda each: _cost_order(each, situation))), situation)


def quality_first(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    """The best tier first; unknown tiers last; the cheaper among equals."""

    def order(candidate: Candidate) -> tuple[int, tuple[int, float]]:
        return (-(candidate.quality if candidate.quality is not None else -1), _cost_order(candidate, situation))

    return _healthy_first(tuple(sorted(candidates, key=order)), situation)


def local_first(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    """Local models while they are healthy, then the others as configured."""
    return _healthy_first(tuple(sorted(candidates, key=lambda each: not each.local)), situation)


STRATEGIES: dict[StrategyName, Strategy] = {
    StrategyName.PRIMARY_WITH_FALLBACK: primary_with_fallback,
    StrategyName.ROUND_ROBIN: round_robin,
    StrategyName.COST_OPTIMIZED: cost_optimized,
    StrategyName.QUALITY_FIRST: quality_first,
    StrategyName.LOCAL_FIRST: local_first,
}
# Who looks at tiers: only for these is a tier that nobody set asked of the candidate's provider.
BY_QUALITY = frozenset({StrategyName.QUALITY_FIRST})


def cost_usd(candidate: Candidate, situation: Situation) -> float | None:
    """The most that this request can cost at `candidate`, in US dollars; None is unknown."""
    if candidate.local:
        return 0.0
    if candidate.input_usd is None or candidate.output_usd is None:
        return None
    tokens_in, tokens_out = situation.prompt_tokens, situation.request.max_output_tokens
    return (tokens_in * candidate.input_usd + tokens_out * candidate.output_usd) / 1_000_000


def _cost_order(candidate: Candidate, situation: Situation) -> tuple[int, float]:
    cost = cost_usd(candidate, situation)
    return (1, 0.0) if cost is None else (0, cost)


def _healthy_first(candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda each: each not in situation.healthy))
