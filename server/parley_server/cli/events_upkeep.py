"""`parley events export|import|verify|stats|prune`: moving a store, checking it, and forgetting what is old.

`events` adds these to its own commands; what they do is `parley_events`' affair.
"""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parley_server.cli.events_access import Json, Store, doing, reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from parley_events.events import Query
    from parley_events.store import EventStore, Removal
    from parley_events.stores.sqlite.salvage import SalvagedEvents


def export(
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    out: Annotated[Path | None, typer.Option(help="Into this new file instead of standard output.")] = None,
    salvage: Annotated[bool, typer.Option("--salvage", help="What can still be read of a damaged file.")] = False,
    store: Store = None,
) -> None:
    """Write everything as JSON Lines, bytes included.

    A backup, or the way into another store: `parley events import` brings the lines in, as often as you like.
    """
    from parley_events.events import Query
    from parley_events.lines import exported

    query = Query(stream_id=stream)
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out} is there already. Name a new file, or remove that one.")
    if salvage:
        _salvage(store, query, out)
        return

    async def work(opened: EventStore) -> None:
        async with aclosing(exported(opened, query)) as lines:
            await _written(lines, out)

    reading(store, work)


def import_(
    file: Annotated[
        typer.FileText,
        typer.Argument(
            encoding="utf-8", errors="surrogateescape", help="What `parley events export` wrote; - is standard input."
        ),
    ],
    store: Store = None,
) -> None:
    """Bring JSON Lines into a store. What is there already stays; doing it twice does no harm."""
    from parley_events.lines import imported
    from parley_server.cli.events_view import counted

    async def work(opened: EventStore) -> str:
        brought = await imported(opened, file)
        new = f"{counted(brought.events, 'event')} and {counted(brought.blobs, 'blob')}"
        return f"{new}; {counted(brought.repeated, 'event')} were there already."

    typer.echo(doing(store, work))


def verify(store: Store = None) -> None:
    """Check that a store is whole. Exit code 1 if it is not."""
    from parley_events.verify import verified
    from parley_server.cli.events_view import verified_lines

    async def work(opened: EventStore) -> bool:
        found = await verified(opened)
        for line in verified_lines(found):
            typer.echo(line)
        return not found.problems

    if not reading(store, work):
        raise typer.Exit(1)


def stats(json: Json = False, store: Store = None) -> None:
    """Say how much there is, and how far each subscriber has come."""
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        size = await opened.size()
        typer.echo(view.size_json(size) if json else view.size_lines(size))

    reading(store, work)


def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Such as 30d, 12w; h is hours.")],
    stream: Annotated[list[str] | None, typer.Option(help="Only these streams.")] = None,
    vacuum: Annotated[bool, typer.Option(help="Give the space back to the disk, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would go.")] = False,
    store: Store = None,
) -> None:
    """Remove what nobody touched for long: whole aggregates, and bytes that nothing names any more.

    What a kept fork begins with stays, and so do bytes younger than a day, and whatever is used meanwhile.
    """
    from parley_events.retention import prune as remove
    from parley_events.retention import removable
    from parley_server.cli.events_view import counted, moment_before

    before = moment_before(older_than)

    def told(removal: Removal) -> str:
        return f"{counted(len(removal.aggregates), 'aggregate')} and {counted(len(removal.blobs), 'blob')}"

    found = reading(store, lambda opened: removable(opened, before=before, streams=stream or ()))
    if not found.aggregates and not found.blobs and not vacuum:
        typer.echo(f"Nothing is older than {older_than}.")
    elif not yes:
        typer.echo(f"{told(found)} would be removed. Add --yes to do it.")
    else:
        removed = doing(store, lambda opened: remove(opened, found, vacuum=vacuum))
        stays = "" if removed == found else f"; of {told(found)} the rest was used or removed meanwhile"
        typer.echo(f"{told(removed)} removed{stays}.")


def _salvage(store: str | None, query: Query, out: Path | None) -> None:
    import asyncio

    from parley_events.lines import exported
    from parley_server.app import salvaged_events
    from parley_server.cli.events_view import counted

    async def work(salvaged: SalvagedEvents) -> None:
        async with aclosing(exported(salvaged, query)) as lines:
            await _written(lines, out)

    with salvaged_events(store) as salvaged:
        asyncio.run(work(salvaged))
    told = f"{counted(salvaged.events, 'event')} saved; {counted(salvaged.left_out, 'event')} left out"
    typer.echo(f"{told}, because what comes before is lost.", err=True)


async def _written(lines: AsyncIterator[str], out: Path | None) -> None:
    if out is None:
        async for line in lines:
            typer.echo(line)
        return
    with out.open("x", encoding="utf-8") as file:
        async for line in lines:
            file.write(line + "\n")
