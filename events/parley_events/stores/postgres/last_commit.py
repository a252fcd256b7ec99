"""Where this process's last commit left the store: what the next one need not ask. Pure.

Whether it is still so, the database says under its lock; see `statements.UNCHANGED`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley_events.batches import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley_events.batches import AggregateKey, Batch, Planned

KEPT_AGGREGATES = 1000


class LastCommit:
    """The newest event as this process stored it, and the sequences of the aggregates it appended to until then.

    All of it holds for as long as that event is the newest one and nothing was removed since. `event_id` is empty
    before the first commit.
    """

    def __init__(self) -> None:
        self.event_id, self.position = "", 0
        self._heads: dict[AggregateKey, int] = {}

    def found(self, batches: Sequence[Batch]) -> Found | None:
        """What planning these batches needs to know, or None if they need more than is known here."""
        if any(batch.advance is not None or batch.forked is not None for batch in batches):
            return None
        if any(batch.key not in self._heads for batch in batches):
            return None
        return Found(heads={batch.key: self._heads[batch.key] for batch in batches}, position=self.position)

    def was(self, planned: Planned, *, unchanged: bool) -> None:
        """Take a commit as the last one; `unchanged` says that what was known held when it began."""
        if not planned.rows:
            return
        if not unchanged or len(self._heads) > KEPT_AGGREGATES:
            self._heads.clear()
        self._heads.update(planned.heads)
        self.event_id, self.position = planned.rows[-1].event_id, planned.rows[-1].position
