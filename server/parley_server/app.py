"""The composition root: the only module that builds concrete stores, adapters and the engine, and joins them.

Front ends ask it for services; nothing else imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley_profiling.stores import CallStore, Selection
    from parley_providers.records import CallRecord


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
