"""A provider whose model facts the person corrected; what it tells is asked anew each time, as of a server nearby.

Remembering what a provider elsewhere told belongs to `remembered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_providers.around import ProviderAround
from parley_providers.remembered import overridden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.provider import ModelFacts, Provider
    from parley_providers.remembered import FactsOverride


@dataclass(frozen=True, slots=True)
class CorrectedProvider(ProviderAround):
    """A provider, but for what `overrides` say of its models by their names; see `Provider`."""

    inner: Provider
    overrides: Mapping[str, FactsOverride]

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        return tuple([overridden(each, self.overrides.get(each.name)) for each in await self.inner.models()])

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`."""
        facts = await self.inner.facts(model)
        return overridden(facts, self.overrides.get(facts.name))
