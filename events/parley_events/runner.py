"""Carrying out commands: load, fold, process, append with the expected sequence; a conflict begins again.

What a command means belongs to its `Handler`; what follows from its events, to whoever subscribes.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakValueDictionary

from parley_events.errors import ConflictError, EventStoreError, TooManyConflictsError
from parley_events.events import Query
from parley_events.history import NOW, Moment, history
from parley_events.store import Snapshot, Trouble
from parley_events.types import Event, StateCodec, schema_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from parley_events.events import Metadata
    from parley_events.handler import Given, Handler
    from parley_events.store import Cursor, EventStore
    from parley_events.types import EventTypes, Forked

CommandT = TypeVar("CommandT")
EventT = TypeVar("EventT", bound=Event)
StateT = TypeVar("StateT")

ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded(Generic[StateT]):
    """A state, and the aggregate's sequence that it is the state at."""

    state: StateT
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran(Generic[EventT, StateT]):
    """What a command led to: its events, the state after them, and where they were stored (0: nothing was).

    Events and state are as they are stored, redacted, so that whoever reads them later finds the same.
    """

    events: tuple[EventT | Forked, ...]
    state: StateT
    sequence: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPolicy:
    """When states are kept, so that folding need not begin at the beginning.

    Args:
        state_type: The state's class.
        every: How many events lie between two snapshots.
        version: To be raised when `apply` comes to mean something else for the same shapes.
        report: Is told when a snapshot could not be kept; that costs time later, and nothing else.
    """

    state_type: type[Any]
    every: int = 100
    version: int = 1
    report: Callable[[Trouble], None] = lambda _trouble: None


class Runner(Generic[CommandT, EventT, StateT]):
    """Commands against the aggregates of one stream.

    Args:
        store: Where their events are.
        stream_id: The stream.
        handler: Decides and folds.
        types: The handler's events.
        given: Makes what each decision may use of the outside.
        snapshots: Whether and when states are kept.
    """

    def __init__(  # noqa: PLR0913 - it joins that many parts
        self,
        store: EventStore,
        stream_id: str,
        handler: Handler[CommandT, EventT, StateT],
        types: EventTypes[EventT],
        *,
        given: Callable[[], Given],
        snapshots: SnapshotPolicy | None = None,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._store, self._stream_id, self._handler, self._types = store, stream_id, handler, types
        self._given, self._attempts = given, attempts
        self._snapshots = snapshots
        self._codec = StateCodec(snapshots.state_type) if snapshots is not None else None
        self._schema = "" if snapshots is None else _schema(snapshots, types)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(
        self,
        aggregate_id: str,
        command: CommandT,
        *,
        metadata: Metadata | None = None,
        advance: Cursor | None = None,
    ) -> Ran[EventT, StateT]:
        """Carry a command out. With `advance`, the cursor moves in the same transaction, even if nothing happens.

        Raises:
            TooManyConflictsError: somebody else was faster each time.
        Whatever `process` raises comes through, and nothing is stored.
        """
        lock = self._locks.setdefault(aggregate_id, asyncio.Lock())
        async with lock:
            for _ in range(self._attempts):
                try:
                    return await self._attempt(aggregate_id, command, metadata, advance)
                except ConflictError as error:
                    if advance is not None and await self._store.cursor(advance.name) >= advance.position:
                        raise
                    conflict = error
        raise TooManyConflictsError(
            f"{self._stream_id}/{aggregate_id} was changed by others {self._attempts} times while this was decided. "
            "Nothing was stored; try again."
        ) from conflict

    async def state(self, aggregate_id: str, at: Moment = NOW) -> Folded[StateT]:
        """The state now, or at an earlier moment of the aggregate's own history."""
        kept = None if at.time is not None else await self._kept(aggregate_id, at.sequence)
        if kept is None:
            events = await history(self._store, self._stream_id, aggregate_id, at)
            own = [event.sequence for event in events if event.aggregate_id == aggregate_id]
            return Folded(state=self._handler.fold(map(self._types.read, events)), sequence=max(own, default=0))
        tail = await self._store.load(
            Query(
                stream_id=self._stream_id,
                aggregate_id=aggregate_id,
                from_sequence=kept.sequence + 1,
                until_sequence=at.sequence,
            )
        )
        return Folded(
            state=self._handler.fold(map(self._types.read, tail), kept.state),
            sequence=tail[-1].sequence if tail else kept.sequence,
        )

    async def _attempt(
        self, aggregate_id: str, command: CommandT, metadata: Metadata | None, advance: Cursor | None
    ) -> Ran[EventT, StateT]:
        folded = await self.state(aggregate_id)
        decided = self._handler.process(folded.state, command, self._given())
        if not decided and advance is None:
            return Ran(events=(), state=folded.state, sequence=folded.sequence, position=0)
        appended = await self._store.append(
            self._stream_id,
            aggregate_id,
            [self._types.new(event) for event in decided],
            expected_sequence=folded.sequence,
            metadata=metadata,
            advance=advance,
        )
        events = tuple(map(self._types.read, appended.events))
        live = Folded(state=self._handler.fold(events, folded.state), sequence=appended.sequence)
        await self._keep(aggregate_id, folded.sequence, live)
        position = appended.position if events else 0
        return Ran(events=events, state=live.state, sequence=live.sequence, position=position)

    async def _kept(self, aggregate_id: str, until_sequence: int | None) -> Folded[StateT] | None:
        if self._codec is None:
            return None
        snapshot = await self._store.snapshot(
            self._stream_id, aggregate_id, self._schema, until_sequence=until_sequence
        )
        if snapshot is None:
            return None
        try:
            return Folded(state=self._codec.load(snapshot.state_json), sequence=snapshot.sequence)
        except ValueError:  # a snapshot is a convenience: one that cannot be read is none
            return None

    async def _keep(self, aggregate_id: str, before: int, live: Folded[StateT]) -> None:
        if self._snapshots is None or self._codec is None:
            return
        if live.sequence // self._snapshots.every == before // self._snapshots.every:
            return
        try:
            await self._store.save_snapshot(
                Snapshot(
                    stream_id=self._stream_id,
                    aggregate_id=aggregate_id,
                    sequence=live.sequence,
                    schema_hash=self._schema,
                    state_json=self._codec.dump(live.state),
                )
            )
        except EventStoreError as error:
            self._snapshots.report(Trouble(what="keeping a snapshot", error=error, attempt=1, retry_in_s=0.0))


def _schema(policy: SnapshotPolicy, types: EventTypes[EventT]) -> str:
    parts = f"{policy.version}:{schema_hash(policy.state_type)}:{types.schema_hash}"
    return hashlib.sha256(parts.encode()).hexdigest()
