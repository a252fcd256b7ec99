"""What holds for any subscribers while any appends are under way, on every store."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as any_of
from hypothesis import strategies as st

from parley_events import Cursor, Query, StoreBehindError
from parley_events.stores.memory import MemoryStore
from support.event_stores import Outside, eventually, happened

KINDS = ("One", "Two", "Three")
thorough = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
appends = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from([1, 2, 7, 60, 400]), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=12,
)
followers = st.lists(
    st.tuples(
        st.floats(0, 1),  # when it begins: once so much of everything is stored
        st.floats(0, 1),  # after what position, as a part of what is stored then
        st.lists(st.sampled_from(KINDS), unique=True),  # which types; none are all
        st.integers(0, 3),  # how often it gives up before each event, to ask again
    ),
    min_size=1,
    max_size=4,
)


async def _append_all(stores, wanted):
    """Each with a pause of so many turns before, by this process or by another one."""
    for kind, count, pauses, elsewhere in wanted:
        for _ in range(pauses):
            await asyncio.sleep(0)
        await stores[elsewhere].append("s", "a", [happened(kind) for _ in range(count)], expected_sequence=None)


async def _follow(store, base, expected, follower):
    """The events that a follower is given, up to the last that is expected, and those that it ought to have."""
    begin, part, kinds, gives_up = follower

    async def begins():
        return await store.head() >= base + int(begin * len(expected))

    await eventually(begins, expected=True)
    head = await store.head()
    after = base + int(part * (head - base))
    wanted = [(position, kind) for position, kind in expected if position > after and kind in (kinds or KINDS)]
    given = []
    async with store.subscribe(Query(event_types=tuple(kinds)), after=after) as events:
        while len(given) < len(wanted):
            event = await _ask(events, gives_up if len(given) % 50 == 0 else 0)
            given.append((event.position, event.event_type))
    return given, wanted


async def _ask(events, gives_up):
    """The next event, by asking so many times without patience first."""
    for _ in range(gives_up):
        try:
            async with asyncio.timeout(0):
                return await anext(events)
        except TimeoutError:
            pass
    return await anext(events)


@any_of(wanted=appends, following=followers)
@thorough
async def test_every_follower_gets_every_event_once_and_in_order(open_store, wanted, following):
    """Whenever it begins, wherever, whatever it asks for, whoever appends, and however often it is cancelled."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store())
        other = store
        if not isinstance(store, MemoryStore):
            base = await store.head()
            other = await stack.enter_async_context(open_store(outside=Outside(prefix=f"other-{base}")))
        base = await store.head()
        kinds = [kind for kind, count, _, _ in wanted for _ in range(count)]
        expected = list(enumerate(kinds, start=base + 1))
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            tasks = [group.create_task(_follow(store, base, expected, each)) for each in following]
            group.create_task(_append_all((store, other), wanted))
        for task in tasks:
            given, ought = task.result()
            assert given == ought


async def test_a_cursor_beyond_the_end_of_the_store_is_told(open_store):
    """An older copy took the store's place: waiting for its positions would skip what is stored anew."""
    async with open_store() as store:
        await store.append("s", "a", [happened() for _ in range(3)], expected_sequence=0)
        await store.save_cursor(Cursor(name="c", position=5))
        async with store.subscribe(name="c") as events:
            with pytest.raises(StoreBehindError, match="ends at position 3, but events up to 5 were seen"):
                await anext(events)
        assert await store.cursor("c") == 5
