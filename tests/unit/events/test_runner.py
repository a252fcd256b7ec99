"""Commands against stored state, forks and snapshots; in memory, because the contract suite knows the databases."""

import asyncio

import pytest

from parley_events import (
    ConflictError,
    Cursor,
    Forked,
    Handler,
    Metadata,
    NoSuchAggregateError,
    Query,
    Snapshot,
    StoreFullError,
    TooManyConflictsError,
)
from parley_events.history import Moment, fork, history
from parley_events.runner import Folded, Ran, Runner, SnapshotPolicy
from support.event_stores import Outside, happened, memory_store
from support.ledger import (
    LEDGER_EVENTS,
    Balance,
    Change,
    Deposited,
    Held,
    Hold,
    Ledger,
    OverdrawnError,
    Withdrawn,
    given,
)


def _runner(store, **options):
    return Runner(store, "ledger", Ledger(), LEDGER_EVENTS, given=given, **options)


@pytest.fixture
async def store(tmp_path):
    async with memory_store(tmp_path, Outside()) as opened:
        yield opened


class Interfering:
    """A store in which somebody else appends before each of our first `times` appends."""

    def __init__(self, store, times):
        self._store, self._times = store, times

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, stream_id, aggregate_id, events, **options):
        if self._times:
            self._times -= 1
            other = LEDGER_EVENTS.new(Deposited(amount=1))
            await self._store.append(stream_id, aggregate_id, [other], expected_sequence=None)
        return await self._store.append(stream_id, aggregate_id, events, **options)


class Full:
    """A store that keeps no snapshots."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def save_snapshot(self, snapshot):
        raise StoreFullError("full")


async def test_a_command_becomes_events_and_state(store):
    """The answer has the events, the state after them and where they are."""
    runner = _runner(store)
    await runner.run("a", Change(amount=10))
    ran = await runner.run("a", Change(amount=-3), metadata=Metadata(correlation_id="c"))
    assert ran == Ran(events=(Withdrawn(amount=3),), state=Balance(amount=7), sequence=2, position=2)
    assert [event.metadata.correlation_id for event in await store.load(Query())] == [None, "c"]


async def test_a_refused_command_stores_nothing(store):
    """What a handler raises comes through."""
    runner = _runner(store)
    with pytest.raises(OverdrawnError):
        await runner.run("a", Change(amount=-1))
    assert await store.head() == 0
    assert await runner.state("a") == Folded(state=Balance(), sequence=0)


async def test_a_command_without_effect_stores_nothing(store):
    """No events, no append; but a cursor moves if it was asked to."""
    runner = _runner(store)
    assert await runner.run("a", Change(amount=0)) == Ran(events=(), state=Balance(), sequence=0, position=0)
    assert (await runner.run("a", Change(amount=0), advance=Cursor(name="w", position=4))).position == 0
    assert (await store.head(), await store.cursor("w")) == (0, 4)
    await runner.run("b", Change(amount=1))
    assert (await runner.run("a", Change(amount=0), advance=Cursor(name="w", position=5))).position == 0


async def test_a_conflict_is_decided_anew(store):
    """The second decision sees what was appended meanwhile."""
    ran = await _runner(Interfering(store, 3)).run("a", Change(amount=5))
    assert ran == Ran(events=(Deposited(amount=5),), state=Balance(amount=8), sequence=4, position=4)


async def test_conflicts_are_met_a_bounded_number_of_times(store):
    """Then the person hears of it."""
    with pytest.raises(TooManyConflictsError, match="changed by others 4 times"):
        await _runner(Interfering(store, 99), attempts=4).run("a", Change(amount=5))
    assert await store.head() == 4


async def test_an_event_is_not_dealt_with_twice(store):
    """A command whose cursor has moved already is refused at once, however often it comes."""
    runner = _runner(store)
    await runner.run("a", Change(amount=5), advance=Cursor(name="w", position=4))
    with pytest.raises(ConflictError, match="dealt with before"):
        await runner.run("a", Change(amount=5), advance=Cursor(name="w", position=4))
    assert (await runner.state("a")).state == Balance(amount=5)


async def test_a_fork_begins_where_it_was_made(store):
    """Its history holds the parent's part, its state loses what is not inherited."""
    runner = _runner(store)
    for command in (Change(amount=10), Hold(amount=2), Change(amount=5)):
        await runner.run("a", command)
    await fork(store, "ledger", "a", "b", at_sequence=2)
    await fork(store, "ledger", "b", "c", at_sequence=1)
    await runner.run("c", Change(amount=1))
    assert [LEDGER_EVENTS.read(event) for event in await history(store, "ledger", "c")] == [
        Deposited(amount=10),
        Held(hold="h1", amount=2),
        Forked(parent="a", sequence=2),
        Forked(parent="b", sequence=1),
        Deposited(amount=1),
    ]
    assert await runner.state("c") == Folded(state=Balance(amount=11), sequence=2)


async def test_a_fork_needs_its_point_and_a_new_name(store):
    """There must be such an event, and nobody of that name."""
    await _runner(store).run("a", Change(amount=10))
    with pytest.raises(NoSuchAggregateError, match="no event number 2"):
        await fork(store, "ledger", "a", "b", at_sequence=2)
    with pytest.raises(ConflictError, match=r"There is a ledger/a already\. Give the fork another name"):
        await fork(store, "ledger", "a", "a", at_sequence=1)


async def test_the_state_at_a_time_is_that_of_then(store):
    """By the clock of the store."""
    runner = _runner(store, snapshots=SnapshotPolicy(state_type=Balance, every=1))
    for _ in range(3):
        await runner.run("a", Change(amount=1))
    second = (await store.load(Query()))[1]
    assert await runner.state("a", Moment(time=second.created_at)) == Folded(state=Balance(amount=2), sequence=2)


async def test_folding_begins_at_the_snapshot(store):
    """Only the tail is read: what lies before the snapshot need not even be readable."""
    runner = _runner(store, snapshots=SnapshotPolicy(state_type=Balance, every=2))
    await store.append("ledger", "a", [happened("Unheard")], expected_sequence=0)
    schema = runner._schema
    await store.save_snapshot(
        Snapshot(stream_id="ledger", aggregate_id="a", sequence=1, schema_hash=schema, state_json='{"amount": 40}')
    )
    assert await runner.run("a", Change(amount=2)) == Ran(
        events=(Deposited(amount=2),), state=Balance(amount=42), sequence=2, position=2
    )
    assert (await store.snapshot("ledger", "a", schema)).state_json == '{"amount":42,"holds":[]}'


async def test_a_snapshot_of_another_meaning_is_not_used(store):
    """Another version or shape, or one that cannot be read, is no snapshot."""
    old = _runner(store, snapshots=SnapshotPolicy(state_type=Balance, every=1))
    await old.run("a", Change(amount=1))
    new = _runner(store, snapshots=SnapshotPolicy(state_type=Balance, every=1, version=2))
    assert new._schema != old._schema
    damaged = Snapshot(stream_id="ledger", aggregate_id="a", sequence=1, schema_hash=new._schema, state_json="{")
    await store.save_snapshot(damaged)
    assert await new.state("a") == Folded(state=Balance(amount=1), sequence=1)


async def test_a_snapshot_that_cannot_be_kept_costs_nothing_but_time(store):
    """The command has happened; the trouble is reported."""
    trouble = []
    policy = SnapshotPolicy(state_type=Balance, every=1, report=trouble.append)
    assert (await _runner(Full(store), snapshots=policy).run("a", Change(amount=1))).sequence == 1
    assert [each.what for each in trouble] == ["keeping a snapshot"]


async def test_state_and_snapshot_hold_no_more_than_the_stored_events(tmp_path):
    """What is redacted before an event is stored is not kept by way of a state either, nor told to who asked."""
    outside = Outside(redact=lambda text: text.replace("secret", "******"))
    async with memory_store(tmp_path, outside) as store:
        policy = SnapshotPolicy(state_type=Balance, every=1)
        telling = given(lambda: "secret")
        runner = Runner(store, "ledger", Ledger(), LEDGER_EVENTS, given=lambda: telling, snapshots=policy)
        await runner.run("a", Change(amount=2))
        ran = await runner.run("a", Hold(amount=1))
        assert ran == Ran(
            events=(Held(hold="******", amount=1),),
            state=Balance(amount=2, holds=(("******", 1),)),
            sequence=2,
            position=2,
        )
        kept = await store.snapshot("ledger", "a", runner._schema)
        assert kept.state_json == '{"amount":2,"holds":[["******",1]]}'


class Distant:
    """A store that lets others go first before it answers."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def load(self, query):
        loaded = await self._store.load(query)
        await asyncio.sleep(0)
        return loaded


async def test_commands_of_one_runner_wait_for_each_other(store):
    """Within a process, commands on one aggregate do not conflict."""
    runner = _runner(Distant(store), attempts=1)
    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(runner.run("a", Change(amount=1)))
    assert (await runner.state("a")).state == Balance(amount=30)


class Counting(Handler):
    """A handler whose state holds nothing that a fork must not have."""

    @property
    def initial(self):
        return 0

    def process(self, state, command, given):
        return [Deposited(amount=command)]

    def apply(self, state, event):
        return state + 1


async def test_a_fork_inherits_all_unless_its_handler_says_otherwise(store):
    """Most states hold no leases or pending answers."""
    runner = Runner(store, "ledger", Counting(), LEDGER_EVENTS, given=given)
    for amount in (1, 2):
        await runner.run("a", amount)
    await fork(store, "ledger", "a", "b", at_sequence=2)
    assert await runner.state("b") == Folded(state=2, sequence=1)


class Doubling(Counting):
    """A handler that decides two events for each command."""

    def process(self, state, command, given):
        return [Deposited(amount=command)] * 2


async def test_a_snapshot_is_kept_also_where_a_command_steps_over_its_number(store):
    """Every third event, and each command brings two: after the fourth, and after the sixth."""
    policy = SnapshotPolicy(state_type=int, every=3)
    runner = Runner(store, "ledger", Doubling(), LEDGER_EVENTS, given=given, snapshots=policy)
    kept = []
    for _ in range(4):
        await runner.run("a", 1)
        snapshot = await store.snapshot("ledger", "a", runner._schema)
        kept.append(None if snapshot is None else (snapshot.sequence, snapshot.state_json))
    assert kept == [None, (4, "4"), (6, "6"), (6, "6")]
