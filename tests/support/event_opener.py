"""A process that opens each store it is told of, a line each, and appends one event: for races at a store's making.

Usage: python event_opener.py NAME; each line of standard input is PLACE or PLACE<TAB>SCHEMA. It answers with the
position of its event, or with what went wrong.
"""

from __future__ import annotations

import asyncio
import sys

from parley_events import EventStoreError, NewEvent
from support.event_writer import opened


async def once(name, place, schema):
    """Open, append, close."""
    try:
        async with opened(place, schema) as store:
            event = NewEvent(event_type="Opened", data={"by": name}, event_id=name)
            return (await store.append("openers", name, [event], expected_sequence=0)).position
    except EventStoreError as error:
        return f"{type(error).__name__}: {error}"


def main(name):
    """Answer until there are no more lines; the first answer says that all is imported."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        place, _, schema = line.rstrip("\n").partition("\t")
        sys.stdout.write(f"{asyncio.run(once(name, place, schema))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
