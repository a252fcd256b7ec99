"""What was asked of the writing thread, and the way back for its answers.

A thread that wakes another waits for the interpreter, and the event loop waits for the disk. So answers are held back
until the next commit is ready to begin: the loop then works on one half of a crowd while the disk works for the other.
"""

from __future__ import annotations

import asyncio
import logging
import queue
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from parley_events.errors import EventStoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from parley_events.batches import Batch
    from parley_events.events import RecordedEvent

logger = logging.getLogger(__name__)

# In a crowd, those who were just answered ask again in the same turn of the loop; they are handed over together, when
# it ends or when they are half of all, so that the thread is not woken for each.
CROWD = 4
# A commit is worth its time for so many; fewer are not halved.
GROUP = 24
MOST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Anything but an append: in a transaction of its own, or outside of any."""

    work: Callable[[sqlite3.Connection], Any]
    transaction: bool


Answer: TypeAlias = "asyncio.Future[Any]"
Job: TypeAlias = "tuple[Batch | Write, Answer]"


class Line:
    """Jobs in the order in which they were asked for, from the tasks of one loop to one thread.

    Args:
        committed: Is told, in the loop's thread, what was committed, right after the appends were answered.
    """

    def __init__(self, committed: Callable[[Sequence[RecordedEvent]], None]) -> None:
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._asked: list[Job] = []
        self._under_way = 0
        self._crowd = False
        self._handed_over: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._ended = False
        self._answers: list[tuple[Answer, Any]] = []
        self._rows: list[RecordedEvent] = []

    def ask(self, work: Batch | Write) -> Answer:
        """In the loop: the future answer. Who cancels it before the thread takes it has asked for nothing."""
        answer: Answer = self._loop.create_future()
        asked = self._asked
        asked.append((work, answer))
        self._under_way += 1
        if not self._crowd or self._is_enough(len(asked)):
            self._hand_over()
        elif len(asked) == 1:
            self._loop.call_soon(self._hand_over)
        return answer

    def end(self) -> None:
        """In the loop: let the thread end after what was asked for so far."""
        self._hand_over()
        self._handed_over.put(None)

    def take(self) -> list[Job] | None:
        """In the thread: what to do next, once there is something; None: nothing more will come."""
        jobs: list[Job] = []
        while not self._ended and (not jobs or (len(jobs) < MOST and not self._is_enough(len(jobs)))):
            if self._handed_over.empty():
                if jobs:
                    break
                self.tell()
            handed_over = self._handed_over.get()
            self._ended = handed_over is None
            jobs += handed_over or ()
        return jobs or None

    def answer(self, answers: Iterable[tuple[Answer, Any]], rows: Iterable[RecordedEvent] = ()) -> None:
        """In the thread: what came of jobs, and what was committed. The loop hears of it at the next `tell`."""
        self._answers += answers
        self._rows += rows

    def tell(self) -> None:
        """In the thread: let the loop have the answers, right before waiting for the disk or for more to do."""
        if self._answers:
            answers, rows, self._answers, self._rows = self._answers, self._rows, [], []
            self.in_loop(self._settle, answers, rows)

    def in_loop(self, callback: Callable[..., None], *arguments: object) -> None:
        """In the thread: let the loop call this."""
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop ended before the store was closed: nobody waits any more
            logger.warning("the event loop ended while events were being stored")

    def _is_enough(self, jobs: int) -> bool:
        return jobs >= GROUP and 2 * jobs >= self._under_way

    def _hand_over(self) -> None:
        if self._asked:
            self._handed_over.put(self._asked)
            self._asked = []

    def _settle(self, answers: Sequence[tuple[Answer, Any]], rows: Sequence[RecordedEvent]) -> None:
        self._under_way -= len(answers)
        self._crowd = len(answers) >= CROWD
        for answer, outcome in answers:
            if answer.done():
                continue
            if isinstance(outcome, EventStoreError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        self._committed(rows)
