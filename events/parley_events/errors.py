"""What can go wrong between Parley and its events.

    EventStoreError
    ├── ConflictError            somebody appended first: load, fold, process again
    ├── TooManyConflictsError    it kept happening: let the person try again
    ├── DuplicateEventError      an event id was used for something else: a defect of the caller
    ├── InvalidEventError        the event cannot be stored: a defect of the caller
    ├── UnknownEventError        a stored event's type or version is not known here: update Parley
    ├── DamagedEventError        a stored event is not what was stored: look at it raw, save the others
    ├── MissingBlobError         bytes that an event names are not in the store
    ├── NoSuchAggregateError     there is nothing under that name
    ├── SlowSubscriberError      the subscriber was cut off: resume from `position`
    ├── UndeliveredError         a command did not reach whom it is for: send it again
    ├── StoreBusyError           another process holds the database: try again
    ├── StoreUnavailableError    the database does not answer: try again later
    └── StoreUnusableError       nothing can be stored there until a person acts
        ├── StoreFullError       the disk is full
        ├── StoreReadOnlyError   the file or folder may not be written
        ├── StoreMissingError    nothing was stored there yet
        ├── StoreCorruptError    the file is damaged, or is no event store
        ├── StoreTooNewError     a newer Parley wrote it
        ├── StoreBehindError     it lacks events that it gave out before: a copy that lagged took its place
        ├── StoreLocationError   it lies where a database must not lie, such as a network file system
        └── StoreClosedError     it was closed

`str(error)` is written for the person: what was wrong, with the value, and what to do next.
"""

from __future__ import annotations


class EventStoreError(Exception):
    """The root of everything the event store raises."""


class ConflictError(EventStoreError):
    """The aggregate, or a cursor, is not where the caller thought; nothing was stored.

    Args:
        message: What was expected and what was found.
        expected: The sequence (or cursor position) that the caller expected.
        actual: The one that is stored.
    """

    def __init__(self, message: str, *, expected: int, actual: int) -> None:
        super().__init__(message)
        self.expected = expected
        self.actual = actual


class TooManyConflictsError(EventStoreError):
    """A command met a conflict at each of its bounded number of attempts."""


class DuplicateEventError(EventStoreError):
    """An event id is stored already, but not as part of the same append."""


class InvalidEventError(EventStoreError, ValueError):
    """The event, its names or its metadata cannot be stored."""


class UnknownEventError(EventStoreError):
    """No registered type reads a stored event; `event_type` and `event_version` say which."""

    def __init__(self, message: str, *, event_type: str, event_version: int) -> None:
        super().__init__(message)
        self.event_type = event_type
        self.event_version = event_version


class DamagedEventError(EventStoreError):
    """What is stored as an event's data or metadata, as `what` says, is not what any Parley stores."""

    def __init__(self, message: str, *, what: str) -> None:
        super().__init__(message)
        self.what = what


class MissingBlobError(EventStoreError):
    """No bytes are stored under this hash."""


class NoSuchAggregateError(EventStoreError):
    """No event is stored for this aggregate, or not up to that sequence."""


class SlowSubscriberError(EventStoreError):
    """The subscriber's queue was full, so it was cut off; nothing is lost if it resumes after `position`."""

    def __init__(self, message: str, *, position: int) -> None:
        super().__init__(message)
        self.position = position


class UndeliveredError(EventStoreError):
    """A message did not reach everybody who listens, or nobody does; with the same id it may be sent again."""


class StoreBusyError(EventStoreError):
    """Another process held the database's lock for longer than this store waits; nothing was stored."""


class StoreUnavailableError(EventStoreError):
    """The database server did not answer for longer than this store waits."""


class StoreUnusableError(EventStoreError):
    """Trying again does not help; the message says what a person can do."""


class StoreFullError(StoreUnusableError):
    """No space is left; nothing of the append was stored."""


class StoreReadOnlyError(StoreUnusableError):
    """The store may be read but not written."""


class StoreMissingError(StoreUnusableError):
    """There is no store to read; it is made when the first event is stored."""


class StoreCorruptError(StoreUnusableError):
    """The database is damaged, truncated, or something else than an event store."""


class StoreTooNewError(StoreUnusableError):
    """The schema is newer than this Parley knows."""


class StoreBehindError(StoreUnusableError):
    """The store lacks events that were seen in it: an older copy took its place.

    Args:
        head: The store's last position.
        seen: The last position that was seen in it.
    """

    def __init__(self, *, head: int, seen: int) -> None:
        super().__init__(
            f"The event store ends at position {head}, but events up to {seen} were seen in it before: it was replaced "
            "by a copy that lacks the last ones, such as an old backup or a standby that lagged. Bring the newer copy "
            "back, or begin anew from what is there."
        )
        self.head = head
        self.seen = seen


class StoreLocationError(StoreUnusableError):
    """The place cannot hold a database that several processes share."""


class StoreClosedError(StoreUnusableError):
    """The store was closed, or was never opened."""
