"""How the commands of `parley events` reach a store: their common options, opening it, and finding what is named.

The commands themselves are in `events`, `events_moving` and `events_upkeep`.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from parley_events.store import EventStore

T = TypeVar("T")
_NAMED = 5
Store = Annotated[
    str | None, typer.Option("--store", metavar="FILE|ADDRESS", help="Another store: a file, or postgresql://….")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON Lines.")]
Name = Annotated[
    str, typer.Argument(metavar="STREAM/AGGREGATE", help="As `parley events list` names it, or a beginning of it.")
]


def reading(named: str | None, work: Callable[[EventStore], Awaitable[T]]) -> T:
    """Do something with a store that is there, which only reads it."""
    return doing(named, work, read_only=True)


def changing(named: str | None, work: Callable[[EventStore], Awaitable[T]]) -> T:
    """Do something with a store that must be there already: none is made where a name is mistyped."""
    from parley_events.errors import EventStoreError, StoreMissingError

    try:
        reading(named, lambda store: store.head())
    except StoreMissingError:
        raise
    except EventStoreError:
        pass  # opening it for a change tells of it, or brings an older one up to date
    return doing(named, work)


def doing(named: str | None, work: Callable[[EventStore], Awaitable[T]], *, read_only: bool = False) -> T:
    """Do something with a store, which is made if it is not there."""
    from parley_server.app import open_event_store

    async def opened() -> T:
        async with open_event_store(named, read_only=read_only) as store:
            return await work(store)

    import asyncio

    return asyncio.run(opened())


@contextmanager
def stopped_by_ctrl_c(said: str) -> Iterator[None]:
    """Ctrl-C within ends the command with this one line, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(said, err=True)
        raise typer.Exit(130) from None


@contextmanager
def heard_at_once() -> Iterator[None]:
    """Ctrl-C also ends a wait for a file or a pipe within, which asyncio's own handler, heard by the loop, would not.

    To be used in a task of the main thread.
    """
    import asyncio

    task = asyncio.current_task()
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):  # it is not ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if task is not None and task.cancelling():  # Ctrl-C came just before
            raise KeyboardInterrupt
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


async def found(store: EventStore, name: str) -> tuple[str, str]:
    """The one aggregate of that name, or whose name begins so.

    Raises:
        typer.BadParameter: it is no such name.
        NoSuchAggregateError: there is none, or more than one; the message names those that are near.
    """
    from parley_events.errors import NoSuchAggregateError

    stream_id, slash, aggregate_id = name.partition("/")
    if not slash:
        raise typer.BadParameter(f"{name!r} must be STREAM/AGGREGATE, as `parley events list` shows them.")
    names = [each.aggregate_id for each in await store.aggregates(stream_id)]
    fitting = [each for each in names if each == aggregate_id] or [
        each for each in names if each.startswith(aggregate_id)
    ]
    if len(fitting) > 1:
        some = ", ".join(f"{stream_id}/{each}" for each in fitting[-_NAMED:])
        raise NoSuchAggregateError(
            f"{len(fitting)} aggregates of {stream_id} begin with {aggregate_id!r}, such as {some}. Write more of the "
            "name."
        )
    if not fitting:
        raise NoSuchAggregateError(f"There is no {name}. {await _nearest(store, name)}`parley events list` shows all.")
    return stream_id, fitting[0]


async def _nearest(store: EventStore, name: str) -> str:
    """The aggregate that was meant, perhaps, by its whole name or by a beginning of it; a right stream is kept to."""
    keys = [(each.stream_id, each.aggregate_id) for each in await store.aggregates()]
    stream_id, _, aggregate_id = name.partition("/")
    if any(key[0] == stream_id for key in keys):
        meant = {key[1]: key for key in keys if key[0] == stream_id}
        given = aggregate_id
    else:
        meant, given = {"/".join(key): key for key in keys}, name
    beginnings = {whole[: len(given)]: key for whole, key in meant.items()}
    near = get_close_matches(given, beginnings | meant, n=1)
    return f"Did you mean {'/'.join((beginnings | meant)[near[0]])}? " if near else ""
