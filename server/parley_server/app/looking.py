"""What a person asks about this machine: what `parley doctor` sees, and which models there are and which is chosen."""

from __future__ import annotations

import os
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

from parley_server.app.keeping import model_store, open_call_store, project_at
from parley_server.app.models import build_access, build_chain, catalog, current_settings, how_to_get_a_model

if TYPE_CHECKING:
    from parley_profiling.errors import StoreError
    from parley_profiling.stores import DayTotal
    from parley_server.checkup.findings import Finding
    from parley_server.config_file import WrittenChoice
    from parley_server.overview import Overview


async def look_at_everything() -> tuple[Finding, ...]:
    """All that `parley doctor` looks at, in the order in which a person reads."""
    from parley_profiling.stores import default_path
    from parley_providers.engine.embedded import INSTALL_ENGINE, engine_version
    from parley_providers.engine.memory import available_bytes, needed_bytes
    from parley_providers.engine.spec import EngineSettings, spec_of
    from parley_providers.models.catalog import load_catalog
    from parley_server.checkup import editors, models, system
    from parley_server.config import user_path
    from parley_server.policy import limits_of

    project = project_at()
    settings, settings_finding = system.settings(project.entries)
    recommended = load_catalog().get(load_catalog().default)
    folder = model_store(settings).root
    needs = spec_of(recommended, folder, EngineSettings(context_tokens=settings.embedded.context))
    with closing(open_call_store()) as records:
        async with aclosing(build_chain(settings, records)) as chain:
            embedded, *servers = chain.providers
            return (
                await models.serving(chain, how_to_get_a_model()),
                *system.installation(os.environ),
                settings_finding,
                system.workspace(project),
                models.engine(engine_version(), INSTALL_ENGINE),
                await models.downloaded(embedded),
                *await models.servers(servers, settings.providers),
                *models.unused_keys(build_access(settings).statuses()),
                models.budget(limits_of(settings), _today()),
                system.memory(available_bytes(), needed_bytes(needs)),
                system.folder("Models folder", folder, "PARLEY_MODELS_DIR", wanted_bytes=recommended.size_bytes),
                system.folder("Settings folder", user_path().parent, "PARLEY_CONFIG"),
                system.folder("Records folder", default_path().parent, "PARLEY_DATA_DIR"),
                system.database(default_path()),
                *await editors.editors(),
            )


def _today() -> DayTotal | StoreError:
    """What this day (UTC) used, or why that cannot be told."""
    from parley_profiling.errors import StoreError
    from parley_profiling.stores import day_total, default_path
    from parley_providers.clock import SYSTEM_CLOCK

    try:
        return day_total(default_path(), SYSTEM_CLOCK.now().date())
    except StoreError as error:
        return error


async def models_overview(*, remote: bool = False) -> Overview:
    """Which models there are now, with `remote` at the named vendors too, and which one answers."""
    from parley_server.overview import overview

    settings = current_settings()
    with closing(open_call_store()) as store:
        async with aclosing(build_chain(settings, store)) as chain:
            return await overview(chain, catalog(), model_store(settings), settings, remote=remote)


async def choose_model(name: str | None, task: str | None = None) -> WrittenChoice:
    """Write the model into the person's settings file, for one task class or for all; None lets Parley choose.

    Raises:
        NoModelError: nothing here is called so.
        ConfigError: the file cannot be used.
    """
    from parley_providers.requests import LLMRequest
    from parley_server.config import user_path
    from parley_server.config_file import WrittenChoice, remove_entry, write_entry

    chosen = None
    if name is not None:
        with closing(open_call_store()) as store:
            async with aclosing(build_chain(current_settings(), store)) as chain:
                route = await chain.route(LLMRequest(messages=(), task_class="custom", model=name))
                await chain.facts_of(route)
        chosen = f"{route.provider}/{route.model}"
    if task is None:
        write_entry(user_path(), "model", chosen)
    elif chosen is None:
        remove_entry(user_path(), ("models", task))
    else:
        write_entry(user_path(), ("models", task), chosen)
    return WrittenChoice(path=user_path(), model=chosen)
