"""What every store promises of snapshots, blobs and removal."""

from datetime import timedelta

import pytest

from parley_events import MissingBlobError, Query, Snapshot
from parley_events.blobs import blob_name
from parley_events.store import Removal
from support.event_stores import START, happened


def _snapshot(sequence, schema_hash="h1", aggregate="a"):
    return Snapshot(
        stream_id="s",
        aggregate_id=aggregate,
        sequence=sequence,
        schema_hash=schema_hash,
        state_json=f'{{"at": {sequence}}}',
    )


async def test_the_newest_snapshot_is_found(open_store):
    """By aggregate, schema and a sequence that it may not pass."""
    async with open_store() as store:
        await store.append("s", "a", [happened() for _ in range(20)], expected_sequence=0)
        for sequence in (10, 20):
            await store.save_snapshot(_snapshot(sequence))
        assert await store.snapshot("s", "a", "h1") == _snapshot(20)
        assert await store.snapshot("s", "a", "h1", until_sequence=19) == _snapshot(10)
        assert await store.snapshot("s", "a", "h1", until_sequence=9) is None
        assert await store.snapshot("s", "a", "other") is None
        assert await store.snapshot("s", "b", "h1") is None


async def test_two_snapshots_are_kept(open_store):
    """Snapshots do not pile up; other schemas and aggregates keep theirs."""
    async with open_store() as store:
        for aggregate in ("a", "b"):
            await store.append("s", aggregate, [happened() for _ in range(3)], expected_sequence=0)
        for snapshot in (_snapshot(1, "h2"), _snapshot(1, aggregate="b"), *map(_snapshot, (1, 2, 3, 3))):
            await store.save_snapshot(snapshot)
        kept = [await store.snapshot("s", "a", "h1", until_sequence=sequence) for sequence in (1, 2, 3)]
        assert kept == [None, _snapshot(2), _snapshot(3)]
        assert (await store.size()).snapshots == 4


async def test_a_snapshot_of_what_was_removed_meanwhile_is_not_kept(open_store):
    """It would be taken for the state of another aggregate that is given the same name."""
    async with open_store() as store:
        await store.append("s", "a", [happened(), happened()], expected_sequence=0)
        await store.remove(Removal(seen=2, aggregates=(("s", "a"),)))
        await store.save_snapshot(_snapshot(2))
        assert await store.snapshot("s", "a", "h1") is None
        await store.append("s", "a", [happened()], expected_sequence=0)
        await store.save_snapshot(_snapshot(2))
        assert await store.snapshot("s", "a", "h1") is None


async def test_bytes_are_stored_once(open_store):
    """The name is the hash; the same bytes again are the same blob."""
    async with open_store() as store:
        names = [await store.put_blob(data) for data in (b"\0one\xff", b"two", b"\0one\xff")]
        assert names == [blob_name(b"\0one\xff"), blob_name(b"two"), blob_name(b"\0one\xff")]
        assert await store.blob(names[0]) == b"\0one\xff"
        assert await store.blob_names() == frozenset(names)
        assert (await store.size()).blobs == 2


async def test_blobs_can_be_chosen_by_age(open_store, outside):
    """Only what was stored before a moment."""
    async with open_store() as store:
        old = await store.put_blob(b"old")
        middle = outside.clock.moment
        await store.put_blob(b"new")
        assert await store.blob_names(stored_before=middle) == {old}
        assert await store.blob_names(stored_before=START) == frozenset()


async def test_bytes_that_are_put_again_are_young_again(open_store, outside):
    """So that who is about to name them finds them, though somebody removes what is old just then."""
    async with open_store() as store:
        both = {await store.put_blob(data) for data in (b"page", b"other")}
        outside.clock.moment = START + timedelta(days=40)
        page = await store.put_blob(b"page")
        assert await store.blob_names(stored_before=START + timedelta(days=39)) == both - {page}
        assert await store.blob(page) == b"page"


async def test_missing_bytes_are_told(open_store):
    """The name is in the message."""
    async with open_store() as store:
        with pytest.raises(MissingBlobError, match="sha256:0"):
            await store.blob("sha256:0")


async def test_what_is_removed_is_gone_and_its_positions_stay_used(open_store):
    """Removing the newest events does not let their positions be given again."""
    async with open_store() as store:
        for aggregate in ("a", "b"):
            await store.append("s", aggregate, [happened(event_id=aggregate)], expected_sequence=0)
            await store.save_snapshot(_snapshot(1, aggregate=aggregate))
        name = await store.put_blob(b"data")
        removal = Removal(seen=2, aggregates=(("s", "b"),), blobs=(name,))
        assert await store.remove(removal) == removal
        await store.vacuum()
        assert [event.aggregate_id for event in await store.load(Query())] == ["a"]
        assert await store.snapshot("s", "b", "h1") is None
        assert await store.snapshot("s", "a", "h1") == _snapshot(1, aggregate="a")
        assert await store.blob_names() == frozenset()
        answer = await store.append("s", "b", [happened(event_id="b")], expected_sequence=0)
        assert (answer.position, answer.sequence, answer.repeated) == (3, 1, False)
