"""`parley events verify|stats|prune`: checking a store, measuring it, and forgetting what is old.

`events` adds these to its own commands; what they do is `parley_events`' affair.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from parley_server.cli.events_access import Json, Store, changing, reading, stopped_by_ctrl_c

if TYPE_CHECKING:
    from parley_events.store import EventStore, Removal


def verify(json: Json = False, store: Store = None) -> None:
    """Check that a store is whole. Exit code 1 if it is not.

    Positions, numbers, forks, bytes by their hash, cursors, and what the database says of its own files.
    """
    from parley_agent.system_event import UNKEPT
    from parley_events.verify import verified
    from parley_server.cli import events_view as view
    from parley_server.cli.events_progress import EventsBar

    async def work(opened: EventStore) -> bool:
        with ExitStack() as stack:
            bar = EventsBar(stack, await _head(opened), begin="checking the database", is_wanted=not json)
            found = await verified(opened, lambda reached: bar.move(reached.events, reached.position), unkept=UNKEPT)
        for line in (view.verified_json(found),) if json else view.verified_lines(found):
            typer.echo(line)
        return not found.problems

    with stopped_by_ctrl_c("Stopped: whether the store is whole is not known."):
        is_whole = reading(store, work)
    if not is_whole:
        raise typer.Exit(1)


def stats(json: Json = False, store: Store = None) -> None:
    """Say how much there is, and how far each subscriber has come."""
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        size = await opened.size()
        typer.echo(view.size_json(size) if json else view.size_lines(size))

    reading(store, work)


def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Such as 12h, 30d or 8w.")],
    stream: Annotated[list[str] | None, typer.Option(help="Only these streams.")] = None,
    vacuum: Annotated[bool, typer.Option("--vacuum", help="Give the space back to the disk, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would go.")] = False,
    store: Store = None,
) -> None:
    """Remove what nobody touched for long.

    Whole aggregates go, and bytes that nothing names any more.

    What a kept fork begins with stays, and so do bytes younger than a day, and whatever is used meanwhile. First look,
    then do it:

    parley events prune --older-than 90d

    parley events prune --older-than 90d --yes --vacuum
    """
    from parley_events.retention import prune as remove
    from parley_events.retention import removable
    from parley_server.cli import events_view as view

    before = view.moment_before(older_than)

    async def look(opened: EventStore) -> tuple[Removal, list[str]]:
        found = await removable(opened, before=before, streams=stream or ())
        return found, [*view.removed_lines(found, await opened.aggregates())]

    found, names = reading(store, look)
    if not found.aggregates and not found.blobs and not vacuum:
        typer.echo(f"Nothing is older than {older_than}.")
    elif not yes:
        typer.echo("\n".join((*names, f"{view.removal_line(found)} would be removed. Add --yes to do it.")))
    else:
        removed = changing(store, lambda opened: remove(opened, found, vacuum=vacuum))
        stays = "" if removed == found else f"; of {view.removal_line(found)} the rest was used or removed meanwhile"
        typer.echo(f"{view.removal_line(removed)} removed{stays}.")


async def _head(opened: EventStore) -> int | None:
    """The position of the last event; None where not even that can be read, which checking tells."""
    from parley_events.errors import EventStoreError

    try:
        return await opened.head()
    except EventStoreError:
        return None
