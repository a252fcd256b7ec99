"""What settings mean for choosing and paying models."""

import pytest

from parley_providers.adapters.scripted import ScriptedProvider
from parley_providers.remembered import FactsOverride
from parley_providers.spending import Limits
from parley_providers.strategies import Candidate, StrategyName
from parley_providers.strategy_router import Policy, RemotePolicy
from parley_providers.usage import Usage
from parley_server.config_file import ConfigError
from parley_server.policy import limits_of, overrides_of, policy_of, prices_of
from parley_server.settings import BudgetSettings, FactsSettings, PriceSettings, ProviderSettings, Settings

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
            Candidate(provider="box", model="qwen3:32b", local=False, quality=3, input_usd=1, output_usd=2),
        ),
    )


def test_a_vendors_candidate_has_the_vendors_price_and_the_persons_tier():
    """Nothing has to be configured to order candidates by cost; a tier of a vendor's model is the person's to say."""
    settings = Settings(
        candidates=("claude/claude-sonnet-4-5", "claude/unheard-of"),
        providers={"claude": ProviderSettings(kind="anthropic")},
        facts={"claude/claude-sonnet-4-5": FactsSettings(quality=9, window_tokens=50_000)},
    )
    providers = {"claude": ScriptedProvider((), name="claude", origin="https://api.anthropic.com")}
    assert policy_of(settings, providers).candidates == (
        Candidate(
            provider="claude",
            model="claude-sonnet-4-5",
            local=False,
            quality=9,
            input_usd=pytest.approx(3.0),
            output_usd=pytest.approx(15.0),
        ),
        Candidate(provider="claude", model="unheard-of", local=False),
    )
    assert overrides_of("claude", settings) == {"claude-sonnet-4-5": FactsOverride(window_tokens=50_000)}


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
