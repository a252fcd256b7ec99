"""A SQLite store whose file is moved, deleted or replaced while it is open: nothing goes on in what is gone."""

import asyncio
import shutil
import threading
from contextlib import aclosing
from functools import partial

import pytest

from parley_events import Query, StoreUnusableError
from parley_events.stores.sqlite.reader import Reader
from parley_events.stores.sqlite.statements import HEAD
from support.event_stores import Outside, happened, sqlite_store, take


async def _filled(folder):
    async with sqlite_store(folder, Outside()) as store:
        await store.append("s", "a", [happened() for _ in range(3)], expected_sequence=0)
    return folder / "events.db"


async def test_a_store_that_is_moved_away_takes_no_appends_with_it(tmp_path):
    """An append into a deleted file would be acknowledged and lost."""
    path = await _filled(tmp_path)
    async with sqlite_store(tmp_path, Outside(prefix="new")) as store:
        shutil.move(path, tmp_path / "away.db")
        with pytest.raises(StoreUnusableError, match="moved, deleted or replaced"):
            await store.append("s", "a", [happened()], expected_sequence=3)
        shutil.move(tmp_path / "away.db", path)
        assert (await store.append("s", "a", [happened()], expected_sequence=3)).sequence == 4


async def test_a_store_that_is_replaced_is_not_read_on(tmp_path):
    """What others store in the new file would never be seen; once the old one is back, so is all that it holds."""
    path = await _filled(tmp_path)
    async with sqlite_store(tmp_path, Outside(), read_only=True) as store:
        assert await store.head() == 3
        shutil.move(path, tmp_path / "away.db")
        with pytest.raises(StoreUnusableError, match=r"replaced while it was open\. Nothing more can be read"):
            await store.load(Query())
        async with sqlite_store(tmp_path, Outside(prefix="new")) as another:
            await another.append("s", "a", [happened("Another")], expected_sequence=0)
        with pytest.raises(StoreUnusableError, match="Put it back"):
            await store.head()
        _put_back(tmp_path / "away.db", path)
        assert await store.head() == 3


async def test_a_thread_that_first_reads_while_the_store_is_replaced_keeps_nothing_of_the_other_file(tmp_path):
    """What it opened then would answer from the other file for ever, once the right one is back."""
    path = await _filled(tmp_path)
    async with aclosing(Reader(path)) as reader:
        begun, may_end = threading.Event(), threading.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(reader.read(lambda _connection: (begun.set(), may_end.wait())))
            assert await asyncio.to_thread(begun.wait)
            shutil.move(path, tmp_path / "away.db")
            async with sqlite_store(tmp_path, Outside(prefix="new")) as another:
                await another.append("s", "a", [happened("Another")], expected_sequence=0)
            try:
                with pytest.raises(StoreUnusableError, match="Put it back"):
                    await reader.read(_head)
            finally:
                may_end.set()
        _put_back(tmp_path / "away.db", path)
        both = threading.Barrier(2)
        async with asyncio.TaskGroup() as group:
            heads = [group.create_task(reader.read(partial(_head, after=both.wait))) for _ in range(2)]
        assert [each.result() for each in heads] == [3, 3]


@pytest.mark.parametrize("replaced", [False, True])
async def test_subscriptions_end_with_the_file_that_they_follow(tmp_path, replaced):
    """Deleted or replaced: no event would ever come. Who subscribes once it is back follows it again."""
    path = await _filled(tmp_path)
    async with sqlite_store(tmp_path, Outside(prefix="new")) as store, store.subscribe() as events:
        await take(events, 3)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_ending(events))
            await _turns()
            path.rename(tmp_path / "away.db")
            if replaced:
                shutil.copy(tmp_path / "away.db", path)
        assert "was moved, deleted or replaced while it was open. Its new events" in str(waiting.result())
        async with store.subscribe() as late:
            with pytest.raises(StoreUnusableError, match="replaced while it was open"):
                await anext(late)
        (tmp_path / "away.db").replace(path)
        async with store.subscribe(after=3) as again:
            await store.append("s", "a", [happened("Again")], expected_sequence=3)
            assert (await anext(again)).event_type == "Again"


def _put_back(away, path):
    for each in (f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(each).unlink(missing_ok=True)
    shutil.move(away, path)


def _head(connection, after=lambda: None):
    after()
    return connection.execute(HEAD).fetchone()[0]


async def _ending(events):
    try:
        await anext(events)
    except StoreUnusableError as error:
        return error


async def _turns():
    for _ in range(10):
        await asyncio.sleep(0)
