"""`parley events`: what is kept of refactorings and all else, to be watched, replayed and compared.

Converts arguments and prints. How lines look belongs to `events_view` and `events_replayed`, how a store is reached to
`events_access`, moving it to `events_moving`, checking it to `events_upkeep`, all else to `parley_events` and agent.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from parley_server.cli.events_access import Json, Name, Store, changing, doing, found, reading
from parley_server.cli.events_moving import export, import_
from parley_server.cli.events_upkeep import prune, stats, verify
from parley_server.cli.moments import end_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_events.events import RecordedEvent
    from parley_events.history import Moment
    from parley_events.store import AggregateSummary, EventStore

To = Annotated[int | None, typer.Option("--to", min=1, help="Only up to this number of the aggregate.")]
Time = Annotated[
    str | None,
    typer.Option(
        "--time",
        help="Only up to the end of this second, minute or day here: 2026-11-21T10:30:05, 10:30 (today), 2026-11-21; "
        "or so long ago: 2h.",
    ),
]

HELP = """What happened: list, show, replay, compare, move and check it.

Every refactoring is kept, with the model's answer and the change. A first look:

\b
  parley events list                     which there are, the newest last
  parley events show refactorings/3f     its events; a beginning of its name will do
  parley events replay refactorings/3f   the change again, checked against what was kept
  parley events tail                     what happens now, in whichever process

With --json, standard output holds JSON Lines of what was asked for and nothing else: what goes wrong is a sentence on
standard error. Exit codes: 0 done, 1 refused or not whole, 2 wrong usage, 130 stopped by Ctrl-C.
"""

events = typer.Typer(help=HELP, no_args_is_help=True)


@events.command("list")
def list_(
    stream: Annotated[str | None, typer.Option(help="Only this stream, such as refactorings.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest; 0 is all.")] = 20,
    json: Json = False,
    store: Store = None,
) -> None:
    """List what there is, the newest last."""
    from parley_events.errors import StoreMissingError
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        every = await opened.aggregates(stream)
        shown = every[-limit:] if limit else every
        if not json:
            typer.echo(view.EMPTY if not every and stream is None else _left_out(every, shown), nl=False)
        for each in shown:
            line = view.summary_json(each) if json else view.summary_line(each, await view.gist(opened, each))
            typer.echo(line)
        if not every and stream is not None:
            streams = sorted({each.stream_id for each in await opened.aggregates()})
            typer.echo(f"There is nothing in {stream}. There is: {', '.join(streams) or 'nothing yet'}.", err=True)

    try:
        reading(store, work)
    except StoreMissingError:
        if store is not None:
            raise
        if not json:
            typer.echo(view.EMPTY, nl=False)


@events.command()
def show(
    name: Name,
    to: To = None,
    time: Time = None,
    raw: Annotated[bool, typer.Option("--raw", help="Whole data and metadata, as they are stored.")] = False,
    json: Json = False,
    store: Store = None,
) -> None:
    """Show the events of one aggregate.

    A fork begins with its parents' part. --raw shows events that this Parley does not know, too.

    parley events show refactorings/3f --to 4

    parley events show refactorings/3f --time 10:30
    """
    from parley_events.history import history
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        stream_id, aggregate_id = await found(opened, name)
        happened = await history(opened, stream_id, aggregate_id, _moment(to, time))
        for line in map(view.event_json, happened) if json else view.history_lines(happened, whole=raw):
            typer.echo(line)
        await _say_if_none(opened, happened, (stream_id, aggregate_id))

    reading(store, work)


@events.command()
def replay(name: Name, to: To = None, time: Time = None, json: Json = False, store: Store = None) -> None:
    """Replay a refactoring to any point.

    Its route, its answer, and the change it made, checked against the hash that was kept. Exit code 1 if what is
    replayed is not what happened.

    parley events replay refactorings/3f

    parley events replay refactorings/3f --to 4

    parley events replay refactorings/3f --time 2026-11-21T10:30:05
    """
    from parley_events.history import history
    from parley_profiling.errors import StoreError
    from parley_server.cli import events_replayed as view

    async def work(opened: EventStore) -> bool:
        stream_id, aggregate_id = await found(opened, name)
        happened = await history(opened, stream_id, aggregate_id, _moment(to, time))
        await _say_if_none(opened, happened, (stream_id, aggregate_id))
        replayed = await view.replay(opened, happened)
        try:
            spent = view.cost(happened)
        except StoreError as error:  # events and records are two databases
            spent = None
            typer.echo(f"What its calls of models cost is not known: {error}", err=True)
        lines = (
            (view.replay_json(replayed, spent),) if json else (*view.replay_lines(replayed), *view.cost_lines(spent))
        )
        for line in lines:
            typer.echo(line)
        return replayed.same is not False

    if not reading(store, work):
        raise typer.Exit(1)


@events.command()
def tail(
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Begin after this position; 0 is the beginning.")] = None,
    cursor: Annotated[str | None, typer.Option(help="Remember under this name how far you came.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Leave after so many events.")] = None,
    json: Json = False,
    store: Store = None,
) -> None:
    """Watch events as they happen.

    Whichever process stores them; Ctrl-C ends it. With --cursor it goes on where it was the last time.

    parley events tail --after 0 --json | jq .event_type

    parley events tail --cursor mine
    """
    from parley_events.errors import StoreMissingError
    from parley_events.events import Query
    from parley_server.app import is_event_file
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        head = await opened.head()
        if after is not None and after > head:
            raise typer.BadParameter(f"--after {after} is beyond the last event, which is at position {head}.")
        begin = after if after is not None else 0 if cursor else head
        if sys.stderr.isatty() and not json:
            typer.echo("Watching; each event is shown when it is stored. Ctrl-C ends it.", err=True)
        left = count
        async with opened.subscribe(Query(stream_id=stream), after=begin, name=cursor) as following:
            async for event in following:
                typer.echo(view.event_json(event) if json else view.tail_line(event))
                sys.stdout.flush()
                left = None if left is None else left - 1
                if left == 0:
                    if cursor:
                        await following.acknowledge()
                    return

    try:
        try:
            reading(store, work) if cursor is None else changing(store, work)
        except StoreMissingError:
            if after or not is_event_file(store):
                raise  # there is no such position, and a database may be a mistyped one of somebody else
            doing(store, work)  # made now, so that the first event is seen
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@events.command()
def fork(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name of the fork, in the same stream.")],
    at: Annotated[int, typer.Option(min=1, help="It begins as it was after this number.")],
    store: Store = None,
) -> None:
    """Begin a new aggregate as another was earlier.

    Nothing is copied, and the other stays as it is.

    parley events fork refactorings/3f again --at 4

    parley events diff refactorings/3f refactorings/again
    """
    from parley_events.history import fork as begin

    async def work(opened: EventStore) -> str:
        stream_id, aggregate_id = await found(opened, name)
        await begin(opened, stream_id, aggregate_id, new, at_sequence=at)
        return f"{stream_id}/{new} begins as {stream_id}/{aggregate_id} was after event {at}."

    typer.echo(changing(store, work))


@events.command()
def diff(name: Name, other: Name, json: Json = False, store: Store = None) -> None:
    """Compare two aggregates of one stream.

    Such as two forks: how many events they share, then what only the first has (-) and only the second (+).
    """
    from parley_events.history import difference
    from parley_server.cli import events_view as view

    async def work(opened: EventStore) -> None:
        stream_id, left = await found(opened, name)
        other_stream, right = await found(opened, other)
        if stream_id != other_stream:
            raise typer.BadParameter(f"{name} and {other} are of two streams; compare two of one.")
        differing = await difference(opened, stream_id, left, right)
        names = (f"{stream_id}/{left}", f"{stream_id}/{right}")
        for line in (view.difference_json if json else view.difference_lines)(names, differing):
            typer.echo(line)

    reading(store, work)


for name, command in (("export", export), ("import", import_), ("verify", verify), ("stats", stats), ("prune", prune)):
    events.command(name)(command)


def _left_out(every: Sequence[AggregateSummary], shown: Sequence[AggregateSummary]) -> str:
    left_out = len(every) - len(shown)
    return f"… {left_out:,} older ones: --limit 0 lists all.\n" if left_out else ""


async def _say_if_none(opened: EventStore, happened: Sequence[RecordedEvent], key: tuple[str, str]) -> None:
    from parley_events.events import Query

    if happened:
        return
    typer.echo(f"Nothing had happened to {'/'.join(key)} by then.", err=True)
    for first in await opened.load(Query(stream_id=key[0], aggregate_id=key[1]), limit=1):
        typer.echo(f"It began at {first.created_at.astimezone().isoformat(' ', 'seconds')}.", err=True)


def _moment(to: int | None, time: str | None) -> Moment:
    from parley_events.history import Moment
    from parley_providers.clock import SYSTEM_CLOCK

    return Moment(sequence=to, time=None if time is None else end_of(time, SYSTEM_CLOCK.now()))
