"""What the settings mean for choosing and paying models: pure conversions from `settings` to the providers' values."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parley_providers.origins import is_loopback
from parley_providers.prices import Price, Prices
from parley_providers.remembered import FactsOverride
from parley_providers.routing import tier_of
from parley_providers.spending import Limits
from parley_providers.strategies import Candidate
from parley_providers.strategy_router import Policy
from parley_server.config_file import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.provider import Provider
    from parley_server.settings import ProviderSettings, Settings


def policy_of(settings: Settings, providers: Mapping[str, Provider]) -> Policy:
    """Whom the strategy may ask, and when a remote one may be.

    Raises:
        ConfigError: a candidate's provider is not configured.
    """
    return Policy(
        strategy=settings.strategy,
        remote=settings.remote,
        model=settings.model,
        models=settings.models,
        candidates=tuple(_candidate(name, settings, providers) for name in settings.candidates),
    )


def limits_of(settings: Settings) -> Limits:
    """The most that may be spent."""
    budget = settings.budget
    return Limits(request_usd=budget.request_usd, session_usd=budget.session_usd, day_usd=budget.day_usd)


def prices_of(settings: Settings) -> Prices:
    """The person's own prices, and under which vendor's name each of their providers is priced."""
    own = {
        name: Price(input_usd=price.input_usd, output_usd=price.output_usd) for name, price in settings.prices.items()
    }
    return Prices(own, {name: _priced_as(provider) for name, provider in settings.providers.items()})


def _priced_as(provider: ProviderSettings) -> str:
    """Under which name the library of prices knows a provider's vendor."""
    if provider.kind == "gemini":
        return "google"
    host = urlsplit(provider.url or "").hostname or ""
    return "openrouter" if host == "openrouter.ai" else provider.kind


def _candidate(name: str, settings: Settings, providers: Mapping[str, Provider]) -> Candidate:
    provider_name, _, model = name.partition("/")
    provider = providers.get(provider_name)
    if provider is None:
        raise ConfigError(
            f"candidates: {name!r} names the provider {provider_name!r}, which is not configured. There are: "
            f"{', '.join(sorted(providers))}. Name it under `providers` first."
        )
    local = is_loopback(provider.origin)
    facts = settings.facts.get(name)
    usual = None if local else prices_of(settings).price(provider=provider_name, model=model)
    return Candidate(
        provider=provider_name,
        model=model,
        local=local,
        quality=tier_of(model) if facts is None or facts.quality is None else facts.quality,
        input_usd=usual.input_usd if usual else None,
        output_usd=usual.output_usd if usual else None,
    )


def overrides_of(provider: str, settings: Settings) -> dict[str, FactsOverride]:
    """What the person says of a provider's models, by the model's name."""
    return {
        name.removeprefix(f"{provider}/"): FactsOverride(window_tokens=facts.window_tokens, abilities=facts.abilities)
        for name, facts in settings.facts.items()
        if name.startswith(f"{provider}/")
    }
