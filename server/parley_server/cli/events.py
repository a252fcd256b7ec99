"""`parley events`: what is kept of refactorings and all else, to be watched, replayed, compared, moved and checked.

Converts arguments and prints; how lines look belongs to `events_view`, everything else to `parley_events` and the
agent.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from parley_events.history import Moment
    from parley_events.store import EventStore

T = TypeVar("T")
Store = Annotated[
    str | None, typer.Option("--store", metavar="FILE|ADDRESS", help="Another store: a file, or postgresql://….")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]
Name = Annotated[
    str, typer.Argument(metavar="STREAM/AGGREGATE", help="As `parley events list` names it, or a beginning.")
]
Sequence = Annotated[int | None, typer.Option("--to", help="Only up to this number of the aggregate.")]
Time = Annotated[str | None, typer.Option("--time", help="Only up to this time, such as 2026-11-21T10:30.")]

events = typer.Typer(help="What happened: list, show, replay, compare, move and check it.", no_args_is_help=True)


@events.command("list")
def list_(
    stream: Annotated[str | None, typer.Option(help="Only this stream, such as refactorings.")] = None,
    limit: Annotated[int, typer.Option(help="How many of the newest.")] = 20,
    json: Json = False,
    store: Store = None,
) -> None:
    """List what there is, the newest last."""
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        every = await opened.aggregates(stream)
        for each in every[-limit:] if limit > 0 else every:
            typer.echo(view.summary_json(each) if json else view.summary_line(each))
        if not every and not json:
            typer.echo(view.EMPTY)

    _reading(store, work)


@events.command()
def show(
    name: Name,
    to: Sequence = None,
    time: Time = None,
    raw: Annotated[bool, typer.Option(help="Whole data and metadata, as they are stored.")] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Show the events of one aggregate, its parents' part included."""
    from parley_events.history import history
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        stream_id, aggregate_id = await _found(opened, name)
        for event in await history(opened, stream_id, aggregate_id, _moment(to, time)):
            typer.echo(view.event_json(event) if json else view.event_line(event, whole=raw))

    _reading(store, work)


@events.command()
def replay(name: Name, to: Sequence = None, time: Time = None, store: Store = None) -> None:
    """Replay a refactoring to any point: its route, its answer, and the change it made, checked against the hash.

    Exit code 1 if what is replayed is not what happened.
    """
    from parley_events.history import history
    from parley_server.cli.events_view import replay_refactoring

    async def work(opened: EventStore) -> bool:
        stream_id, aggregate_id = await _found(opened, name)
        happened = await history(opened, stream_id, aggregate_id, _moment(to, time))
        return await replay_refactoring(opened, happened, typer.echo)

    if not _reading(store, work):
        raise typer.Exit(1)


@events.command()
def tail(
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    after: Annotated[int | None, typer.Option(help="Begin after this position; 0 is the beginning.")] = None,
    cursor: Annotated[str | None, typer.Option(help="Remember under this name how far you came.")] = None,
    count: Annotated[int | None, typer.Option(help="Leave after so many events.")] = None,
    json: Json = False,
    store: Store = None,
) -> None:
    """Watch events as they happen, whichever process stores them; Ctrl-C ends it."""
    from parley_events.events import Query
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        begin = after if after is not None else 0 if cursor else await opened.head()
        left = count
        async with opened.subscribe(Query(stream_id=stream), after=begin, name=cursor) as following:
            async for event in following:
                typer.echo(view.event_json(event) if json else view.event_line(event, whole=False))
                sys.stdout.flush()
                left = None if left is None else left - 1
                if left == 0:
                    if cursor:
                        await following.acknowledge()
                    return

    try:
        _do(store, work, read_only=cursor is None)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@events.command()
def fork(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name of the fork, in the same stream.")],
    at: Annotated[int, typer.Option(help="It begins as it was after this number.")],
    store: Store = None,
) -> None:
    """Begin a new aggregate as another one was at an earlier point."""
    from parley_events.history import fork as begin

    async def work(opened: EventStore) -> str:
        stream_id, aggregate_id = await _found(opened, name)
        await begin(opened, stream_id, aggregate_id, new, at_sequence=at)
        return f"{stream_id}/{new} begins as {stream_id}/{aggregate_id} was after event {at}."

    typer.echo(_do(store, work))


@events.command()
def diff(name: Name, other: Name, json: Json = False, store: Store = None) -> None:
    """Compare two aggregates of one stream, such as two forks: what they share, and what each has of its own."""
    from parley_events.history import difference
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        stream_id, left = await _found(opened, name)
        other_stream, right = await _found(opened, other)
        if stream_id != other_stream:
            raise typer.BadParameter(f"{name} and {other} are of two streams; compare two of one.")
        found = await difference(opened, stream_id, left, right)
        if not json:
            typer.echo(f"  {len(found.shared)} events are shared")
        for sign, side in (("-", found.left), ("+", found.right)):
            for event in side:
                line = view.event_json(event) if json else view.event_line(event, whole=False)
                typer.echo(f"{sign} {line}")

    _reading(store, work)


@events.command()
def export(
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    out: Annotated[Path | None, typer.Option(help="Into this file instead of standard output.")] = None,
    store: Store = None,
) -> None:
    """Write everything as JSON Lines, bytes included: a backup, or the way into another store."""
    from parley_events.events import Query
    from parley_events.lines import exported

    async def work(opened: EventStore) -> None:
        async with aclosing(exported(opened, Query(stream_id=stream))) as lines:
            if out is None:
                async for line in lines:
                    typer.echo(line)
                return
            with out.open("x", encoding="utf-8") as file:
                async for line in lines:
                    file.write(line + "\n")

    _reading(store, work)


@events.command("import")
def import_(
    file: Annotated[typer.FileText, typer.Argument(help="What `parley events export` wrote; - is standard input.")],
    store: Store = None,
) -> None:
    """Bring JSON Lines into a store. What is there already stays; doing it twice does no harm."""
    from parley_events.lines import imported

    async def work(opened: EventStore) -> str:
        brought = await imported(opened, file)
        return f"{brought.events} events and {brought.blobs} blobs; {brought.repeated} events were there already."

    typer.echo(_do(store, work))


@events.command()
def verify(store: Store = None) -> None:
    """Check that a store is whole. Exit code 1 if it is not."""
    from parley_events.verify import verified
    from parley_server.cli.events_view import verified_lines

    async def work(opened: EventStore) -> bool:
        found = await verified(opened)
        for line in verified_lines(found):
            typer.echo(line)
        return not found.problems

    if not _reading(store, work):
        raise typer.Exit(1)


@events.command()
def stats(json: Json = False, store: Store = None) -> None:
    """Say how much there is, and how far each subscriber has come."""
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        size = await opened.size()
        typer.echo(view.size_json(size) if json else view.size_lines(size))

    _reading(store, work)


@events.command()
def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Such as 30d, 12w.")],
    stream: Annotated[list[str] | None, typer.Option(help="Only these streams.")] = None,
    vacuum: Annotated[bool, typer.Option(help="Give the space back to the disk, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would go.")] = False,
    store: Store = None,
) -> None:
    """Remove what nobody touched for long, whole aggregates only, with bytes that nothing names any more."""
    from parley_events.retention import prune as remove
    from parley_events.retention import removable
    from parley_server.cli.events_view import moment_before

    before = moment_before(older_than)

    async def work(opened: EventStore) -> str:
        removal = await removable(opened, before=before, streams=stream or ())
        what = f"{len(removal.aggregates)} aggregates and {len(removal.blobs)} blobs"
        if not yes:
            return f"{what} would be removed. Add --yes to do it."
        await remove(opened, removal, vacuum=vacuum)
        return f"{what} were removed."

    typer.echo(_do(store, work))


def _reading(named: str | None, work: Callable[[EventStore], Awaitable[T]]) -> T:
    return _do(named, work, read_only=True)


def _do(named: str | None, work: Callable[[EventStore], Awaitable[T]], *, read_only: bool = False) -> T:
    from parley_server.app import open_event_store

    async def opened() -> T:
        async with open_event_store(named, read_only=read_only) as store:
            return await work(store)

    import asyncio

    return asyncio.run(opened())


async def _found(store: EventStore, name: str) -> tuple[str, str]:
    """The one aggregate of that name, or whose name begins so."""
    stream_id, slash, aggregate_id = name.partition("/")
    if not slash:
        raise typer.BadParameter(f"{name!r} must be STREAM/AGGREGATE, as `parley events list` shows them.")
    names = [each.aggregate_id for each in await store.aggregates(stream_id)]
    found = [each for each in names if each == aggregate_id] or [
        each for each in names if each.startswith(aggregate_id)
    ]
    if len(found) != 1:
        many = f"{len(found)} aggregates of {stream_id} begin with {aggregate_id!r}"
        raise typer.BadParameter(f"{many if found else f'there is no {name}'}; `parley events list` shows them.")
    return stream_id, found[0]


def _moment(to: int | None, time: str | None) -> Moment:
    from parley_events.history import Moment

    if time is None:
        return Moment(sequence=to)
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        raise typer.BadParameter(f"{time!r} is not a time such as 2026-11-21T10:30.") from None
    return Moment(sequence=to, time=moment.astimezone())
