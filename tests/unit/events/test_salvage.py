"""What is brought out of a damaged file: all that can be read, each aggregate up to what it lost, and no more."""

import os
import sqlite3

import pytest

from parley_events import MissingBlobError, Query, StoreCorruptError, StoreReadOnlyError
from parley_events.blobs import blob_name
from parley_events.lines import exported, imported
from parley_events.store import Removal
from parley_events.stores.sqlite.salvage import BLIND, SalvagedEvents
from parley_events.verify import verified
from support.event_stores import Outside, happened, memory_store, sqlite_store

PAGE = 4096


async def _filled(tmp_path, count=1_500):
    """A store of three aggregates, so many events, and bytes."""
    async with sqlite_store(tmp_path, Outside()) as store:
        name = await store.put_blob(b"bytes " * 20)
        for first in range(0, count, 100):
            for aggregate in "abc":
                events = [happened(text="x" * 200, page=name) for _ in range(33)]
                await store.append("s", aggregate, events, expected_sequence=first // 100 * 33)
        await store.vacuum()
    return tmp_path / "events.db"


async def _brought_out(tmp_path, path, query=None):
    """What an export of the damaged file brings into a new store."""
    with SalvagedEvents(path) as salvaged:
        lines = [line async for line in exported(salvaged, *([] if query is None else [query]))]
    async with memory_store(tmp_path, Outside(prefix="new")) as store:
        brought = await imported(store, lines)
        found = await verified(store)
        assert found.problems == []
        summaries = await store.aggregates()
    return salvaged, brought, {each.aggregate_id: each.events for each in summaries}


async def test_a_sound_file_comes_out_whole(tmp_path):
    """Events and bytes; or those of one query."""
    path = await _filled(tmp_path)
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert (salvaged.events, salvaged.left_out, brought.blobs) == (1_485, 0, 1)
    assert counts == {"a": 495, "b": 495, "c": 495}
    _, _, counts = await _brought_out(tmp_path, path, Query(stream_id="s", aggregate_id="b"))
    assert counts == {"b": 495}


async def test_a_file_that_was_cut_off_gives_what_is_left(tmp_path):
    """Opening it refuses; what lies before the cut comes out, in order."""
    path = await _filled(tmp_path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreCorruptError, match=r"export --salvage --store .*events\.db"):
        async with sqlite_store(tmp_path, Outside(), read_only=True):
            pass
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert salvaged.events == brought.events == sum(counts.values()) > 300


async def test_events_after_a_hole_are_counted_and_left_out(tmp_path):
    """They can be read, but their history has a hole: a new store takes none such."""
    path = await _filled(tmp_path)
    with sqlite3.connect(path) as connection:
        pages = "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' LIMIT 1 OFFSET 40"
        [leaf] = connection.execute(pages).fetchone()
    connection.close()
    _overwrite(path, leaf)
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert brought.events == salvaged.events == sum(counts.values())
    assert salvaged.left_out > 0
    assert 1_485 - 60 < salvaged.events + salvaged.left_out < 1_485


async def _one_each(tmp_path, count=1_200):
    """A store of so many aggregates of one event each, and its leaves: page number and rows, in order."""
    async with sqlite_store(tmp_path, Outside()) as store:
        for number in range(1, count + 1):
            await store.append("s", f"a{number}", [happened(text="x" * 200)], expected_sequence=0)
        await store.vacuum()
    path = tmp_path / "events.db"
    with sqlite3.connect(path) as connection:
        pages = "SELECT pageno, ncell FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path"
        leaves = connection.execute(pages).fetchall()
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall())
    connection.close()
    return path, leaves, roots


def _overwrite(path, *pages):
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(b"\xff" * PAGE)


async def test_only_what_stood_on_a_lost_page_is_lost(tmp_path):
    """Every event before and after it comes out, where each is a history of its own."""
    path, leaves, _ = await _one_each(tmp_path)
    lost, rows = leaves[len(leaves) // 3]
    begin = sum(count for _, count in leaves[: len(leaves) // 3])
    _overwrite(path, lost)
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert (salvaged.events, salvaged.left_out, brought.events) == (1_200 - rows, 0, 1_200 - rows)
    assert list(counts) == [f"a{n}" for n in range(1, 1_201) if not begin < n <= begin + rows]


async def test_a_file_that_no_longer_tells_its_end_is_read_as_far_as_it_goes(tmp_path):
    """Its last page is lost, and so is the number that was given out last."""
    path, leaves, roots = await _one_each(tmp_path)
    lost, rows = leaves[-1]
    _overwrite(path, lost, roots["sqlite_sequence"])
    salvaged, _, counts = await _brought_out(tmp_path, path)
    assert salvaged.events == 1_200 - rows
    assert list(counts) == [f"a{n}" for n in range(1, 1_201 - rows)]


async def test_a_store_whose_newest_events_were_removed_comes_out_whole(tmp_path):
    """The last number that was given out is beyond them."""
    async with sqlite_store(tmp_path, Outside()) as store:
        for aggregate in "ab":
            await store.append("s", aggregate, [happened()] * 3, expected_sequence=0)
        await store.remove(Removal(seen=6, aggregates=(("s", "b"),)))
    salvaged, _, counts = await _brought_out(tmp_path, tmp_path / "events.db")
    assert (salvaged.events, salvaged.left_out, counts) == (3, 0, {"a": 3})


async def test_what_is_no_event_any_more_is_a_hole(tmp_path):
    """Data that is no JSON object, and bytes that do not have their name."""
    path = await _filled(tmp_path, 100)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET data = '[1]' WHERE aggregate_id = 'a' AND sequence = 2")
        connection.execute("UPDATE events SET metadata = '{' WHERE aggregate_id = 'b' AND sequence = 3")
        connection.execute("UPDATE blobs SET data = x'00'")
    connection.close()
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert (counts, salvaged.left_out, brought.blobs) == ({"a": 1, "b": 2, "c": 33}, 31 + 30, 0)
    with SalvagedEvents(path) as again, pytest.raises(MissingBlobError):
        await again.blob(blob_name(b"bytes " * 20))


async def test_a_file_that_no_longer_tells_its_length_is_searched(tmp_path):
    """Neither the last position nor the number that was given out last can be read: it looks, and then stops."""
    path = await _filled(tmp_path, 100)
    with sqlite3.connect(path) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall())
    connection.close()
    _overwrite(path, roots["events"], roots["sqlite_sequence"])
    salvaged, brought, counts = await _brought_out(tmp_path, path)
    assert (salvaged.events, brought.events, counts) == (0, 0, {})
    assert BLIND > 10_000


async def test_what_is_no_database_cannot_be_salvaged(tmp_path):
    """The message does not send in a circle."""
    path = tmp_path / "events.db"
    path.write_bytes(b"a text of some length, and no database" * 100)
    with pytest.raises(StoreCorruptError, match=r"is no event store.*bring a backup") as caught, SalvagedEvents(path):
        pass
    assert "salvage" not in str(caught.value)
    with pytest.raises(StoreReadOnlyError, match="cannot be opened"), SalvagedEvents(tmp_path / "none.db"):
        pass
