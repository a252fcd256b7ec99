"""Events: what happened, stored so that nothing is lost or doubled, and everything can be replayed.

Reading order: `events` (the values), `ids`, `blobs`, `types` (typed events, upcasters), `handler` (process, apply,
fold), `store` (what every store does), `errors`; then `encoding` and `batches` (from an append to rows), `paging`,
`feed` and `subscription` (following), `history` (forks, time travel), `runner` (commands against stored state), `bus`
and `router`; then `line_format`, `lines`, `verify`, `retention` and `removing` (upkeep); then `stores`. Imports no
sibling; knows no plan, no thread and no refactoring.
"""

from parley_events.errors import (
    ConflictError,
    DamagedEventError,
    DuplicateEventError,
    EventStoreError,
    InvalidEventError,
    MissingBlobError,
    NoSuchAggregateError,
    SlowSubscriberError,
    StoreBehindError,
    StoreBusyError,
    StoreClosedError,
    StoreCorruptError,
    StoreFullError,
    StoreLocationError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreTooNewError,
    StoreUnavailableError,
    StoreUnusableError,
    TooManyConflictsError,
    UndeliveredError,
    UnknownEventError,
)
from parley_events.events import EVERYTHING, JsonObject, JsonValue, Metadata, NewEvent, Query, RecordedEvent
from parley_events.handler import Given, Handler
from parley_events.store import Appended, Cursor, EventStore, Instruments, Snapshot, Trouble
from parley_events.types import Event, EventTypes, Forked

__all__ = [
    "EVERYTHING",
    "Appended",
    "ConflictError",
    "Cursor",
    "DamagedEventError",
    "DuplicateEventError",
    "Event",
    "EventStore",
    "EventStoreError",
    "EventTypes",
    "Forked",
    "Given",
    "Handler",
    "Instruments",
    "InvalidEventError",
    "JsonObject",
    "JsonValue",
    "Metadata",
    "MissingBlobError",
    "NewEvent",
    "NoSuchAggregateError",
    "Query",
    "RecordedEvent",
    "SlowSubscriberError",
    "Snapshot",
    "StoreBehindError",
    "StoreBusyError",
    "StoreClosedError",
    "StoreCorruptError",
    "StoreFullError",
    "StoreLocationError",
    "StoreMissingError",
    "StoreReadOnlyError",
    "StoreTooNewError",
    "StoreUnavailableError",
    "StoreUnusableError",
    "TooManyConflictsError",
    "Trouble",
    "UndeliveredError",
    "UnknownEventError",
]
