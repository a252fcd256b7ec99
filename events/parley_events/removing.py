"""What of a removal still holds when it is carried out, from what was stored since it was decided on. Pure.

Every store uses it within the transaction that removes, so that nobody loses what was just stored or pointed at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parley_events.blobs import names_in
from parley_events.events import Query
from parley_events.history import forked_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley_events.events import RecordedEvent
    from parley_events.store import Removal


class Meanwhile:
    """What happened between a removal's decision and its transaction.

    A store gives to `saw` every event after `removal.seen`, then what each `unread` query chooses, until there is none;
    then `remaining` is what may go.

    Args:
        removal: What was decided on.
    """

    def __init__(self, removal: Removal) -> None:
        self._removal = removal
        self._going = dict.fromkeys(removal.aggregates)
        self._blobs = dict.fromkeys(removal.blobs)
        self._unread: list[Query] = []

    def saw(self, events: Iterable[RecordedEvent]) -> None:
        """Keep the aggregates of these events, the parents of those that are forks, and the bytes that they name.

        Raises:
            UnknownEventError: an event says that it is a fork, but not of what.
        """
        for event in events:
            self._keep(event.stream_id, event.aggregate_id)
            for name in names_in(event.data_json):
                self._blobs.pop(name, None)
            parent = forked_from([event])
            if parent is not None:
                self._keep(event.stream_id, parent.parent)

    def unread(self) -> Query | None:
        """An aggregate that stays after all, whose events name what must stay with it; None if all were read."""
        return self._unread.pop() if self._unread else None

    @property
    def remaining(self) -> Removal:
        """What may go of what was decided on."""
        return replace(self._removal, aggregates=tuple(self._going), blobs=tuple(self._blobs))

    def _keep(self, stream_id: str, aggregate_id: str) -> None:
        if (stream_id, aggregate_id) in self._going:
            del self._going[stream_id, aggregate_id]
            self._unread.append(Query(stream_id=stream_id, aggregate_id=aggregate_id))
