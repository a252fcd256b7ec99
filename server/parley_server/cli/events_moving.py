"""`parley events export|import`: a store as JSON Lines, out and in, whole or told how far.

`events` adds these to its own commands; what the lines say is `parley_events`' affair.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from parley_server.cli.events_access import Json, Store, doing, heard_at_once, reading, stopped_by_ctrl_c

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import BinaryIO

    from parley_events.events import Query
    from parley_events.lines import Imported
    from parley_events.paging import Reached
    from parley_events.store import EventStore
    from parley_events.stores.sqlite.salvage import SalvagedEvents

_WRITTEN_AT_ONCE_BYTES = 64 * 1024
_CUT_OFF = "Stopped: the lines are cut off."
_NOT_WRITTEN = "Stopped: no file was written."


def export(
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Into this new file, whole or not at all; else standard output.")
    ] = None,
    salvage: Annotated[bool, typer.Option("--salvage", help="What can still be read of a damaged file.")] = False,
    store: Store = None,
) -> None:
    """Write everything as JSON Lines, bytes included.

    A backup, or the way into another store: `parley events import` brings the lines in, as often as you like. How far
    subscribers have come is not part of it. A file that is there is never overwritten.

    parley events export --out events.jsonl

    parley events export | ssh elsewhere parley events import -
    """
    from parley_events.events import Query
    from parley_events.lines import exported
    from parley_server.cli.events_view import counted

    query = Query(stream_id=stream)
    out = None if out == Path("-") else out
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out} is there already. Name a new file, or remove that one.")
    if salvage:
        with stopped_by_ctrl_c(_CUT_OFF if out is None else _NOT_WRITTEN):
            _salvage(store, query, out)
        return

    async def work(opened: EventStore) -> int:
        with _bar(out, await opened.head()) as told:
            async with aclosing(exported(opened, query, told)) as lines:
                return await _written(lines, out)

    with stopped_by_ctrl_c(_CUT_OFF if out is None else _NOT_WRITTEN):
        count = reading(store, work)
    if out is not None:
        typer.echo(f"Written: {out} ({counted(count, 'line')})", err=True)
    if count == 1:
        typer.echo(f"There is nothing in {stream or 'the store'}: no event was written.", err=True)


def import_(
    file: Annotated[
        typer.FileText,
        typer.Argument(
            metavar="FILE",
            encoding="utf-8",
            errors="surrogateescape",
            help="What `parley events export` wrote; - is standard input.",
        ),
    ],
    json: Json = False,
    store: Store = None,
) -> None:
    """Bring JSON Lines into a store. What is there already stays; doing it twice does no harm.

    An import that was broken off goes on where it was when it is done again. Secrets that this Parley knows and the
    one that wrote the lines did not are masked on the way.

    parley events import events.jsonl --store postgresql://me@here/parley
    """
    from parley_events.lines import imported
    from parley_server.cli.events_progress import EventsBar, size_of
    from parley_server.cli.events_view import imported_json, imported_line

    async def work(opened: EventStore) -> Imported:
        with ExitStack() as stack:
            source: TextIO = file
            total = size_of(source)
            bar = EventsBar(stack, total, is_wanted=not json)

            def told(so_far: Imported) -> None:
                bar.move(so_far.events + so_far.repeated, source.buffer.tell() if total else 0)

            return await imported(opened, _interruptible(source), told)

    with stopped_by_ctrl_c("Stopped. What was brought in stays; the same command again goes on from there."):
        brought = doing(store, work)
    typer.echo(imported_json(brought) if json else imported_line(brought))


def _interruptible(lines: TextIO) -> Iterator[str]:
    """The lines; Ctrl-C also ends the waiting for one."""
    while True:
        with heard_at_once():
            line = lines.readline()
        if not line:
            return
        yield line


def _salvage(store: str | None, query: Query, out: Path | None) -> None:
    import asyncio

    from parley_events.lines import exported
    from parley_server.app import salvaged_events
    from parley_server.cli.events_view import counted

    async def work(salvaged: SalvagedEvents) -> None:
        with _bar(out) as told:
            async with aclosing(exported(salvaged, query, told)) as lines:
                await _written(lines, out)

    with salvaged_events(store) as salvaged:
        asyncio.run(work(salvaged))
    more = ": all that can be read"
    if salvaged.left_out:
        more = f"; {counted(salvaged.left_out, 'event')} left out, because what comes before is lost"
    typer.echo(f"{counted(salvaged.events, 'event')} saved{more}.", err=True)


async def _written(lines: AsyncIterator[str], out: Path | None) -> int:
    """Write the lines as UTF-8, each with one line feed, whatever the system's habits; how many there were."""
    from parley_events.errors import EventStoreError
    from parley_server.files import new_file

    count = 0
    with _standard_output() if out is None else new_file(str(out)) as file:
        waiting = bytearray()
        try:
            async for line in lines:
                waiting += line.encode() + b"\n"
                count += 1
                if len(waiting) >= _WRITTEN_AT_ONCE_BYTES:
                    _write(file, waiting)
        except EventStoreError:  # what comes before an event that is damaged is worth having
            _write(file, waiting)
            raise
        _write(file, waiting)
    return count


def _write(file: BinaryIO, waiting: bytearray) -> None:
    """Write what waits, and empty it: many lines at once, because listening to Ctrl-C takes as long as making one."""
    with heard_at_once():
        file.write(waiting)
    waiting.clear()


@contextmanager
def _bar(out: Path | None, head: int | None = None) -> Iterator[Callable[[Reached], None]]:
    """What shows how far an export is: nothing where its lines are shown themselves."""
    from parley_server.cli.events_progress import EventsBar

    with ExitStack() as stack:
        bar = EventsBar(stack, head, is_wanted=out is not None or not sys.stdout.isatty())
        yield lambda reached: bar.move(reached.events, reached.position)


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    from parley_server.files import FileError

    file = typer.get_binary_stream("stdout")
    try:
        yield file
        file.flush()
    except KeyboardInterrupt:
        # What waits to be written would hold up leaving, where whoever reads it does not.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
        raise
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has enough
            raise
        raise FileError(f"The lines are cut off: standard output cannot be written ({error.strerror}).") from error
