"""Which models there are, on disk and at running servers, and which of them a request would go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley_providers.errors import ProviderError
from parley_providers.models.growing import size_of
from parley_providers.requests import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parley_providers.chain import ProviderChain
    from parley_providers.models.catalog import Catalog, CatalogModel
    from parley_providers.models.store import ModelStore, State
    from parley_providers.provider import ModelFacts
    from parley_providers.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """A model for the embedded engine; `fetched_bytes` of it are here."""

    model: CatalogModel
    state: State
    fetched_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that can be asked. `route` is where a request without a model goes, None with the reason why not."""

    folder: Path
    catalog: tuple[CatalogRow, ...]
    served: tuple[ModelFacts, ...]
    route: Route | None
    why_no_route: str = ""

    def document(self) -> Mapping[str, object]:
        """The same as JSON."""
        return {
            "folder": str(self.folder),
            "embedded": [_row(row, self.is_used("embedded", row.model.name)) for row in self.catalog],
            "served": [
                {
                    "id": f"{facts.provider}/{facts.name}",
                    "digest": facts.digest,
                    "parameters": facts.parameters,
                    "quantization": facts.quantization,
                    "loaded": facts.loaded,
                    "used": self.is_used(facts.provider, facts.name),
                }
                for facts in self.served
            ],
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


async def overview(chain: ProviderChain, catalog: Catalog, store: ModelStore) -> Overview:
    """What there is now. Servers that are off are left out; nothing is started."""
    served = tuple(facts for facts in await chain.models() if facts.provider != "embedded")
    route, why_no_route = None, ""
    try:
        route = await chain.route(LLMRequest(messages=(), task_class="custom"))
    except ProviderError as error:
        why_no_route = str(error)
    rows = tuple(
        CatalogRow(model=model, state=store.state(model), fetched_bytes=_fetched(model, store))
        for model in catalog.models
    )
    return Overview(folder=store.root, catalog=rows, served=served, route=route, why_no_route=why_no_route)


def _fetched(model: CatalogModel, store: ModelStore) -> int:
    return model.size_bytes if store.state(model) == "installed" else size_of(store.partial(model))


def _row(row: CatalogRow, used: bool) -> Mapping[str, object]:  # noqa: FBT001 - one line of a document
    model = row.model
    return {
        "id": f"embedded/{model.name}",
        "title": model.title,
        "licence": model.licence,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "state": row.state,
        "fetched_bytes": row.fetched_bytes,
        "used": used,
    }
