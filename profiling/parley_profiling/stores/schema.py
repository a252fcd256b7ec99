"""The tables of call records, breakers and reservations and their numbered migrations, forward only.

The version is SQLite's `user_version`. A migration is never edited once released: a change is a new number at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_profiling.errors import NewerStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

TABLE = "calls"
BREAKERS = "breakers"
RESERVATIONS = "reservations"


def migrate(database: Database) -> None:
    """Bring the schema up to `SCHEMA_VERSION`, in one transaction, so that two processes may try at once.

    Raises:
        NewerStoreError: the file's version is above `SCHEMA_VERSION`; nothing was changed.
    """
    if check_version(database) == SCHEMA_VERSION:
        return
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        for number, migration in enumerate(_MIGRATIONS, start=1):
            if number > check_version(database):
                migration(database)
                database.conn.execute(f"PRAGMA user_version = {number:d}")
        database.conn.execute("COMMIT")
    except BaseException:
        if database.conn.in_transaction:
            database.conn.execute("ROLLBACK")
        raise


def check_version(database: Database) -> int:
    """The file's schema version, 0 for an empty one.

    Raises:
        NewerStoreError: it is above `SCHEMA_VERSION`.
    """
    (version,) = database.conn.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise NewerStoreError(
            f"The call records were written by a newer Parley (schema {version}; this one knows {SCHEMA_VERSION}). "
            "Nothing was changed. Update Parley."
        )
    return int(version)


def _create_calls(database: Database) -> None:
    """1: one row for each call; NULL is unknown, durations are nanoseconds, `started_at` is ISO 8601 in UTC."""
    database.table(TABLE).create(
        {
            "record_id": str,
            "correlation_id": str,
            "started_at": str,
            "task_class": str,
            "provider": str,
            "origin": str,
            "model": str,
            "route_reason": str,
            "outcome": str,
            "error": str,
            "model_digest": str,
            "server_version": str,
            "hardware": str,
            "window_tokens": int,
            "size_bytes": int,
            "vram_bytes": int,
            "cold": int,
            "max_output_tokens": int,
            "temperature": float,
            "constrained": int,
            "settings": str,
            "prompt_tokens": int,
            "cached_prompt_tokens": int,
            "output_tokens": int,
            "reasoning_tokens": int,
            "queue_ns": int,
            "load_ns": int,
            "prefill_ns": int,
            "decode_ns": int,
            "total_ns": int,
            "first_event_ns": int,
            "first_visible_ns": int,
            "wall_ns": int,
        },
        pk="record_id",
        not_null={"task_class", "provider", "model", "outcome", "started_at", "settings", "constrained"},
        strict=database.supports_strict,
    )
    database.table(TABLE).create_index(["started_at"])


def _add_costs(database: Database) -> None:
    """2: what a call cost in US dollars (NULL is unknown), and the session of the process that made it."""
    database.table(TABLE).add_column("cost_usd", float)
    database.table(TABLE).add_column("session_id", str)


def _create_breakers(database: Database) -> None:
    """3: circuit breakers over restarts, one row for each (provider, origin, model); `until` is ISO 8601 in UTC."""
    database.table(BREAKERS).create(
        {
            "provider": str,
            "origin": str,
            "model": str,
            "status": str,
            "failures": int,
            "openings": int,
            "until": str,
            "reason": str,
        },
        pk=("provider", "origin", "model"),
        strict=database.supports_strict,
    )


def _create_reservations(database: Database) -> None:
    """4: what is set aside of a day's budget for calls that did not tell their cost yet; a NULL amount is unknown."""
    database.table(RESERVATIONS).create(
        {"reservation_id": str, "day": str, "usd": float},
        pk="reservation_id",
        not_null={"day"},
        strict=database.supports_strict,
    )


_MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    _create_calls,
    _add_costs,
    _create_breakers,
    _create_reservations,
)
SCHEMA_VERSION = len(_MIGRATIONS)
