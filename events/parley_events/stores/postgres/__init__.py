"""Events in one PostgreSQL database, shared by several machines. Needs the extra `[postgres]`.

Reading order: `schema` (what is stored), `address` (where the database is), `faults` (what its errors mean), `bounds`
(how long it may be silent), `connection` (how it is reached), `statements` (queries), `reader` (the threads that read
events), `database` (how it is asked with patience), `last_commit` (what the next one need not ask), `writer` (how
appends become commits), `tail` (how other processes' commits are noticed), `upkeep`, `store`.
"""

from parley_events.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
