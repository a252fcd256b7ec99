"""Routes by a person's policy."""

from dataclasses import dataclass

import pytest

from parley_providers.errors import NoModelError
from parley_providers.messages import user
from parley_providers.requests import LLMRequest
from parley_providers.route import Route
from parley_providers.strategies import Candidate, StrategyName
from parley_providers.strategy_router import Policy, RemotePolicy, StrategyRouter

REQUEST = LLMRequest(messages=(user("hi"),), task_class="explain")
LOCAL = Candidate(provider="embedded", model="small", local=True)
CLOUD = Candidate(provider="cloud", model="large", local=False)
FOUND = Route(provider="ollama", model="found", reason="found", why="It runs.")


@dataclass
class Machine:
    """What the machine has: one found model; a named one is looked up by splitting its name."""

    async def routes(self, request: LLMRequest) -> tuple[Route, ...]:
        if request.model is None:
            return (FOUND,)
        provider, _, model = request.model.partition("/")
        return (Route(provider=provider, model=model, reason="requested", why="You asked for it."),)


async def told(
    policy: Policy, request: LLMRequest = REQUEST, sick: tuple[Candidate, ...] = ()
) -> list[tuple[str, str]]:
    routes = await StrategyRouter(policy, Machine(), lambda each: each not in sick).routes(request)
    return [(route.provider, route.reason) for route in routes]


async def test_without_candidates_the_machine_decides():
    """Nothing needs to be configured."""
    assert await told(Policy()) == [("ollama", "found")]


async def test_a_model_named_by_the_request_is_the_only_one_asked():
    """Whoever names a model gets that one or an error."""
    request = LLMRequest(messages=(), task_class="explain", model="cloud/large")
    assert await told(Policy(candidates=(LOCAL,)), request) == [("cloud", "requested")]


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (RemotePolicy.NEVER, ["embedded"]),
        (RemotePolicy.FALLBACK, ["embedded", "cloud"]),
        (RemotePolicy.ALLOWED, ["cloud", "embedded"]),
    ],
)
async def test_the_policy_says_when_a_remote_model_may_be_asked(remote, expected):
    """Though the person's order puts it first."""
    policy = Policy(strategy=StrategyName.PRIMARY_WITH_FALLBACK, remote=remote, candidates=(CLOUD, LOCAL))
    assert [provider for provider, _ in await told(policy)] == expected


async def test_the_best_is_asked_first_by_what_providers_tell_of_their_weights():
    """Where the person set no tier; who cannot tell stands last, and one elsewhere is asked about it once."""
    small, large, unheard = (Candidate(provider="box", model=name, local=True) for name in ("s", "l", "u"))
    away = Candidate(provider="cloud", model="a", local=False)
    asked = []

    async def tier(candidate):
        asked.append(candidate.model)
        return {"s": 1, "l": 3}.get(candidate.model)

    def graded(strategy):
        policy = Policy(strategy=strategy, remote=RemotePolicy.ALLOWED, candidates=(unheard, small, away, large))
        return StrategyRouter(policy, Machine(), lambda _: True, tier)

    router = graded(StrategyName.QUALITY_FIRST)
    orders = [[route.model for route in await router.routes(REQUEST)] for _ in range(2)]
    assert (orders, asked) == ([["l", "s", "u", "a"]] * 2, ["u", "s", "a", "l", "u"])
    await graded(StrategyName.ROUND_ROBIN).routes(REQUEST)
    assert len(asked) == 5


async def test_a_local_model_that_is_sick_still_comes_before_a_remote_fallback():
    """Remote only after every local one, whatever the breakers say."""
    policy = Policy(remote=RemotePolicy.FALLBACK, candidates=(CLOUD, LOCAL))
    assert [provider for provider, _ in await told(policy, sick=(LOCAL,))] == ["embedded", "cloud"]


async def test_a_configured_model_comes_first_and_the_candidates_wait():
    """A task class may have a model of its own; nobody is asked twice."""
    policy = Policy(model="embedded/small", models={"refactor": "cloud/large"}, candidates=(LOCAL,))
    refactor = LLMRequest(messages=(), task_class="refactor")
    assert await told(policy) == [("embedded", "configured")]
    assert await told(policy, refactor) == [("cloud", "configured"), ("embedded", "local_first")]


async def test_only_remote_candidates_and_never_remote_is_told():
    """Nothing is sent, and the message names the setting."""
    with pytest.raises(NoModelError, match="`remote: fallback`"):
        await told(Policy(candidates=(CLOUD,)))


async def test_round_robin_moves_on_with_each_request():
    """The router counts."""
    policy = Policy(strategy=StrategyName.ROUND_ROBIN, remote=RemotePolicy.ALLOWED, candidates=(CLOUD, LOCAL))
    router = StrategyRouter(policy, Machine(), lambda each: True)
    firsts = [(await router.routes(REQUEST))[0].provider for _ in range(3)]
    assert firsts == ["cloud", "embedded", "cloud"]
