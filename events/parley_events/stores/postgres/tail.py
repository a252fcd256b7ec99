"""How commits of other processes are noticed: by `LISTEN`, which gives hints, and by a poll, which is the guarantee."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import psycopg

from parley_events.errors import StoreBehindError
from parley_events.store import Trouble
from parley_events.stores.postgres.bounds import ANSWER_S, bounded
from parley_events.stores.postgres.connection import connect
from parley_events.stores.postgres.faults import translated
from parley_events.stores.postgres.statements import HEAD, next_page
from parley_events.subscription import backoff_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from parley_events.feed import Feed
    from parley_events.stores.postgres.connection import Place

logger = logging.getLogger(__name__)

CHANNEL = "parley_events"
# A hint need not be on the disk: waiting for it there would take every other turn of the disk from the appends.
# It tells the position of the news, so that who has seen it, as the process that stored it, need not ask.
NOTIFY = f"SET LOCAL synchronous_commit TO off; NOTIFY {CHANNEL}, '{{}}'"
PAGE_EVENTS = 500
POLL_S = 0.25


class PostgresTail:
    """Follows the database for a feed while somebody listens.

    Args:
        place: The database.
        report: Is told of trouble with it.
        answer_s: How long an answer may take, in seconds, before another connection is made.
    """

    def __init__(self, place: Place, report: Callable[[Trouble], None], *, answer_s: float = ANSWER_S) -> None:
        self._place = place
        self._answer_s = answer_s
        self._report = report
        self._listening = asyncio.Event()
        self._stopped = False
        self._attempt = 0

    def resume(self) -> None:
        """See `Tail`."""
        self._listening.set()

    def pause(self) -> None:
        """See `Tail`."""
        self._listening.clear()

    def stop(self) -> None:
        """End `run` soon.

        Its task is cancelled, too, but the pool waits by `asyncio.wait_for`, which before Python 3.12 loses a
        cancellation that comes together with what it waits for (python/cpython issue 86296).
        """
        self._stopped = True
        self._listening.set()

    async def run(self, feed: Feed) -> None:
        """Follow until stopped."""
        while not self._stopped:
            await self._listening.wait()
            try:
                async with await connect(self._place) as connection:
                    with bounded(connection, self._answer_s):
                        with suppress(psycopg.errors.ReadOnlySqlTransaction):  # a standby: it is only polled
                            await connection.execute(f"LISTEN {CHANNEL}")
                        is_behind = await self._is_behind(connection, feed)
                    if is_behind:
                        continue
                    await self._follow(connection, feed)
            except psycopg.Error as error:
                self._attempt += 1
                trouble = Trouble(
                    what="following the event store",
                    error=translated(error, str(self._place)),
                    attempt=self._attempt,
                    retry_in_s=backoff_s(self._attempt),
                )
                logger.warning("%s: %s", trouble.what, trouble.error)
                self._report(trouble)
                await asyncio.sleep(trouble.retry_in_s)

    async def _is_behind(self, connection: AsyncConnection, feed: Feed) -> bool:
        """Whether the database lacks what was handed out already; the listeners are told."""
        seen = feed.position
        [[head]] = await (await connection.execute(HEAD)).fetchall()
        if head >= seen:
            return False
        feed.cut(StoreBehindError(head=head, seen=seen))
        return True

    async def _follow(self, connection: AsyncConnection, feed: Feed) -> None:
        while self._listening.is_set() and not self._stopped:
            full = True
            while full:
                after = feed.position
                with bounded(connection, self._answer_s):
                    page = await next_page(connection, after, PAGE_EVENTS)
                self._attempt = 0
                feed.deliver(after, page)
                full = len(page) == PAGE_EVENTS
            await _hint(connection, feed)


async def _hint(connection: AsyncConnection, feed: Feed) -> None:
    """Wait until a hint tells of a position that was not handed out, or until it is time to look without one."""
    async with aclosing(connection.notifies(timeout=POLL_S)) as hints:
        async for hint in hints:
            if not hint.payload.isdecimal() or int(hint.payload) > feed.position:
                return


class Notifier:
    """Tells other processes that there is news: after the commit, in its own time, once for many commits.

    Args:
        pool: Where connections come from.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._news = asyncio.Event()
        self._position = 0
        self._stopped = False

    def notify(self, position: int) -> None:
        """There is news, up to a position."""
        self._position = position
        self._news.set()

    def stop(self) -> None:
        """End `run` soon; see `PostgresTail.stop`."""
        self._stopped = True
        self._news.set()

    async def run(self) -> None:
        """Notify until stopped. A notification that fails is only a hint the less."""
        while not self._stopped:
            await self._news.wait()
            self._news.clear()
            try:
                async with self._pool.connection() as connection:
                    with bounded(connection, ANSWER_S):
                        await connection.execute(NOTIFY.format(self._position).encode())
            except psycopg.Error as error:
                logger.debug("no notification was sent: %s", error)
