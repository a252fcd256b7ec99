"""Keeping call records in one SQLite file that several Parley processes share. The only place with a database driver.

Reading order: `schema` (the table and its numbered migrations), `rows` (records to rows and back), `files` (opening,
permissions, what an error means), `items` (what waits to be written), `writer` (takes it on a thread of its own), `day`
(the budget of a day), `reader`. Importing this package loads no driver: that happens in the writer's thread, or at the
first read.
"""

from parley_profiling.stores.day import DayTotal, day_total
from parley_profiling.stores.files import default_path
from parley_profiling.stores.reader import Selection, check_calls, read_calls
from parley_profiling.stores.writer import CallStore

__all__ = ["CallStore", "DayTotal", "Selection", "check_calls", "day_total", "default_path", "read_calls"]
