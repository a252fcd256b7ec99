"""What settings mean for choosing and paying models."""

import pytest

from parley_providers.adapters.scripted import ScriptedProvider
from parley_providers.spending import Limits
from parley_providers.strategies import Candidate, StrategyName
from parley_providers.strategy_router import Policy, RemotePolicy
from parley_providers.usage import Usage
from parley_server.config_file import ConfigError
from parley_server.policy import limits_of, policy_of, prices_of
from parley_server.settings import BudgetSettings, PriceSettings, ProviderSettings, Settings

PROVIDERS = {
    "embedded": ScriptedProvider((), name="embedded"),
    "box": ScriptedProvider((), name="box", origin="https://box.example.com"),
}
SETTINGS = Settings(
    strategy=StrategyName.COST_OPTIMIZED,
    remote=RemotePolicy.FALLBACK,
    models={"explain": "embedded/small"},
    candidates=("embedded/small", "box/qwen3:32b"),
    providers={"box": ProviderSettings(kind="ollama", url="https://box.example.com")},
    prices={"box/qwen3:32b": PriceSettings(input_usd=1, output_usd=2)},
    budget=BudgetSettings(day_usd=5),
)


def test_candidates_know_where_they_are_and_what_they_cost():
    """Local is what answers on loopback; the person's own price goes along."""
    assert policy_of(SETTINGS, PROVIDERS) == Policy(
        strategy=StrategyName.COST_OPTIMIZED,
        remote=RemotePolicy.FALLBACK,
        models={"explain": "embedded/small"},
        candidates=(
            Candidate(provider="embedded", model="small", local=True),
            Candidate(provider="box", model="qwen3:32b", local=False, input_usd=1, output_usd=2),
        ),
    )


def test_a_candidate_of_an_unknown_provider_is_told_with_what_there_is():
    """A key found in the environment makes no provider: it must be named."""
    with pytest.raises(ConfigError, match=r"'anthropic', which is not configured\. There are: box, embedded\."):
        policy_of(Settings(candidates=("anthropic/claude",)), PROVIDERS)


def test_limits_and_prices_are_the_persons():
    """A provider is priced by its kind unless the person has a price."""
    usage = Usage(prompt_tokens=1_000_000, output_tokens=1_000_000)
    cost = prices_of(SETTINGS).cost_usd(
        provider="box", origin="https://box.example.com", model="qwen3:32b", usage=usage
    )
    assert (limits_of(SETTINGS), cost) == (Limits(day_usd=5), 3.0)
