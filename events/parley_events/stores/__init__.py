"""The stores, one per database: the only place that imports a database driver.

Reading order: `preparing` (what all do alike), `memory` (for tests, and as the plainest of the three), `sqlite` (the
default), `postgres` (where several machines share one store; needs the extra `[postgres]`). None is imported here, so
that nobody pays for a driver that is not used.
"""
