"""What holds for any sequence of commands, on every store."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as any_of
from hypothesis import strategies as st

from parley_events import ConflictError, NewEvent, Query
from parley_events.history import Moment, difference, fork, history
from parley_events.runner import Folded, Runner, SnapshotPolicy
from support.event_stores import START, happened
from support.ledger import LEDGER_EVENTS, Balance, Change, Hold, Ledger, OverdrawnError, given

names = itertools.count(1)
commands = st.lists(
    st.builds(Change, amount=st.integers(-50, 50)) | st.builds(Hold, amount=st.integers(1, 20)), max_size=20
)
thorough = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def _runner(store, *, every=None, hold="h1"):
    snapshots = None if every is None else SnapshotPolicy(state_type=Balance, every=every)
    return Runner(store, "ledger", Ledger(), LEDGER_EVENTS, given=lambda: given(lambda: hold), snapshots=snapshots)


async def _run(runner, aggregate, wanted):
    """Run the commands; the live state after them, and the state after each event."""
    state, states = Balance(), {0: Balance()}
    for command in wanted:
        try:
            ran = await runner.run(aggregate, command)
        except OverdrawnError:
            continue
        state = ran.state
        states[ran.sequence] = state
    return state, states


@any_of(wanted=commands, every=st.integers(1, 7), hold=st.sampled_from(["h1", "sk-1", "NUL \0", "half \ud800"]))
@thorough
async def test_folding_everything_is_the_live_state_is_snapshot_and_tail(open_store, outside, wanted, every, hold):
    """fold(all) == live == snapshot + tail, now and at every earlier sequence; also of what is redacted when stored."""
    outside.redact = lambda text: text.replace("sk-1", "redacted")
    async with open_store() as store:
        aggregate = f"p{next(names)}"
        with_snapshots, without = _runner(store, every=every, hold=hold), _runner(store)
        live, states = await _run(with_snapshots, aggregate, wanted)
        assert (await without.state(aggregate)).state == live
        assert (await with_snapshots.state(aggregate)).state == live
        for sequence, state in states.items():
            assert (await with_snapshots.state(aggregate, Moment(sequence=sequence))).state == state
            assert (await without.state(aggregate, Moment(sequence=sequence))).state == state


@any_of(
    before=commands, parent_after=commands, child_after=commands, data=st.data(), every=st.none() | st.integers(1, 5)
)
@thorough
async def test_a_fork_and_its_parent_do_not_touch_each_other(
    open_store, before, parent_after, child_after, data, every
):
    """A fork begins with its parent's state at that point, without its holds; what follows is each one's own."""
    async with open_store() as store:
        parent, child = f"p{next(names)}", f"c{next(names)}"
        runner = _runner(store, every=every)
        await runner.run(parent, Change(amount=10))
        _, states = await _run(runner, parent, before)
        at = data.draw(st.sampled_from(sorted(states.keys() - {0}) or [1]))
        begun = Ledger().forked((await runner.state(parent, Moment(sequence=at))).state)
        await fork(store, "ledger", parent, child, at_sequence=at)
        assert (await runner.state(child)).state == begun
        before_parent = await history(store, "ledger", parent)
        await _run(runner, child, child_after)
        assert await history(store, "ledger", parent) == before_parent
        before_child = (await runner.state(child)).state
        await _run(runner, parent, parent_after)
        assert (await runner.state(child)).state == before_child
        differing = await difference(store, "ledger", parent, child)
        assert [event.sequence for event in differing.shared] == list(range(1, at + 1))
        assert {event.aggregate_id for event in differing.right} == {child}
        await _travel(store, runner, child)


async def _travel(store, runner, aggregate):
    """See that the state at each sequence, and at each time, is what the history up to there folds to."""
    whole = await history(store, "ledger", aggregate)
    for count, event in enumerate(whole, start=1):
        if event.aggregate_id == aggregate:
            state = Ledger().fold(map(LEDGER_EVENTS.read, whole[:count]))
            for moment in (Moment(sequence=event.sequence), Moment(time=event.created_at)):
                assert await runner.state(aggregate, moment) == Folded(state=state, sequence=event.sequence)
    assert await runner.state(aggregate, Moment(time=START - timedelta(days=1))) == Folded(state=Balance(), sequence=0)


@any_of(amounts=st.lists(st.integers(1, 9), min_size=1, max_size=12))
@thorough
async def test_commands_that_meet_are_all_carried_out_once(open_store, amounts):
    """Several runners on one aggregate at once: conflicts are decided anew, and every command counts once."""
    async with open_store() as store:
        aggregate = f"p{next(names)}"
        runners = [_runner(store), _runner(store)]
        async with asyncio.TaskGroup() as group:
            for number, amount in enumerate(amounts):
                group.create_task(runners[number % 2].run(aggregate, Change(amount=amount)))
        assert (await runners[0].state(aggregate)).state == Balance(amount=sum(amounts))
        own = await store.load(Query(stream_id="ledger", aggregate_id=aggregate))
        assert [event.sequence for event in own] == list(range(1, len(amounts) + 1))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).map(lambda number: round(number, 3))
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=12,
)


@any_of(values=st.lists(st.dictionaries(texts, json_values, max_size=4), min_size=1, max_size=4))
@thorough
async def test_any_json_comes_back_the_same(open_store, values):
    """Whatever JSON goes in comes out equal, on every database."""
    async with open_store() as store:
        aggregate = f"p{next(names)}"
        events = [NewEvent(event_type="Any", data=value) for value in values]
        await store.append("json", aggregate, events, expected_sequence=0)
        loaded = await store.load(Query(stream_id="json", aggregate_id=aggregate))
        assert [event.data for event in loaded] == values


appends = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.none() | st.integers(0, 6)), min_size=1, max_size=15
)


@any_of(wanted=appends)
@thorough
async def test_expectations_are_kept_for_any_appends(open_store, wanted):
    """Against a model in plain Python: an append is stored if and only if it expected what was there."""
    async with open_store() as store:
        prefix, model = f"m{next(names)}", {}
        for aggregate, count, expected in wanted:
            head = model.get(aggregate, 0)
            name = f"{prefix}-{aggregate}"
            if expected in (None, head):
                answer = await store.append("m", name, [happened() for _ in range(count)], expected_sequence=expected)
                model[aggregate] = head + count
                assert answer.sequence == head + count
            else:
                with pytest.raises(ConflictError) as caught:
                    await store.append("m", name, [happened() for _ in range(count)], expected_sequence=expected)
                assert caught.value.actual == head
        for aggregate, head in model.items():
            stored = await store.load(Query(stream_id="m", aggregate_id=f"{prefix}-{aggregate}"))
            assert [event.sequence for event in stored] == list(range(1, head + 1))
