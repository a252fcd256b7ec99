"""Stores that are opened only to be read: nothing is made, nothing is changed, and what others store is seen."""

import pytest

from parley_events import Cursor, Query, Snapshot, StoreMissingError, StoreReadOnlyError
from parley_events.store import Removal
from support.event_stores import happened, take

SNAPSHOT = Snapshot(stream_id="s", aggregate_id="a", sequence=1, schema_hash="h", state_json="{}")
CHANGES = [
    lambda store: store.append("s", "a", [happened()], expected_sequence=None),
    lambda store: store.save_cursor(Cursor(name="me", position=1)),
    lambda store: store.drop_cursor("me"),
    lambda store: store.save_snapshot(SNAPSHOT),
    lambda store: store.put_blob(b"more"),
    lambda store: store.remove(Removal(seen=1, aggregates=(("s", "a"),))),
    lambda store: store.vacuum(),
]


async def test_a_store_that_is_not_there_is_not_made_by_reading(open_kept):
    """However often it is asked for."""
    for _ in range(2):
        with pytest.raises(
            StoreMissingError, match=r"There is no event store .* yet\. It is made when the first event"
        ):
            async with open_kept(read_only=True):
                pass


@pytest.mark.parametrize("change", CHANGES)
async def test_a_store_that_is_only_read_takes_no_change(open_kept, change):
    """The same error on every database, and nothing is different afterwards."""
    async with open_kept() as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        name = await store.put_blob(b"data")
        async with open_kept(read_only=True) as reader:
            with pytest.raises(StoreReadOnlyError, match="was opened only to be read"):
                await change(reader)
            assert [event.sequence for event in await reader.load(Query())] == [1]
            assert (await reader.blob_names(), await reader.cursor("me")) == ({name}, 0)


async def test_who_only_reads_follows_what_others_store(open_kept):
    """Also what is stored after it was opened."""
    async with open_kept() as store, open_kept(read_only=True) as reader, reader.subscribe() as events:
        for number in range(3):
            await store.append("s", "a", [happened(number=number)], expected_sequence=number)
        assert [event.data["number"] for event in await take(events, 3)] == [0, 1, 2]
