"""What providers told of their models, remembered on disk with its age, and corrected by the person.

A provider whose facts are remembered is a provider itself. Asking a vendor's list of models belongs to its adapter.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley_providers.around import ProviderAround
from parley_providers.errors import ProviderError
from parley_providers.provider import ModelFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parley_providers.clock import Clock
    from parley_providers.provider import Provider

FRESH = timedelta(hours=24)
_KEPT = ("name", "window_tokens", "max_window_tokens", "digest", "family", "parameters", "quantization")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsOverride:
    """What the person says of a model; None leaves what its provider told."""

    window_tokens: int | None = None
    abilities: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a provider told of its models, and when."""

    at: datetime
    models: tuple[ModelFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFile:
    """The file at `path`, shared by processes. What is in it can always be asked again: a damaged file is no file."""

    path: Path

    def load(self, provider: str, origin: str) -> Told | None:
        """What was kept of a provider at an origin; None where nothing usable was."""
        try:
            kept = self._document()[f"{provider} at {origin}"]
            models = tuple(_from_json(each, provider) for each in kept["models"])
            return Told(at=datetime.fromisoformat(kept["at"]), models=models)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def save(self, provider: str, origin: str, told: Told) -> None:
        """Keep what a provider told, in place of what it told before; a disk that refuses only costs asking again."""
        document = self._document()
        document[f"{provider} at {origin}"] = {"at": told.at.isoformat(), "models": [_to_json(m) for m in told.models]}
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
            Path(name).replace(self.path)

    def _document(self) -> dict[str, Any]:
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}


@dataclass(slots=True)
class RememberingProvider(ProviderAround):
    """A provider whose models are asked for at most once a day, over restarts; see `Provider`.

    When it cannot be asked, what it told before stands, however old.
    """

    inner: Provider
    file: FactsFile
    clock: Clock
    overrides: Mapping[str, FactsOverride] = field(default_factory=dict)
    _told: Told | None = None

    @property
    def told_at(self) -> datetime | None:
        """When it told what `models` gave last; None before that."""
        return None if self._told is None else self._told.at

    async def models(self) -> tuple[ModelFacts, ...]:
        """See `Provider`."""
        if self._told is None:
            self._told = await asyncio.to_thread(self.file.load, self.name, self.origin)
        if self._told is None or not self._is_fresh(self._told):
            try:
                told = Told(at=self.clock.now(), models=await self.inner.models())
            except ProviderError:
                if self._told is None:
                    raise
                return self._corrected(self._told.models)
            self._told = told
            await asyncio.to_thread(self.file.save, self.name, self.origin, told)
        return self._corrected(self._told.models)

    async def facts(self, model: str) -> ModelFacts:
        """See `Provider`; a model that is not among those remembered is asked for."""
        with suppress(ProviderError):
            for facts in await self.models():
                if facts.name == model:
                    return facts
        return self._corrected((await self.inner.facts(model),))[0]

    def _is_fresh(self, told: Told) -> bool:
        """A clock that was set back makes it stale, too."""
        return timedelta(0) <= self.clock.now() - told.at < FRESH

    def _corrected(self, models: tuple[ModelFacts, ...]) -> tuple[ModelFacts, ...]:
        return tuple(overridden(each, self.overrides.get(each.name)) for each in models)


def overridden(facts: ModelFacts, override: FactsOverride | None) -> ModelFacts:
    """`facts` as the person corrected them."""
    if override is None:
        return facts
    return replace(
        facts,
        window_tokens=facts.window_tokens if override.window_tokens is None else override.window_tokens,
        window_setting=facts.window_setting if override.window_tokens is None else None,  # it would change nothing
        abilities=facts.abilities if override.abilities is None else override.abilities,
    )


def _to_json(facts: ModelFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in _KEPT} | {"abilities": sorted(facts.abilities)}


def _from_json(kept: dict[str, Any], provider: str) -> ModelFacts:
    abilities = frozenset(kept.get("abilities", ()))
    return ModelFacts(provider=provider, abilities=abilities, **{name: kept[name] for name in _KEPT})
