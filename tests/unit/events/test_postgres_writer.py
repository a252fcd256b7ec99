"""Appends that go where the last one left off, and what they do when somebody else was there meanwhile."""

import itertools

import pytest

from parley_events import ConflictError, Query
from parley_events.batches import Batch, PreparedEvent, plan
from parley_events.store import Removal
from parley_events.stores.postgres.last_commit import KEPT_AGGREGATES, LastCommit
from support.event_stores import Outside, happened, postgres_store

_schemas = itertools.count(1)


@pytest.fixture
async def two(postgres):
    """Two stores of two processes, as it were, in one place."""
    schema = f"written_{next(_schemas)}"
    async with (
        postgres_store(postgres.conninfo, schema, Outside(prefix="one")) as one,
        postgres_store(postgres.conninfo, schema, Outside(prefix="other")) as other,
    ):
        yield one, other


async def places(store):
    """Position, aggregate and sequence of every event."""
    return [(event.position, event.aggregate_id, event.sequence) for event in await store.load(Query())]


async def test_appends_of_two_processes_in_turn_are_numbered_as_one(two):
    """Each finds that the other was there, and numbers after it."""
    for _ in range(3):
        for store in two:
            await store.append("s", "a", [happened(), happened()], expected_sequence=None)
            await store.append("s", "b", [happened()], expected_sequence=None)
    aggregates = ["a", "a", "b"] * 6
    sequences = {"a": itertools.count(1), "b": itertools.count(1)}
    assert await places(two[0]) == [
        (position, each, next(sequences[each])) for position, each in enumerate(aggregates, start=1)
    ]


@pytest.mark.parametrize("removed", ["a", "b"])
async def test_what_another_process_removed_begins_anew(two, removed):
    """Whether the newest event went with it or not; and no position is used again."""
    one, other = two
    await one.append("s", "a", [happened()], expected_sequence=0)
    await one.append("s", "b", [happened()], expected_sequence=0)
    await other.remove(Removal(seen=await other.head(), aggregates=(("s", removed),)))
    with pytest.raises(ConflictError, match="is at sequence 0, not at 1"):
        await one.append("s", removed, [happened()], expected_sequence=1)
    answer = await one.append("s", removed, [happened()], expected_sequence=0)
    assert (answer.sequence, answer.position) == (1, 3)


async def test_an_id_that_is_stored_is_found_where_the_last_append_left_off(two):
    """The repeated append is answered, not doubled."""
    one, _ = two
    first = await one.append("s", "a", [happened(event_id="same")], expected_sequence=0)
    await one.append("s", "a", [happened()], expected_sequence=1)
    again = await one.append("s", "a", [happened(event_id="same")], expected_sequence=None)
    assert (again.sequence, again.position, again.repeated) == (first.sequence, first.position, True)
    assert await places(one) == [(1, "a", 1), (2, "a", 2)]


async def test_a_late_expectation_is_refused_by_what_the_other_stored(two):
    """What is known here says yes; the database knows better."""
    one, other = two
    await one.append("s", "a", [happened()], expected_sequence=0)
    await other.append("s", "a", [happened()], expected_sequence=1)
    with pytest.raises(ConflictError, match="is at sequence 2, not at 1"):
        await one.append("s", "a", [happened()], expected_sequence=1)


def batch(aggregate):
    """One event for an aggregate."""
    event = PreparedEvent("Happened", 1, "{}", f"id-{aggregate}", 0)
    return Batch(key=("s", aggregate), events=[event], metadata_json="{}", expected_sequence=None, advance=None)


def committed(last, aggregate, *, unchanged):
    """Let one event be the last commit, in an aggregate that was new."""
    new = LastCommit()
    new._heads[("s", aggregate)] = 0
    last.was(plan([batch(aggregate)], new.found([batch(aggregate)])), unchanged=unchanged)


def test_only_so_many_aggregates_are_remembered():
    """Beyond that they are looked up again, as are all when somebody else has written."""
    last = LastCommit()
    for number in range(KEPT_AGGREGATES + 1):
        committed(last, f"a{number}", unchanged=True)
    assert last.found([batch("a0")]) is not None
    committed(last, "b", unchanged=True)
    assert last.found([batch("a0")]) is None
    committed(last, "c", unchanged=False)
    assert last.found([batch("b")]) is None
    assert last.found([batch("c")]) is not None
