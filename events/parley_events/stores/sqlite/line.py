"""What was asked of the writing thread, and the way back for its answers.

Everything that is asked for while the thread commits goes into its next commit. Who was just answered may ask again in
the same turn of the loop: so the next are handed over when that turn ends, all together. A crowd then needs one commit
for each round of questions, and the two threads wake each other once.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from parley_events.batches import Batch
    from parley_events.events import RecordedEvent

logger = logging.getLogger(__name__)

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
        self._handed_over: list[Job] = []
        self._under_way = 0
        self._at_rest = True
        self._ended = False
        self._bell = _Bell()

    def ask(self, work: Batch | Write) -> Answer:
        """In the loop: the future answer. Who cancels it before the thread takes it has asked for nothing."""
        answer: Answer = self._loop.create_future()
        self._asked.append((work, answer))
        if self._at_rest:
            self._hand_over()
        return answer

    def end(self) -> None:
        """In the loop: let the thread end after what was asked for so far."""
        self._ended = True
        self._bell.ring()

    def close(self) -> None:
        """Give back what the line holds of the system, once the thread has ended."""
        self._bell.close()

    def take(self) -> list[Job] | None:
        """In the thread: what to do next, once there is something and all that was taken before is answered.

        None: nothing more will come.
        """
        if not self._ended:
            self._bell.wait()
        jobs, self._handed_over = self._handed_over, []
        if self._ended:  # nobody asks any more, and the loop leaves to the thread what was asked
            jobs, self._asked = jobs + self._asked, []
        return jobs or None

    def answer(self, answers: Sequence[tuple[Answer, Any]], rows: Sequence[RecordedEvent] = ()) -> None:
        """In the thread: what came of jobs, and what was committed."""
        self.in_loop(self._settle, answers, rows)

    def in_loop(self, callback: Callable[..., None], *arguments: object) -> None:
        """In the thread: let the loop call this."""
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop ended before the store was closed: nobody waits any more
            logger.warning("the event loop ended while events were being stored")

    def _hand_over(self) -> None:
        self._at_rest = not self._asked
        if self._asked and not self._ended:
            self._handed_over, self._asked = self._asked[:MOST], self._asked[MOST:]
            self._under_way = len(self._handed_over)
            self._bell.ring()

    def _settle(self, answers: Sequence[tuple[Answer, Any]], rows: Sequence[RecordedEvent]) -> None:
        for answer, outcome in answers:
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        self._under_way -= len(answers)
        if not self._under_way:
            self._loop.call_soon(self._hand_over)  # after the turn of all who were just answered
        self._committed(rows)


class _Bell:
    """What a thread waits at until another one rings.

    It is a pipe, and not a lock or a queue of the standard library, because it wakes its reader in half the time.
    """

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()

    def ring(self) -> None:
        os.write(self._rung, b".")

    def wait(self) -> None:
        os.read(self._heard, 1)

    def close(self) -> None:
        os.close(self._heard)
        os.close(self._rung)
