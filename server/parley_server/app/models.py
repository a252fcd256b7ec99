"""The way to every model: the chain, its providers and their keys, and what is known of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from parley_server.app.keeping import model_store, project_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from parley_profiling.stores import CallStore
    from parley_providers.chain import ProviderChain
    from parley_providers.engine.embedded import EmbeddedProvider
    from parley_providers.engine.spec import EngineSettings
    from parley_providers.models.catalog import Catalog
    from parley_providers.provider import Provider
    from parley_providers.records import CallObserver
    from parley_providers.requests import Deadlines
    from parley_providers.route import Router
    from parley_providers.strategies import Candidate
    from parley_providers.strategy_router import TierOf
    from parley_server.access import Access
    from parley_server.settings import Settings


def build_chain(settings: Settings, store: CallStore, observer: CallObserver | None = None) -> ProviderChain:
    """The chain of every provider that is configured. Nothing is started or asked before the first request.

    Calls are told to `observer`, or to the store, which keeps breakers and knows what was spent.

    Whoever builds it closes it: that ends the embedded engine.
    """
    from uuid import uuid4

    from parley_profiling.stores import default_path
    from parley_providers.adapters.ollama import OllamaProvider, OllamaSettings
    from parley_providers.breaker import BreakerKey, Breakers
    from parley_providers.chain import ProviderChain
    from parley_providers.clock import SYSTEM_CLOCK
    from parley_providers.engine.memory import available_bytes
    from parley_providers.measure import Instruments
    from parley_providers.origins import is_loopback
    from parley_providers.remembered import FactsFile, RememberingProvider
    from parley_providers.resilience import Resilience
    from parley_providers.routing import Choices, LocalRouter
    from parley_providers.spending import Spending
    from parley_providers.strategy_router import StrategyRouter
    from parley_server.hardware import hardware_name
    from parley_server.named import build_named
    from parley_server.policy import limits_of, overrides_of, policy_of, prices_of

    embedded = build_embedded(settings)
    access = build_access(settings)
    told = FactsFile(path=default_path().parent / "model-facts.json")
    windows = OllamaSettings.with_window(settings.ollama.context)
    keyed = {name: build_named(name, chosen, access, windows) for name, chosen in settings.providers.items()}
    named = tuple(
        RememberingProvider(each, told, SYSTEM_CLOCK, overrides_of(each.name, settings))
        if not is_loopback(each.origin)
        else _corrected(each, settings)
        for each in keyed.values()
    )
    ollama = OllamaProvider(settings.ollama.url, settings=windows)
    found = () if "ollama" in settings.providers else (_corrected(ollama, settings),)
    providers: tuple[Provider, ...] = (embedded, *found, *named)
    by_name = {each.name: each for each in providers}
    breakers = Breakers(clock=SYSTEM_CLOCK, store=store)
    local = LocalRouter(
        servers=tuple(each for each in providers[1:] if is_loopback(each.origin)),
        remote=tuple(each for each in providers[1:] if not is_loopback(each.origin)),
        embedded=embedded,
        choices=Choices(embedded_model=settings.embedded.model),
        available_bytes=available_bytes,
        advice=how_to_get_a_model(),
    )

    def healthy(candidate: Candidate) -> bool:
        provider = by_name[candidate.provider]
        return breakers.admits(BreakerKey(provider=provider.name, origin=provider.origin, model=candidate.model))

    async def renewed(provider: str) -> bool:
        return provider in keyed and await keyed[provider].renewed()

    router = StrategyRouter(policy_of(settings, by_name), local, healthy, _tiers_of(by_name))
    instruments = Instruments(
        clock=SYSTEM_CLOCK,
        new_id=lambda: uuid4().hex,
        observer=observer or store,
        hardware=hardware_name(),
        prices=prices_of(settings),
        session_id=uuid4().hex,
    )
    spending = Spending(limits=limits_of(settings), clock=SYSTEM_CLOCK, ledger=store)
    resilience = Resilience(breakers=breakers, spending=spending, deadlines=deadlines_of(settings), renewed=renewed)
    return ProviderChain(providers, router, instruments, resilience)


def _tiers_of(providers: Mapping[str, Provider]) -> TierOf:
    """Tells a candidate's tier by what its provider knows of the model's weights."""
    from parley_providers.errors import ProviderError
    from parley_providers.routing import tier_told

    async def tier(candidate: Candidate) -> int | None:
        try:
            return tier_told(await providers[candidate.provider].facts(candidate.model))
        except ProviderError:
            return None

    return tier


def _corrected(provider: Provider, settings: Settings) -> Provider:
    """A provider of this machine, which is asked anew each time, with what the person knows better of its models."""
    from parley_providers.corrected import CorrectedProvider
    from parley_server.policy import overrides_of

    overrides = overrides_of(provider.name, settings)
    return CorrectedProvider(provider, overrides) if overrides else provider


def build_scripted_chain(script: Path, observer: CallObserver, read_settings: Callable[[], Settings]) -> ProviderChain:
    """A chain whose one provider gives the answers of a script; with models that are chosen where the script has some.

    Raises:
        BadRequestError: the script cannot be read.
    """
    from uuid import uuid4

    from parley_providers.adapters.script_file import read_script
    from parley_providers.adapters.scripted import ScriptedProvider, scripted_model
    from parley_providers.chain import ProviderChain
    from parley_providers.clock import SYSTEM_CLOCK
    from parley_providers.measure import Instruments
    from parley_providers.route import FixedRouter, Route

    answers = read_script(script)
    names = dict.fromkeys(each.model for each in answers if each.model is not None)
    provider = ScriptedProvider(answers, models=tuple(scripted_model("scripted", name) for name in names))
    route = Route(provider=provider.name, model="script", reason="configured", why=f"Answers come from {script}.")
    router: Router = _chosen_of(provider, read_settings()) if names else FixedRouter(route)
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: uuid4().hex, observer=observer)
    return ProviderChain((provider,), router, instruments)


def _chosen_of(provider: Provider, settings: Settings) -> Router:
    """Routes to the models of one provider on this machine, as the person's settings name them."""
    from parley_providers.routing import Choices, LocalRouter
    from parley_providers.strategy_router import Policy, StrategyRouter

    local = LocalRouter(servers=(), embedded=provider, choices=Choices(), available_bytes=lambda: 0, advice="")
    return StrategyRouter(Policy(model=settings.model, models=settings.models), local, lambda _: True)


def build_access(settings: Settings | None = None) -> Access:
    """The keys of the person's providers.

    Raises:
        ConfigError: the settings cannot be used; the message says where and why.
    """
    from parley_providers.key_store import KeyringStore
    from parley_server.access import Access
    from parley_server.config import user_path

    wanted = settings or current_settings()
    return Access(settings=wanted, path=user_path(), environment=os.environ, store=KeyringStore())


def build_embedded(settings: Settings) -> EmbeddedProvider:
    """The provider of downloaded models, its engine asleep."""
    from parley_providers.engine.embedded import EmbeddedProvider
    from parley_providers.engine.supervisor import Engine
    from parley_providers.models.catalog import load_catalog

    engine_settings = engine_settings_of(settings)
    return EmbeddedProvider(
        Engine(idle_s=engine_settings.idle_s), load_catalog(), model_store(settings), engine_settings
    )


def engine_settings_of(settings: Settings) -> EngineSettings:
    """How the embedded engine runs under these settings."""
    from parley_providers.engine.spec import EngineSettings

    chosen = settings.embedded
    return EngineSettings(
        context_tokens=chosen.context,
        threads=chosen.threads,
        idle_s=None if chosen.idle_minutes is None else chosen.idle_minutes * 60,
    )


def deadlines_of(settings: Settings) -> Deadlines:
    """How long to wait for a model under these settings."""
    from parley_providers.requests import Deadlines

    return Deadlines(**settings.timeouts.model_dump())


def current_settings() -> Settings:
    """The settings of this process, read now.

    Raises:
        ConfigError: they cannot be used; the message says where and why.
    """
    from parley_server.config import load_settings

    return load_settings(project=project_at().entries)


def catalog() -> Catalog:
    """The models that the embedded engine can run."""
    from parley_providers.models.catalog import load_catalog

    return load_catalog()


def how_to_get_a_model(*, has_engine: bool | None = None) -> str:
    """What a person without any model is told: one that is fetched does not help who has no engine to run it.

    Args:
        has_engine: Whether the embedded engine is installed; None looks.
    """
    from parley_providers.engine.embedded import INSTALL_ENGINE, engine_is_installed

    known = catalog()
    model = known.get(known.default)
    is_there = engine_is_installed() if has_engine is None else has_engine
    fetch = "Fetch one" if is_there else f"Install the embedded engine: {INSTALL_ENGINE}. Then fetch a model"
    return (
        f"{fetch} ({model.size_bytes / 1e9:.1f} GB, {model.licence}): parley models pull {model.name}. "
        "Or start Ollama with a coder model: ollama pull qwen2.5-coder:1.5b"
    )
