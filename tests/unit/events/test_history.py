"""How histories differ, and forks that no `fork` makes: what an import brought in may point anywhere."""

import pytest

from parley_events import NewEvent, UnknownEventError
from parley_events.history import difference, fork, history
from parley_events.retention import YOUNG_BLOB, removable
from parley_events.store import Removal
from parley_events.verify import verified
from support.event_stores import START, Outside, happened, memory_store


async def _forked(store, aggregate, data):
    await store.append("s", aggregate, [NewEvent(event_type="Forked", data=data)], expected_sequence=0)


async def test_events_that_are_alike_are_not_shared(tmp_path):
    """Two forks that went the same way differ from where each began: what they share are the very events."""
    async with memory_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened(), happened()], expected_sequence=0)
        for child in ("b", "c"):
            await fork(store, "s", "a", child, at_sequence=1)
            await store.append("s", child, [happened(amount=1)], expected_sequence=1)
        found = await difference(store, "s", "b", "c")
        parts = [[event.position for event in part] for part in (found.shared, found.left, found.right)]
        assert parts == [[1], [3, 4], [5, 6]]
        against_itself = await difference(store, "s", "b", "b")
        assert (len(against_itself.shared), against_itself.left, against_itself.right) == (3, (), ())


async def test_forks_in_a_circle_come_to_an_end(tmp_path):
    """Two that fork from each other, and one that forks from itself, are named, found, and kept."""
    async with memory_store(tmp_path, Outside()) as store:
        for aggregate, parent in (("a", "b"), ("b", "a"), ("c", "c")):
            await _forked(store, aggregate, {"parent": parent, "sequence": 1})
        for aggregate, told in (("a", "Event 1 "), ("b", "Event 1 "), ("c", "Event 3 ")):
            with pytest.raises(UnknownEventError, match=rf"^{told}.*came later"):
                await history(store, "s", aggregate)
        assert (await verified(store)).problems == [
            "event 1 (s/a number 1) forks from b number 1, which is not there",
            "event 3 (s/c number 1) forks from c number 1, which is not there",
        ]
        assert await removable(store, before=START) == Removal(seen=3, blobs_before=START - YOUNG_BLOB)


@pytest.mark.parametrize("data", [{}, {"parent": "a"}, {"parent": "a", "sequence": "first"}])
async def test_a_fork_that_does_not_say_where_from_is_named(tmp_path, data):
    """By whoever reads its history, and by a check of the store, which goes on."""
    async with memory_store(tmp_path, Outside()) as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        await _forked(store, "b", data)
        with pytest.raises(UnknownEventError, match="it does not say what it forks from"):
            await history(store, "s", "b")
        found = await verified(store)
        assert (found.events, len(found.problems)) == (2, 1)
        assert found.problems[0].startswith("Event 2 (Forked, number 1 of s/b) cannot be read")
