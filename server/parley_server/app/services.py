"""The services of a front end: an `Application` whose parts are built at their first use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from parley_server.app.keeping import call_records, open_call_store, open_event_store, project_at
from parley_server.app.layers import Layers
from parley_server.app.models import build_chain, build_scripted_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from parley_agent.refactor.requests import Unproved
    from parley_events.bus import Bus
    from parley_events.router import EventRouter
    from parley_events.store import EventStore, Trouble
    from parley_profiling.stores import CallStore
    from parley_providers.chain import ProviderChain
    from parley_providers.records import CallRecord
    from parley_server.application import Application
    from parley_server.config_text import Entry
    from parley_server.project import Project
    from parley_server.settings import Settings


def build_application(
    scripted: Path | None = None, given: Mapping[str, object] | None = None, folder: Path | None = None
) -> Application:
    """Parley's services.

    Args:
        scripted: Every answer comes from that script instead of a model.
        given: Settings of the command line, by dotted key.
        folder: Where the work is when a request does not say; None is in no workspace.
    """
    from parley_providers.tally import Tally
    from parley_server.application import Application

    tally = Tally()

    def read(project: tuple[Entry, ...], editor: tuple[Entry, ...]) -> Settings:
        from parley_server.config import load_settings

        return load_settings(given, project=project, editor=editor)

    def project(wanted: Path) -> Project:
        from parley_server.project import Project, has_settings

        # Whether it is trusted stands beside the records of calls, whose store is not opened for a workspace without.
        return project_at(wanted) if has_settings(wanted) else Project(folder=wanted, standing="absent")

    layers = Layers(read, project, folder)

    def chain(store: CallStore) -> ProviderChain:
        if scripted is not None:
            return build_scripted_chain(scripted, tally.before(store), layers.settings)
        settings = layers.settings()
        if settings.log_level is not None:
            logging.getLogger().setLevel(settings.log_level.upper())
        return build_chain(settings, store, tally.before(store))

    def records(model: str | None, task: str | None) -> tuple[CallRecord, ...]:
        from parley_profiling.stores import Selection

        return call_records(Selection(model=model, task_class=task))

    def unproved() -> Unproved:
        return layers.settings().refactor.unproved

    def connect(store: EventStore, after: int, report: Callable[[Trouble], None]) -> tuple[EventRouter, Bus]:
        from parley_server.app.routing import connect_events

        return connect_events(store, after, report)

    return Application(
        open_store=open_call_store,
        build_chain=chain,
        read_records=records,
        open_events=open_event_store,
        connect_events=connect,
        read_unproved=unproved,
        spent=tally.spent,
        layers=layers,
    )
