"""The router of a person's policy: a strategy orders the candidates, the policy says when a remote one may be asked.

What this machine has is found by the `local` router; the order is made by `strategies`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, assert_never

from parley_providers.errors import NoModelError
from parley_providers.route import Route
from parley_providers.spending import worst_case
from parley_providers.strategies import BY_QUALITY, STRATEGIES, Candidate, Situation, StrategyName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.requests import LLMRequest
    from parley_providers.route import Router


TierOf: TypeAlias = Callable[[Candidate], Awaitable[int | None]]


class RemotePolicy(StrEnum):
    """When a remote candidate may be asked: never, only after every local one failed, or as the strategy orders."""

    NEVER = "never"
    FALLBACK = "fallback"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the person decided about choosing models.

    `models` names a model for each task class that has one of its own, `model` the one for all others. `candidates` are
    whom the strategy may ask, in the person's order; with none, what this machine has.
    """

    strategy: StrategyName = StrategyName.LOCAL_FIRST
    remote: RemotePolicy = RemotePolicy.NEVER
    model: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()


class StrategyRouter:
    """Routes by a `Policy`.

    Args:
        policy: What the person decided.
        local: Finds what this machine has, and looks up a model by name.
        healthy: Whether a candidate's breaker would let a call through now.
        tier: What a candidate's provider tells of its quality; None is unknown.
    """

    def __init__(
        self, policy: Policy, local: Router, healthy: Callable[[Candidate], bool], tier: TierOf | None = None
    ) -> None:
        self._policy = policy
        self._local = local
        self._healthy = healthy
        self._tier = tier
        self._tiers: dict[Candidate, int | None] = {}
        self._turn = 0

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        """See `Router`. A model that the request names is the only one that is asked."""
        if request.model is not None:
            return await self._local.routes(request)
        named = self._policy.models.get(request.task_class, self._policy.model)
        first: tuple[Route, ...] = ()
        if named is not None:
            (route,) = await self._local.routes(replace(request, model=named))
            first = (replace(route, reason="configured", why=f"{named} is the configured model."),)
        others = await self._ordered(request, need_one=not first)
        taken = {(route.provider, route.model) for route in first}
        return (*first, *(route for route in others if (route.provider, route.model) not in taken))

    async def _ordered(self, request: LLMRequest, *, need_one: bool) -> tuple[Route, ...]:
        policy = self._policy
        if not policy.candidates:
            return await self._local.routes(request) if need_one else ()
        candidates = await self._graded(_allowed(policy.candidates, policy.remote))
        situation = Situation(
            request=request,
            prompt_tokens=worst_case(request).prompt_tokens or 0,
            healthy=[each for each in candidates if self._healthy(each)],
            turn=self._turn,
        )
        self._turn += 1
        ordered = _allowed(STRATEGIES[policy.strategy](candidates, situation), policy.remote)
        if not ordered and need_one:
            raise NoModelError(
                "Every candidate is remote, and `remote` is `never`, so nothing was sent. Set `remote: fallback` or "
                "`remote: allowed`, or name a local model among the candidates."
            )
        return tuple(_route(each, position, policy.strategy) for position, each in enumerate(ordered))

    async def _graded(self, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """The candidates with their tiers, for a strategy that looks at them.

        One elsewhere is asked once only: a vendor that cannot be reached would make each request wait.
        """
        if self._tier is None or self._policy.strategy not in BY_QUALITY:
            return candidates
        for each in candidates:
            known = each.quality is not None or self._tiers.get(each) is not None
            if not known and (each.local or each not in self._tiers):
                self._tiers[each] = await self._tier(each)
        return tuple(replace(each, quality=self._tiers.get(each, each.quality)) for each in candidates)


def _allowed(ordered: tuple[Candidate, ...], remote: RemotePolicy) -> tuple[Candidate, ...]:
    match remote:
        case RemotePolicy.NEVER:
            return tuple(each for each in ordered if each.local)
        case RemotePolicy.FALLBACK:
            return tuple(sorted(ordered, key=lambda each: not each.local))
        case RemotePolicy.ALLOWED:
            return ordered
        case unknown:
            assert_never(unknown)


def _route(candidate: Candidate, position: int, strategy: StrategyName) -> Route:
    where = "on this machine" if candidate.local else "remote"
    why = f"{candidate.provider}/{candidate.model} ({where}) is number {position + 1} by {strategy.value}."
    return Route(provider=candidate.provider, model=candidate.model, reason=strategy.value, why=why)
