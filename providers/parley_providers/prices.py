"""What a call costs: prices by genai-prices, or the person's own; unknown stays unknown, and local is free.

The library is imported at the first remote call only. Adding up and limiting what was spent belongs to `spending`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_providers.origins import is_loopback
from parley_providers.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price that the person configured, in US dollars for a million tokens."""

    input_usd: float
    output_usd: float


class Prices:
    """Prices of models.

    Args:
        overrides: The person's own prices by "provider/model", which win over the library's.
        vendors: genai-prices' provider id by our provider's name ("claude-work" → "anthropic"), where it differs.
    """

    def __init__(self, overrides: Mapping[str, Price] | None = None, vendors: Mapping[str, str] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._vendors = dict(vendors or {})

    def price(self, *, provider: str, model: str) -> Price | None:
        """What a million tokens cost there, at the rate of a short prompt; None is unknown."""
        own = self._overrides.get(f"{provider}/{model}")
        if own is not None:
            return own
        vendor = self._vendors.get(provider, provider)
        input_usd = _library_cost_usd(vendor, model, Usage(prompt_tokens=1000, output_tokens=0))
        output_usd = _library_cost_usd(vendor, model, Usage(prompt_tokens=0, output_tokens=1000))
        if input_usd is None or output_usd is None:
            return None
        return Price(input_usd=input_usd * 1000, output_usd=output_usd * 1000)

    def cost_usd(self, *, provider: str, origin: str, model: str, usage: Usage) -> float | None:
        """What `usage` costs in US dollars; None where the price or the token counts are unknown."""
        if is_loopback(origin):
            return 0.0
        if usage.prompt_tokens is None or usage.output_tokens is None:
            return None
        own = self._overrides.get(f"{provider}/{model}")
        if own is not None:
            return (usage.prompt_tokens * own.input_usd + usage.output_tokens * own.output_usd) / 1_000_000
        return _library_cost_usd(self._vendors.get(provider, provider), model, usage)


def window_tokens(vendor: str, model: str) -> int | None:
    """How many tokens a model of a vendor reads at most, as the library of prices knows it; None is unknown."""
    from genai_prices.data import providers

    for provider in providers:
        if provider.id == vendor:
            found = provider.find_model(model)
            return None if found is None else found.context_window
    return None


def _library_cost_usd(vendor: str, model: str, usage: Usage) -> float | None:
    import genai_prices

    spent = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_prompt_tokens,
        cache_write_tokens=usage.written_prompt_tokens,
    )
    try:
        return float(genai_prices.calc_price(spent, model, provider_id=vendor).total_price)
    except (LookupError, ValueError):
        return None
