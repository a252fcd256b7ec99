"""The threads of a SQLite store: what they do with what was cancelled, with trouble, and when nobody waits any more."""

import asyncio
import shutil
import sqlite3
import threading
from contextlib import AsyncExitStack

import psutil
import pytest

from parley_events import (
    EVERYTHING,
    Cursor,
    InvalidEventError,
    Query,
    StoreBusyError,
    StoreCorruptError,
    StoreLocationError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from parley_events.feed import Feed
from parley_events.stores.sqlite.connection import BUSY_MS, create, use_log
from parley_events.stores.sqlite.tail import BUSY_FOR_S, SqliteTail
from parley_events.stores.sqlite.writer import RESERVE_AFTER, Writer
from support.event_stores import Outside, eventually, happened, sqlite_store, take


class Locked:
    """The write lock, held by another connection until it is released."""

    def __init__(self, path):
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self):
        self._connection.execute("ROLLBACK")
        self._connection.close()


def _threads():
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("parley-events")}


async def _turns_until(reached):
    """Give the loop a turn after the other, no longer than it takes; only for what begins within a moment."""
    for _ in range(1_000_000):
        if reached():
            return
        await asyncio.sleep(0)


async def _made(tmp_path):
    async with sqlite_store(tmp_path, Outside(prefix="first")) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
    return tmp_path / "events.db"


async def _stored(tmp_path):
    async with sqlite_store(tmp_path, Outside(), read_only=True) as store:
        return [event.event_type for event in await store.load(Query())]


async def test_an_append_that_is_cancelled_before_its_turn_is_not_stored(tmp_path):
    """One that is on its way to the disk is stored, although nobody waits for it any more; the others are answered."""
    path, outside = await _made(tmp_path), Outside()

    async def reported():
        return len(outside.trouble)

    async with sqlite_store(tmp_path, outside) as store:
        locked = Locked(path)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(store.append("s", "b", [happened("First")], expected_sequence=None))
            await eventually(reported, 1)
            second = group.create_task(store.append("s", "b", [happened("Second")], expected_sequence=None))
            third = group.create_task(store.append("s", "b", [happened("Third")], expected_sequence=None))
            saving = group.create_task(store.save_cursor(Cursor(name="c", position=1)))
            await asyncio.sleep(0)
            first.cancel()
            second.cancel()
            await asyncio.sleep(0)
            locked.release()
        assert third.result().sequence == 2
        assert saving.result() is None
        assert await store.cursor("c") == 1
    assert await _stored(tmp_path) == ["Happened", "First", "Third"]


async def test_a_lock_is_told_once_however_long_it_is_waited_for(tmp_path):
    """And other writes than appends are refused like them when it stays."""
    path, outside = await _made(tmp_path), Outside()
    async with sqlite_store(tmp_path, outside, patience_s=8 * BUSY_MS / 1000) as store:
        locked = Locked(path)
        with pytest.raises(StoreBusyError, match="Another process holds"):
            await store.save_cursor(Cursor(name="c", position=1))
        with pytest.raises(StoreBusyError, match="Another process holds"):
            await store.vacuum()
        locked.release()
        await store.save_cursor(Cursor(name="c", position=1))
    assert [trouble.what for trouble in outside.trouble] == ["storing events"]


async def test_a_write_that_fails_leaves_nothing(tmp_path):
    """What it had done before goes, too."""
    path, outside = await _made(tmp_path), Outside()
    writer = Writer(path, lambda _rows: None, outside.trouble.append)
    await writer.start()

    def half(connection):
        connection.execute("INSERT INTO cursors VALUES ('half', 1)")
        connection.execute("INSERT INTO cursors VALUES ('half', 2)")

    with pytest.raises(StoreUnavailableError, match="UNIQUE"):
        await writer.write(half)
    await writer.write(lambda connection: connection.execute("INSERT INTO cursors VALUES ('whole', 1)"))
    await writer.aclose()
    async with sqlite_store(tmp_path, outside, read_only=True) as store:
        assert (await store.size()).cursors == (Cursor(name="whole", position=1),)


async def test_a_value_that_sqlite_does_not_take_ends_no_thread(tmp_path):
    """Neither the one that writes nor one that reads: the next who asks is served."""
    async with sqlite_store(tmp_path, Outside()) as store:
        for cursor in (Cursor(name="half a pair \ud800", position=1), Cursor(name="large", position=2**63)):
            with pytest.raises(InvalidEventError, match="can neither hold such a value nor look for it"):
                await store.save_cursor(cursor)
        with pytest.raises(InvalidEventError, match="Nothing of this was stored"):
            await store.load(Query(until_sequence=2**63))
        await store.append("s", "a", [happened()], expected_sequence=0)
        assert [event.sequence for event in await store.load(Query())] == [1]


async def test_a_writer_whose_file_is_gone_refuses_whatever_is_asked(tmp_path):
    """Whoever asks is answered, and the thread ends when it is closed."""
    writer = Writer(tmp_path / "gone.db", lambda _rows: None, lambda _trouble: None)
    for _ in range(2):
        with pytest.raises(StoreReadOnlyError, match=r"gone\.db cannot be opened"):
            await (writer.start() if not _threads() else writer.write(lambda _connection: None))
    await writer.aclose()
    assert _threads() == set()


async def test_an_opening_that_is_cancelled_leaves_no_thread(tmp_path):
    """Neither the writer's nor a reader's."""
    for number in range(100):
        store = sqlite_store(tmp_path / str(number), Outside())
        async with asyncio.TaskGroup() as group:
            opening = group.create_task(store.__aenter__())
            await _turns_until(lambda: opening.done() or "parley-events-write" in _threads())  # noqa: B023 - done within
            opening.cancel()
        if opening.cancelled():
            break
        await store.__aexit__(None, None, None)
    assert (opening.cancelled(), _threads()) == (True, set())


async def test_the_tail_waits_until_the_file_can_be_read_again(tmp_path):
    """The trouble is reported, and who listens gets what is stored when the file is back."""
    path, outside = await _made(tmp_path), Outside()
    good = path.read_bytes()
    path.write_bytes(b"no database " * 500)

    async def reported():
        return {(trouble.what, type(trouble.error)) for trouble in outside.trouble}

    async def head():
        return 0

    tail = SqliteTail(path, outside.trouble.append)
    feed = Feed(head, tail)
    tail.attach(feed)
    listener, _ = await feed.join(EVERYTHING)
    await eventually(reported, {("following the event store", StoreCorruptError)})
    path.write_bytes(good)
    async with asyncio.timeout(60):
        await listener.ready()
    assert [event.event_type for event in listener.events] == ["Happened"]
    await tail.aclose()


async def test_trouble_of_the_tail_that_stays_is_told_ever_more_seldom(tmp_path):
    """Here a file that opens and cannot be read, as a damaged one: opening it is no success to begin anew from."""
    (tmp_path / "events.db").touch()
    outside = Outside()

    async def pauses():
        return [trouble.retry_in_s for trouble in outside.trouble[:3]]

    async def head():
        return 0

    tail = SqliteTail(tmp_path / "events.db", outside.trouble.append)
    feed = Feed(head, tail)
    tail.attach(feed)
    await feed.join(EVERYTHING)
    await eventually(pauses, [0.05, 0.1, 0.2])
    await tail.aclose()


async def test_more_than_a_page_of_another_process_comes_whole(tmp_path):
    """The tail reads page after page, and hands each over before it reads the next."""
    async with (
        sqlite_store(tmp_path, Outside()) as store,
        sqlite_store(tmp_path, Outside(prefix="other")) as other,
        store.subscribe() as events,
    ):
        await store.append("s", "a", [happened()], expected_sequence=0)
        await take(events, 1)
        await other.append("s", "b", [happened() for _ in range(1_200)], expected_sequence=0)
        assert [event.position for event in await take(events, 1_200)] == list(range(2, 1_202))


async def test_one_thread_follows_for_all_subscribers(tmp_path):
    """However many there are, one looks for news and reads it; each gets every event."""
    async with (
        sqlite_store(tmp_path, Outside()) as store,
        sqlite_store(tmp_path, Outside(prefix="other")) as other,
        AsyncExitStack() as stack,
    ):
        subscribed = [await stack.enter_async_context(store.subscribe()) for _ in range(50)]
        await other.append("s", "a", [happened()], expected_sequence=0)
        for events in subscribed:
            await take(events, 1)
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(anext(events)) for events in subscribed]
            await other.append("s", "a", [happened("News")], expected_sequence=1)
        assert [task.result().event_type for task in waiting] == ["News"] * 50
        assert [thread.name for thread in threading.enumerate()].count("parley-events-tail") == 1


async def test_a_subscriber_at_rest_is_served_like_a_busy_one(tmp_path):
    """When nothing has come for a while, the tail looks less often; what comes then is seen all the same."""
    async with (
        sqlite_store(tmp_path, Outside()) as store,
        sqlite_store(tmp_path, Outside(prefix="other")) as other,
        store.subscribe() as events,
    ):
        for number in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(BUSY_FOR_S * 1.4):
                    await anext(events)
            await other.append("s", "a", [happened(number=number)], expected_sequence=number)
            assert (await anext(events)).data == {"number": number}


def test_threads_end_with_a_loop_that_ended_without_closing(tmp_path):
    """A program that breaks off is not held up; what is on its way to the disk is stored all the same."""
    path, outside = asyncio.run(_made(tmp_path)), Outside()

    async def break_off():
        store = await sqlite_store(tmp_path, outside).__aenter__()
        events = store.subscribe()
        await anext(events)
        asking = [asyncio.get_running_loop().create_task(anext(events))]
        await _turns_until(lambda: "parley-events-tail" in _threads())
        locked = Locked(path)
        append = store.append("s", "a", [happened("Late")], expected_sequence=1)
        asking.append(asyncio.get_running_loop().create_task(append))
        await _turns_until(lambda: outside.trouble)
        return store, locked, asking

    store, locked, asking = asyncio.run(break_off())
    assert [task.cancelled() for task in asking] == [True, True]
    tail = next(thread for thread in threading.enumerate() if thread.name == "parley-events-tail")
    locked.release()
    tail.join(timeout=60)
    assert not tail.is_alive()
    asyncio.run(store.__aexit__(None, None, None))
    assert asyncio.run(_stored(tmp_path)) == ["Happened", "Late"]


async def test_a_second_writer_finds_the_log_at_its_length(tmp_path):
    """The room is made once, by whoever stores more than a few events first."""
    async with sqlite_store(tmp_path, Outside()) as store, sqlite_store(tmp_path, Outside(prefix="other")) as other:
        sizes = []
        for each in (store, other):
            for _ in range(RESERVE_AFTER + 1):
                await each.append("s", "a", [happened()], expected_sequence=None)
            sizes.append((tmp_path / "events.db-wal").stat().st_size)
        assert sizes[0] == sizes[1] > 1_000_000


async def test_where_no_log_can_be_there_is_no_store(tmp_path):
    """SQLite says so by another mode, without an error: here because its locks are files."""
    path = tmp_path / "events.db"
    connection = sqlite3.connect(f"file:{path}?vfs=unix-dotfile", uri=True, isolation_level=None)
    with pytest.raises(StoreLocationError, match=r"journal mode 'delete'.*PostgreSQL"):
        use_log(connection, path)
    connection.close()


class Asking(sqlite3.Connection):
    """A connection that counts how often it was asked."""

    asked = 0

    def execute(self, *arguments):
        self.asked += 1
        return super().execute(*arguments)


async def test_the_log_is_asked_for_again_where_sqlite_does_not_wait(tmp_path):
    """Which it does not where two connections wait for each other; here because it was told not to."""
    path = tmp_path / "events.db"
    other = sqlite3.connect(path, isolation_level=None)
    asking = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False, factory=Asking)
    other.execute("BEGIN EXCLUSIVE")

    async def times_asked():
        return min(asking.asked, 2)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(asyncio.to_thread(use_log, asking, path))
        await eventually(times_asked, 2)
        assert not waiting.done()
        other.execute("ROLLBACK")
    assert asking.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    asking.close()


async def test_a_log_that_cannot_be_had_is_told(tmp_path):
    """Here the file may only be read."""
    path = tmp_path / "events.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE some (a)")
    made.close()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        use_log(connection, path)
    connection.close()


async def test_a_file_that_another_process_makes_a_store_of_is_waited_for(tmp_path):
    """SQLite does not wait by itself while another connection changes to the log."""
    path = tmp_path / "events.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    async def times_open():
        return [file.path for file in psutil.Process().open_files()].count(str(path))

    async with asyncio.TaskGroup() as group:
        making = group.create_task(asyncio.to_thread(create, path, [("/", "ext4")]))
        await eventually(times_open, 2)
        assert not making.done()
        other.execute("ROLLBACK")
        other.close()
    assert await _stored(tmp_path) == []


async def test_a_log_that_is_not_merged_needs_its_shared_memory(tmp_path):
    """Without it the last events cannot be seen: reading refuses. With an empty log nothing is missing."""
    async with sqlite_store(tmp_path / "live", Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        shutil.copytree(tmp_path / "live", tmp_path / "copied")
    (tmp_path / "copied" / "events.db-shm").unlink()
    (tmp_path / "copied" / "events.db-shm").symlink_to(tmp_path / "nowhere" / "else")
    with pytest.raises(StoreReadOnlyError, match="cannot be opened"):
        async with sqlite_store(tmp_path / "copied", Outside(), read_only=True):
            pass
    (tmp_path / "live" / "events.db-shm").symlink_to(tmp_path / "nowhere" / "else")
    assert await _stored(tmp_path / "live") == ["Happened"]
