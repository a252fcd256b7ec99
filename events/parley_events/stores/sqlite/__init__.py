"""Events in one SQLite file, shared by any number of processes of one machine.

Reading order: `schema` (what is stored), `faults` (what SQLite's errors mean), `location` (where a file may lie),
`connection` (how it is opened), `opened_file` (whether it is still the same), `statements` (queries), `commits` (many
appends in one), `line` (between the event loop and the writing thread), `writer` (the one thread that commits),
`reader`, `tail` (how other processes' commits are noticed), `upkeep`, `store`, `salvage` (what a damaged file still
tells).
"""

from parley_events.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
