"""Forgetting what is old, on every store, while others go on using it."""

import itertools
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as any_of
from hypothesis import strategies as st

from parley_events import ConflictError, NoSuchAggregateError, Query
from parley_events.blobs import names_in
from parley_events.history import fork, history
from parley_events.retention import YOUNG_BLOB, prune, removable
from parley_events.store import Removal
from parley_events.verify import verified
from support.event_stores import START, happened

numbers = itertools.count(1)
CUTOFF = START + timedelta(days=30)


async def _aggregates(store):
    return [each.aggregate_id for each in await store.aggregates()]


async def _old(store, outside):
    """Three old aggregates, of which the second is a fork of the first, each with bytes; what may go of them."""
    names = [await store.put_blob(data) for data in (b"first", b"second", b"third")]
    await store.append("plan", "parent", [happened(page=names[0])], expected_sequence=0)
    await fork(store, "plan", "parent", "child", at_sequence=1)
    await store.append("plan", "child", [happened(page=names[1])], expected_sequence=1)
    await store.append("plan", "other", [happened(page=names[2])], expected_sequence=0)
    outside.clock.moment = START + timedelta(days=40)
    return await removable(store, before=CUTOFF), names


async def test_retention_keeps_what_forks_stand_on(open_store, outside):
    """Old aggregates go whole with their bytes, except the parents of what stays."""
    async with open_store() as store:
        old_bytes = await store.put_blob(b"old")
        kept_bytes = await store.put_blob(b"kept")
        await store.append("plan", "old", [happened(page=old_bytes)], expected_sequence=0)
        await store.append("plan", "parent", [happened(page=kept_bytes)], expected_sequence=0)
        await store.append("thread", "old", [happened()], expected_sequence=0)
        outside.clock.moment = START + timedelta(days=40)
        await fork(store, "plan", "parent", "child", at_sequence=1)
        young_bytes = await store.put_blob(b"young")
        of_plans = await removable(store, before=CUTOFF, streams=("plan",))
        assert of_plans == Removal(
            seen=4, aggregates=(("plan", "old"),), blobs=(old_bytes,), blobs_before=CUTOFF - YOUNG_BLOB
        )
        await prune(store, Removal(seen=4, blobs=(old_bytes,)))
        assert await store.blob_names() == {kept_bytes, young_bytes}
        removal = await removable(store, before=CUTOFF)
        assert removal.aggregates == (("plan", "old"), ("thread", "old"))
        assert await prune(store, removal, vacuum=True) == removal
        assert await _aggregates(store) == ["parent", "child"]
        assert await store.blob_names() == {kept_bytes, young_bytes}
        assert (await verified(store)).problems == []
        assert await store.load(Query(stream_id="plan", aggregate_id="old")) == []


async def test_what_is_appended_to_meanwhile_stays_with_all_it_stands_on(open_store, outside):
    """A fork that goes on keeps its parent, and both keep the bytes that their old events name."""
    async with open_store() as store:
        removal, names = await _old(store, outside)
        assert removal.aggregates == (("plan", "child"), ("plan", "other"), ("plan", "parent"))
        await store.append("plan", "child", [happened()], expected_sequence=2)
        removed = await prune(store, removal)
        assert (removed.aggregates, removed.blobs) == ((("plan", "other"),), (names[2],))
        assert await _aggregates(store) == ["parent", "child"]
        assert await store.blob_names() == set(names[:2])
        assert len(await history(store, "plan", "child")) == 4
        found = await verified(store)
        assert (found.problems, found.notes) == ([], ["positions are empty, 1 in all: events were removed"])


async def test_what_is_forked_from_meanwhile_stays(open_store, outside):
    """The new fork begins with what it was forked from, and that with its own parent."""
    async with open_store() as store:
        removal, names = await _old(store, outside)
        await fork(store, "plan", "child", "grandchild", at_sequence=2)
        removed = await prune(store, removal)
        assert (removed.aggregates, removed.blobs) == ((("plan", "other"),), (names[2],))
        assert [event.aggregate_id for event in await history(store, "plan", "grandchild")] == [
            "parent",
            "child",
            "child",
            "grandchild",
        ]


async def test_bytes_that_a_new_event_names_stay(open_store, outside):
    """Also where only their name was handed on, and they were not put again."""
    async with open_store() as store:
        removal, names = await _old(store, outside)
        await store.append("plan", "new", [happened(pages=[names[2]])], expected_sequence=0)
        removed = await prune(store, removal)
        assert (len(removed.aggregates), set(removed.blobs)) == (3, set(names[:2]))
        assert await store.blob(names[2]) == b"third"


async def test_bytes_that_are_put_again_meanwhile_stay(open_store, outside):
    """Whoever put them is about to name them."""
    async with open_store() as store:
        removal, names = await _old(store, outside)
        await store.put_blob(b"first")
        removed = await prune(store, removal)
        assert (len(removed.aggregates), set(removed.blobs)) == (3, set(names[1:]))
        assert await store.blob_names() == {names[0]}


async def test_what_somebody_else_removed_meanwhile_is_gone(open_store, outside):
    """Two who forget the same do no harm, and what began anew under an old name stays."""
    async with open_store() as store:
        removal, names = await _old(store, outside)
        await prune(store, removal)
        await store.append("plan", "other", [happened(page=await store.put_blob(b"third"))], expected_sequence=0)
        assert (await prune(store, removal)).blobs == ()
        assert await _aggregates(store) == ["other"]
        assert await store.blob_names() == {names[2]}


async def test_a_fork_of_what_was_removed_is_refused(open_store, outside):
    """However late it is removed: the fork is stored only if the event it begins with is there at that moment."""
    async with open_store() as store:
        removal, _ = await _old(store, outside)
        await prune(store, removal)
        with pytest.raises(NoSuchAggregateError, match="plan/child has no event number 2 to fork at"):
            await fork(store, "plan", "child", "late", at_sequence=2)
        assert await _aggregates(store) == []


async def _do(store, stream, steps):
    """Append with bytes of its own, hand on the name of older bytes, or fork, one after the other."""
    for step, one, other in steps:
        match step:
            case "append":
                name = await store.put_blob(bytes([other]))
                await store.append(stream, f"a{one}", [happened(page=name)], expected_sequence=None)
            case "hand on":
                names = sorted(await store.blob_names())[other : other + 1]
                await store.append(stream, f"a{one}", [happened(pages=names)], expected_sequence=None)
            case "fork":
                with suppress(NoSuchAggregateError, ConflictError):
                    await fork(store, stream, f"a{one}", f"f{one}{other}", at_sequence=1)


STEPS = st.lists(st.tuples(st.sampled_from(("append", "hand on", "fork")), st.integers(0, 2), st.integers(0, 2)))


@any_of(before=STEPS, meanwhile=STEPS, after=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_event_is_lost_or_lacks_its_bytes_or_its_parent(open_store, outside, before, meanwhile, after):
    """Whatever is stored before it is looked what may go, between that and its removal, and afterwards."""
    async with open_store() as store:
        stream = f"s{next(numbers)}"
        await _do(store, stream, before)
        outside.clock.moment += timedelta(days=3)
        removal = await removable(store, before=outside.clock.moment)
        await _do(store, stream, meanwhile)
        new = await store.load_from(removal.seen)
        await prune(store, removal)
        assert await store.load_from(removal.seen) == new
        await _do(store, stream, after)
        assert (await verified(store)).problems == []
        named = {name for event in await store.load(Query()) for name in names_in(event.data_json)}
        assert named <= await store.blob_names()
