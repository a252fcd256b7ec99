"""The composition root: the only module that builds concrete stores, adapters and the engine, and joins them.

Front ends ask it for services; nothing else imports it.
"""

from __future__ import annotations

import os
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from parley_events.store import EventStore
    from parley_events.store import Instruments as EventInstruments
    from parley_profiling.stores import CallStore, Selection
    from parley_providers.chain import ProviderChain
    from parley_providers.engine.embedded import EmbeddedProvider
    from parley_providers.models.catalog import Catalog
    from parley_providers.models.store import ModelStore
    from parley_providers.provider import Provider
    from parley_providers.records import CallObserver, CallRecord
    from parley_providers.strategies import Candidate
    from parley_server.access import Access
    from parley_server.application import Application
    from parley_server.checkup.findings import Finding
    from parley_server.config_file import WrittenChoice
    from parley_server.overview import Overview
    from parley_server.settings import Settings


def build_application(scripted: Path | None = None, given: Mapping[str, object] | None = None) -> Application:
    """Parley's services; `given` are settings of the command line, by dotted key.

    With `scripted`, every answer comes from that script instead of a model.
    """
    from parley_server.application import Application

    def chain(store: CallStore) -> ProviderChain:
        if scripted is not None:
            return build_scripted_chain(scripted, store)
        from parley_server.config import load_settings

        return build_chain(load_settings(given), store)

    def records(model: str | None, task: str | None) -> tuple[CallRecord, ...]:
        from parley_profiling.stores import Selection

        return call_records(Selection(model=model, task_class=task))

    return Application(
        open_store=open_call_store, build_chain=chain, read_records=records, open_events=open_event_store
    )


def open_event_store(named: str | None = None, *, read_only: bool = False) -> AbstractAsyncContextManager[EventStore]:
    """The event store; opened by `async with`.

    Args:
        named: A file, or a `postgresql://` address; None is what `PARLEY_EVENTS` names, else a file in the user's data
            folder.
        read_only: Open it only to read.
    """
    from random import Random

    from parley_agent.secrets import masked
    from parley_events.ids import id_maker
    from parley_events.store import Instruments
    from parley_providers.clock import SYSTEM_CLOCK

    place = named or os.environ.get("PARLEY_EVENTS") or default_event_file()
    chance = Random().getrandbits  # noqa: S311 - ids must be apart, not secret, and the system's entropy is slow
    instruments = Instruments(now=SYSTEM_CLOCK.now, new_id=id_maker(SYSTEM_CLOCK.now, chance), redact=masked)
    if isinstance(place, str) and place.startswith(("postgresql://", "postgres://")):
        return _postgres_store(place, instruments)
    from pathlib import Path

    from parley_events.stores.sqlite import SqliteStore

    return SqliteStore(Path(place).expanduser(), instruments, read_only=read_only)


def default_event_file() -> Path:
    """Where events are kept unless something else is named: beside the records of calls."""
    from parley_profiling.stores import default_path

    return default_path().parents[1] / "events" / "events.db"


def _postgres_store(address: str, instruments: EventInstruments) -> AbstractAsyncContextManager[EventStore]:
    from parley_events.errors import StoreUnusableError

    try:
        from parley_events.stores.postgres import PostgresStore
    except ImportError as error:
        raise StoreUnusableError(
            "Events in PostgreSQL need one more package: pip install 'parley-ls[postgres]'"
        ) from error
    return PostgresStore(address, instruments)


def build_scripted_chain(script: Path, observer: CallObserver) -> ProviderChain:
    """A chain whose one provider gives the answers of a script.

    Raises:
        BadRequestError: the script cannot be read.
    """
    from uuid import uuid4

    from parley_providers.adapters.script_file import read_script
    from parley_providers.adapters.scripted import ScriptedProvider
    from parley_providers.chain import ProviderChain
    from parley_providers.clock import SYSTEM_CLOCK
    from parley_providers.measure import Instruments
    from parley_providers.route import FixedRouter, Route

    provider = ScriptedProvider(read_script(script))
    route = Route(provider=provider.name, model="script", reason="configured", why=f"Answers come from {script}.")
    instruments = Instruments(clock=SYSTEM_CLOCK, new_id=lambda: uuid4().hex, observer=observer)
    return ProviderChain((provider,), FixedRouter(route), instruments)


def open_call_store() -> CallStore:
    """Where the records of calls go. Whoever opens it closes it at the end, so that the last records are written."""
    from parley_profiling.stores import CallStore, default_path
    from parley_providers.clock import SYSTEM_CLOCK

    return CallStore(default_path(), clock=SYSTEM_CLOCK)


def call_records(selection: Selection | None = None) -> tuple[CallRecord, ...]:
    """The kept records of calls, oldest first.

    Raises:
        StoreError: they cannot be read; the message says what to do.
    """
    from parley_profiling.stores import default_path, read_calls

    return read_calls(default_path(), selection)


async def look_at_everything() -> tuple[Finding, ...]:
    """All that `parley doctor` looks at, in the order in which a person reads."""
    from parley_profiling.stores import default_path
    from parley_providers.engine.embedded import engine_version
    from parley_providers.engine.memory import available_bytes, needed_bytes
    from parley_providers.engine.spec import EngineSettings, spec_of
    from parley_providers.models.catalog import load_catalog
    from parley_server.checkup import editors, models, system
    from parley_server.config import user_path

    settings, settings_finding = system.settings()
    recommended = load_catalog().get(load_catalog().default)
    folder = model_store(settings).root
    needs = spec_of(recommended, folder, EngineSettings(context_tokens=settings.embedded.context))
    advice = _how_to_get_a_model()
    with closing(open_call_store()) as records:
        async with aclosing(build_chain(settings, records)) as chain:
            embedded, *servers = chain.providers
            return (
                await models.serving(chain),
                *system.installation(os.environ),
                settings_finding,
                models.engine(engine_version()),
                await models.downloaded(embedded, advice),
                *await models.servers(servers),
                *models.unused_keys(build_access(settings).statuses()),
                system.memory(available_bytes(), needed_bytes(needs)),
                system.folder("Models folder", folder, "PARLEY_MODELS_DIR", wanted_bytes=recommended.size_bytes),
                system.folder("Settings folder", user_path().parent, "PARLEY_CONFIG"),
                system.folder("Records folder", default_path().parent, "PARLEY_DATA_DIR"),
                system.database(default_path()),
                *await editors.editors(),
            )


def build_chain(settings: Settings, store: CallStore) -> ProviderChain:
    """The chain of every provider that is configured. Nothing is started or asked before the first request.

    Whoever builds it closes it: that ends the embedded engine.
    """
    from uuid import uuid4

    from parley_profiling.stores import default_path
    from parley_providers.adapters.ollama import OllamaProvider
    from parley_providers.breaker import BreakerKey, Breakers
    from parley_providers.chain import ProviderChain
    from parley_providers.clock import SYSTEM_CLOCK
    from parley_providers.engine.memory import available_bytes
    from parley_providers.measure import Instruments
    from parley_providers.origins import is_loopback
    from parley_providers.remembered import FactsFile, RememberingProvider
    from parley_providers.requests import Deadlines
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
    named = tuple(
        RememberingProvider(each, told, SYSTEM_CLOCK, overrides_of(each.name, settings))
        if not is_loopback(each.origin)
        else each
        for each in (build_named(name, chosen, access) for name, chosen in settings.providers.items())
    )
    found = () if "ollama" in settings.providers else (OllamaProvider(settings.ollama.url),)
    providers: tuple[Provider, ...] = (embedded, *found, *named)
    by_name = {each.name: each for each in providers}
    breakers = Breakers(clock=SYSTEM_CLOCK, store=store)
    local = LocalRouter(
        servers=tuple(each for each in providers[1:] if is_loopback(each.origin)),
        remote=tuple(each for each in providers[1:] if not is_loopback(each.origin)),
        embedded=embedded,
        choices=Choices(embedded_model=settings.embedded.model),
        available_bytes=available_bytes,
        advice=_how_to_get_a_model(),
    )

    def healthy(candidate: Candidate) -> bool:
        provider = by_name[candidate.provider]
        return breakers.admits(BreakerKey(provider=provider.name, origin=provider.origin, model=candidate.model))

    router = StrategyRouter(policy_of(settings, by_name), local, healthy)
    instruments = Instruments(
        clock=SYSTEM_CLOCK,
        new_id=lambda: uuid4().hex,
        observer=store,
        hardware=hardware_name(),
        prices=prices_of(settings),
        session_id=uuid4().hex,
    )
    spending = Spending(limits=limits_of(settings), clock=SYSTEM_CLOCK, ledger=store)
    deadlines = Deadlines(**settings.timeouts.model_dump())
    return ProviderChain(
        providers, router, instruments, Resilience(breakers=breakers, spending=spending, deadlines=deadlines)
    )


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
    from parley_providers.engine.spec import EngineSettings
    from parley_providers.engine.supervisor import Engine
    from parley_providers.models.catalog import load_catalog

    chosen = settings.embedded
    engine_settings = EngineSettings(
        context_tokens=chosen.context,
        threads=chosen.threads,
        idle_s=None if chosen.idle_minutes is None else chosen.idle_minutes * 60,
    )
    return EmbeddedProvider(
        Engine(idle_s=engine_settings.idle_s), load_catalog(), model_store(settings), engine_settings
    )


def model_store(settings: Settings) -> ModelStore:
    """Where downloaded models are kept."""
    from parley_providers.models.store import ModelStore, default_root

    return ModelStore(root=settings.models_dir or default_root())


def current_settings() -> Settings:
    """The settings of this process, read now.

    Raises:
        ConfigError: they cannot be used; the message says where and why.
    """
    from parley_server.config import load_settings

    return load_settings()


def catalog() -> Catalog:
    """The models that the embedded engine can run."""
    from parley_providers.models.catalog import load_catalog

    return load_catalog()


async def models_overview() -> Overview:
    """Which models there are now, and which one answers."""
    from parley_server.overview import overview

    settings = current_settings()
    with closing(open_call_store()) as store:
        async with aclosing(build_chain(settings, store)) as chain:
            return await overview(chain, catalog(), model_store(settings))


async def choose_model(name: str | None) -> WrittenChoice:
    """Write the model into the person's settings file; None lets Parley choose.

    Raises:
        NoModelError: nothing here is called so.
        ConfigError: the file cannot be used.
    """
    from parley_providers.requests import LLMRequest
    from parley_server.config import user_path
    from parley_server.config_file import WrittenChoice, write_entry

    chosen = None
    if name is not None:
        with closing(open_call_store()) as store:
            async with aclosing(build_chain(current_settings(), store)) as chain:
                route = await chain.route(LLMRequest(messages=(), task_class="custom", model=name))
                await chain.facts_of(route)
        chosen = f"{route.provider}/{route.model}"
    write_entry(user_path(), "model", chosen)
    return WrittenChoice(path=user_path(), model=chosen)


def _how_to_get_a_model() -> str:
    known = catalog()
    model = known.get(known.default)
    return (
        f"Fetch one ({model.size_bytes / 1e9:.1f} GB, {model.licence}): parley models pull {model.name}. "
        "Or start Ollama with a coder model: ollama pull qwen2.5-coder:1.5b"
    )
