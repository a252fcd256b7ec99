"""What can go wrong with kept call records.

    ProfilingError
    └── StoreError             the database of call records cannot be used now
        ├── LockedStoreError   another process holds it: try again in a moment
        ├── UnusableStoreError the folder, the permissions or the disk forbid it: the person must act
        ├── CorruptStoreError  the file is damaged: a writer moves it aside and begins a new one
        └── NewerStoreError    a newer Parley wrote it: update Parley; nothing was changed

A lost record never loses an answer: none of these reaches a request.
"""

from __future__ import annotations

from typing import ClassVar


class ProfilingError(Exception):
    """The root. `str(error)` is written for the person."""


class StoreError(ProfilingError):
    """The database cannot be used. `retry_after_s` is when to try again, in seconds; None means never by itself."""

    retry_after_s: ClassVar[float | None] = None


class LockedStoreError(StoreError):
    """Another process has held the write lock for longer than we waited."""

    retry_after_s = 1.0


class UnusableStoreError(StoreError):
    """The folder or file cannot be written or read, or the disk is full."""

    retry_after_s = 30.0


class CorruptStoreError(StoreError):
    """The file is not a database, or a damaged one."""

    retry_after_s = 0.0


class NewerStoreError(StoreError):
    """The file has a schema version that this Parley does not know."""
