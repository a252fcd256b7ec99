"""Where things are kept: records of calls, events, downloaded models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from parley_events.store import EventStore
    from parley_events.store import Instruments as EventInstruments
    from parley_events.stores.sqlite.salvage import SalvagedEvents
    from parley_profiling.stores import CallStore, Selection
    from parley_providers.models.store import ModelStore
    from parley_providers.records import CallRecord
    from parley_server.project import Project
    from parley_server.settings import Settings
    from parley_server.trust import TrustStore


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


def open_event_store(named: str | None = None, *, read_only: bool = False) -> AbstractAsyncContextManager[EventStore]:
    """The event store; opened by `async with`.

    Args:
        named: A file, or a `postgresql://` address; None is what `PARLEY_EVENTS` names, else a file in the user's data
            folder.
        read_only: Open it only to read; nothing is made or changed.
    """
    from random import Random

    from parley_agent.secrets import masked
    from parley_events.ids import id_maker
    from parley_events.store import Instruments
    from parley_providers.clock import SYSTEM_CLOCK

    place = _event_place(named)
    chance = Random().getrandbits  # noqa: S311 - ids must be apart, not secret, and the system's entropy is slow
    instruments = Instruments(now=SYSTEM_CLOCK.now, new_id=id_maker(SYSTEM_CLOCK.now, chance), redact=masked)
    if isinstance(place, str):
        return _postgres_store(place, instruments, read_only=read_only)
    from parley_events.stores.sqlite import SqliteStore

    return SqliteStore(place, instruments, read_only=read_only)


def salvaged_events(named: str | None = None) -> SalvagedEvents:
    """What can still be read of a damaged event store; opened by `with`. See `open_event_store` for `named`.

    Raises:
        StoreUnusableError: it is no file.
    """
    from parley_events.errors import StoreUnusableError
    from parley_events.stores.sqlite.salvage import SalvagedEvents

    place = _event_place(named)
    if isinstance(place, str):
        raise StoreUnusableError("Only a file can be salvaged. Restore a backup of the PostgreSQL database.")
    return SalvagedEvents(place)


def is_event_file(named: str | None = None) -> bool:
    """Whether events are kept in a file, not in a database of several machines. See `open_event_store` for `named`.

    Raises:
        StoreUnusableError: it is neither.
    """
    return not isinstance(_event_place(named), str)


def default_event_file() -> Path:
    """Where events are kept unless something else is named: beside the records of calls."""
    from parley_profiling.stores import default_path

    return default_path().parents[1] / "events" / "events.db"


def model_store(settings: Settings) -> ModelStore:
    """Where downloaded models are kept."""
    from parley_providers.models.store import ModelStore, default_root

    return ModelStore(root=settings.models_dir or default_root())


def trust_store() -> TrustStore:
    """Which workspaces the person trusts: beside the records of calls."""
    from parley_profiling.stores import default_path
    from parley_server.trust import TrustStore

    return TrustStore(root=default_path().parents[1] / "trust")


def project_at(folder: Path | None = None) -> Project:
    """The settings of the workspace that holds `folder`, or the present one."""
    from pathlib import Path

    from parley_server.project import read_project, workspace_of

    return read_project(workspace_of(folder or Path.cwd()), trust_store())


def _event_place(named: str | None) -> Path | str:
    """A file, or the address of a PostgreSQL database."""
    from pathlib import Path

    from parley_events.errors import StoreUnusableError

    place = named or os.environ.get("PARLEY_EVENTS") or default_event_file()
    if isinstance(place, Path) or "://" not in place:
        return Path(place).expanduser()
    if place.startswith(("postgresql://", "postgres://")):
        return place
    raise StoreUnusableError(
        f"Events are kept in a file or at a postgresql:// address; {place.partition('://')[0]}:// is neither."
    )


def _postgres_store(
    address: str, instruments: EventInstruments, *, read_only: bool
) -> AbstractAsyncContextManager[EventStore]:
    from parley_events.errors import StoreUnusableError

    try:
        from parley_events.stores.postgres import PostgresStore
    except ImportError as error:
        raise StoreUnusableError(
            "Events in PostgreSQL need one more package: pip install 'parley-ls[postgres]'"
        ) from error
    return PostgresStore(address, instruments, read_only=read_only)
