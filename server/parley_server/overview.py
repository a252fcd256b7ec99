"""Which models there are, on disk, at running servers and at vendors, what is known of each, and which one answers.

How it is printed belongs to `cli.models`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_providers.errors import ProviderError
from parley_providers.models.growing import size_of
from parley_providers.origins import is_loopback
from parley_providers.prices import Price
from parley_providers.provider import ModelFacts
from parley_providers.remembered import RememberingProvider
from parley_providers.requests import LLMRequest
from parley_providers.routing import tier_told
from parley_server.policy import prices_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from parley_providers.chain import ProviderChain
    from parley_providers.models.catalog import Catalog, CatalogModel
    from parley_providers.models.store import ModelStore, State
    from parley_providers.provider import Provider
    from parley_providers.route import Route
    from parley_server.settings import Settings

YOURS = "your settings"
BY_WEIGHTS = "its weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a model beside its facts: a tier of quality (higher is better), its price, and who says so.

    `tier_by` is the person's settings or the model's weights; None with an unknown tier. `price` is in US dollars for a
    million tokens, None is unknown; nothing is paid for what is `local`. `corrected`: the person set facts of it.
    """

    tier: int | None
    tier_by: str | None
    local: bool
    price: Price | None = None
    corrected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """A model for the embedded engine; `fetched_bytes` of it are here."""

    model: CatalogModel
    state: State
    fetched_bytes: int
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRow:
    """A model that a server has; `told_at` is when its provider told so, None: it was asked just now."""

    facts: ModelFacts
    standing: Standing
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that can be asked. `route` is where a request without a model goes, None with the reason why not.

    `silent` says of each provider that was looked at and told nothing, why.
    """

    folder: Path
    catalog: tuple[CatalogRow, ...]
    served: tuple[ServedRow, ...]
    route: Route | None
    why_no_route: str = ""
    silent: tuple[str, ...] = ()

    def document(self) -> Mapping[str, object]:
        """The same as JSON."""
        return {
            "folder": str(self.folder),
            "embedded": [_row(row, self.is_used("embedded", row.model.name)) for row in self.catalog],
            "served": [_served(row, self.is_used(row.facts.provider, row.facts.name)) for row in self.served],
            "silent": list(self.silent),
            "route": None
            if self.route is None
            else {
                "id": f"{self.route.provider}/{self.route.model}",
                "reason": self.route.reason,
                "why": self.route.why,
            },
            "why_no_route": self.why_no_route or None,
        }

    def is_used(self, provider: str, model: str) -> bool:
        """Whether requests go to this model."""
        return self.route is not None and (self.route.provider, self.route.model) == (provider, model)


async def overview(
    chain: ProviderChain, catalog: Catalog, store: ModelStore, settings: Settings, *, remote: bool = False
) -> Overview:
    """What there is now on this machine, and with `remote` at the vendors that the person named. Nothing is started.

    Servers on this machine that are off are left out.
    """
    served: list[ServedRow] = []
    silent: list[str] = []
    for provider in chain.providers:
        local = is_loopback(provider.origin)
        if provider.name == "embedded" or not (local or remote) or (local and not await provider.is_available()):
            continue
        try:
            found = await provider.models()
        except ProviderError as error:
            silent.append(str(error))
            continue
        told_at = provider.told_at if isinstance(provider, RememberingProvider) else None
        served += [
            ServedRow(facts=each, standing=_standing(each, settings, provider), told_at=told_at) for each in found
        ]
    route, why_no_route = None, ""
    try:
        route = await chain.route(LLMRequest(messages=(), task_class="custom"))
    except ProviderError as error:
        why_no_route = str(error)
    return Overview(
        folder=store.root,
        catalog=tuple(_catalog_row(model, store, settings) for model in catalog.models),
        served=tuple(served),
        route=route,
        why_no_route=why_no_route,
        silent=tuple(silent),
    )


def _standing(facts: ModelFacts, settings: Settings, provider: Provider | None) -> Standing:
    own = settings.facts.get(f"{facts.provider}/{facts.name}")
    by_weights = tier_told(facts)
    yours = None if own is None else own.quality
    tier = by_weights if yours is None else yours
    local = provider is None or is_loopback(provider.origin)
    return Standing(
        tier=tier,
        tier_by=None if tier is None else BY_WEIGHTS if yours is None else YOURS,
        local=local,
        price=None if local else prices_of(settings).price(provider=facts.provider, model=facts.name),
        corrected=own is not None and (own.window_tokens is not None or own.abilities is not None),
    )


def _catalog_row(model: CatalogModel, store: ModelStore, settings: Settings) -> CatalogRow:
    state = store.state(model)
    facts = ModelFacts(name=model.name, provider="embedded", parameters=model.parameters)
    return CatalogRow(
        model=model,
        state=state,
        fetched_bytes=model.size_bytes if state == "installed" else size_of(store.partial(model)),
        standing=_standing(facts, settings, None),
    )


def _served(row: ServedRow, used: bool) -> Mapping[str, object]:  # noqa: FBT001 - one line of a document
    facts = row.facts
    return {
        "id": f"{facts.provider}/{facts.name}",
        "digest": facts.digest,
        "parameters": facts.parameters,
        "quantization": facts.quantization,
        "window_tokens": facts.window_tokens,
        "max_window_tokens": facts.max_window_tokens,
        "abilities": sorted(facts.abilities),
        "loaded": facts.loaded,
        **_standing_document(row.standing),
        "told_at": None if row.told_at is None else row.told_at.isoformat(),
        "used": used,
    }


def _row(row: CatalogRow, used: bool) -> Mapping[str, object]:  # noqa: FBT001 - one line of a document
    model = row.model
    return {
        "id": f"embedded/{model.name}",
        "title": model.title,
        "licence": model.licence,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "max_window_tokens": model.max_window_tokens,
        "abilities": list(model.abilities),
        **_standing_document(row.standing),
        "state": row.state,
        "fetched_bytes": row.fetched_bytes,
        "used": used,
    }


def _standing_document(standing: Standing) -> Mapping[str, object]:
    free = Price(input_usd=0.0, output_usd=0.0) if standing.local else standing.price
    return {
        "tier": standing.tier,
        "tier_by": standing.tier_by,
        "input_usd_per_million": None if free is None else free.input_usd,
        "output_usd_per_million": None if free is None else free.output_usd,
        "corrected_by_you": standing.corrected,
    }
