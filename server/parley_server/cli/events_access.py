"""How the commands of `parley events` reach a store: their common options, opening it, and finding what is named.

The commands themselves are in `events` and `events_upkeep`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from parley_events.store import EventStore

T = TypeVar("T")
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


def doing(named: str | None, work: Callable[[EventStore], Awaitable[T]], *, read_only: bool = False) -> T:
    """Do something with a store, which is made if it is not there."""
    from parley_server.app import open_event_store

    async def opened() -> T:
        async with open_event_store(named, read_only=read_only) as store:
            return await work(store)

    import asyncio

    return asyncio.run(opened())


async def found(store: EventStore, name: str) -> tuple[str, str]:
    """The one aggregate of that name, or whose name begins so.

    Raises:
        typer.BadParameter: there is none, or more than one.
    """
    stream_id, slash, aggregate_id = name.partition("/")
    if not slash:
        raise typer.BadParameter(f"{name!r} must be STREAM/AGGREGATE, as `parley events list` shows them.")
    names = [each.aggregate_id for each in await store.aggregates(stream_id)]
    fitting = [each for each in names if each == aggregate_id] or [
        each for each in names if each.startswith(aggregate_id)
    ]
    if len(fitting) != 1:
        many = f"{len(fitting)} aggregates of {stream_id} begin with {aggregate_id!r}; write more of the name"
        raise typer.BadParameter(f"{many if fitting else f'there is no {name}'}; `parley events list` shows them.")
    return stream_id, fitting[0]
