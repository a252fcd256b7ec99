"""What every store promises of appending."""

import asyncio
from datetime import timedelta

import pytest

from parley_events import (
    Appended,
    ConflictError,
    Cursor,
    DuplicateEventError,
    InvalidEventError,
    Metadata,
    NewEvent,
    Query,
    RecordedEvent,
    StoreClosedError,
)
from support.event_stores import START, happened


async def test_an_event_comes_back_as_it_went_in(open_store):
    """A recorded event holds everything that was appended, with its numbers and its time."""
    metadata = Metadata(correlation_id="request-1", causation_id="command-1", extra={"editor": "nvim"})
    async with open_store() as store:
        await store.append(
            "plan",
            "p1",
            [NewEvent(event_type="Planned", event_version=3, data={"tasks": [1, "zwei", None]}, event_id="e1")],
            expected_sequence=0,
            metadata=metadata,
        )
        [event] = await store.load(Query(stream_id="plan", aggregate_id="p1"))
    assert event._replace(data_json="", metadata_json="") == RecordedEvent(
        position=1,
        stream_id="plan",
        event_type="Planned",
        aggregate_id="p1",
        sequence=1,
        event_version=3,
        data_json="",
        metadata_json="",
        created_at_us=int(START.timestamp() * 1_000_000),
        event_id="e1",
    )
    assert (event.data, event.metadata, event.created_at) == ({"tasks": [1, "zwei", None]}, metadata, START)


async def test_sequences_count_in_the_aggregate_and_positions_in_the_store(open_store):
    """Sequence is gapless from 1 per aggregate, whatever the type; position is gapless over all."""
    async with open_store() as store:
        for aggregate in ("a", "b", "a"):
            events = [happened("One"), happened("Two")]
            await store.append("s", aggregate, events, expected_sequence=None)
        numbers = [(e.position, e.aggregate_id, e.sequence, e.event_type) async for e in store.load_all()]
    assert numbers == [
        (1, "a", 1, "One"),
        (2, "a", 2, "Two"),
        (3, "b", 1, "One"),
        (4, "b", 2, "Two"),
        (5, "a", 3, "One"),
        (6, "a", 4, "Two"),
    ]


async def test_append_answers_where_the_events_are(open_store):
    """The answer is the sequence and the position of the last event."""
    async with open_store() as store:
        await store.append("s", "other", [happened()], expected_sequence=0)
        answer = await store.append("s", "a", [happened(), happened()], expected_sequence=0)
        assert (answer, await store.head()) == (Appended(sequence=2, position=3), 3)


@pytest.mark.parametrize("expected", [0, 2, 7])
async def test_a_wrong_expectation_stores_nothing(open_store, expected):
    """A conflict says what is there, and nothing of the batch is stored."""
    async with open_store() as store:
        await store.append("s", "a", [happened()], expected_sequence=0)
        with pytest.raises(ConflictError, match="s/a is at sequence 1") as caught:
            await store.append("s", "a", [happened(), happened()], expected_sequence=expected)
        assert (caught.value.expected, caught.value.actual, await store.head()) == (expected, 1, 1)


async def test_of_many_writers_with_one_expectation_one_wins(open_store):
    """Concurrent appends to one aggregate on the same sequence: one is stored, the others conflict."""
    async with open_store() as store:

        async def attempt(number):
            try:
                return await store.append("s", "a", [happened(number=number)], expected_sequence=0)
            except ConflictError as error:
                return error.actual

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(attempt(number)) for number in range(20)]
        outcomes = [task.result() for task in tasks]
        assert outcomes.count(Appended(sequence=1, position=1)) == 1
        assert outcomes.count(1) == 19


async def test_a_repeated_append_is_answered_and_not_doubled(open_store):
    """The same event ids again: the first answer again, marked, even though the expected sequence has passed."""
    events = [happened(event_id="x"), happened(event_id="y")]
    async with open_store() as store:
        first = await store.append("s", "a", events, expected_sequence=0)
        await store.append("s", "a", [happened()], expected_sequence=2)
        again = await store.append("s", "a", events, expected_sequence=0)
        anyway = await store.append("s", "a", events, expected_sequence=None)
        assert again == anyway == Appended(sequence=first.sequence, position=first.position, repeated=True)
        assert await store.head() == 3


async def test_an_append_is_answered_with_the_events_as_they_are_stored(open_store, outside):
    """Numbered and redacted, as whoever reads them finds them; a repeated one's time is that of the repetition."""
    outside.redact = lambda text: text.replace("secret", "******")
    events = [happened(event_id="x", text="a secret"), happened(event_id="y")]
    async with open_store() as store:
        await store.append("s", "other", [happened()], expected_sequence=0)
        first = await store.append("s", "a", events, expected_sequence=0, metadata=Metadata(correlation_id="c"))
        stored = await store.load(Query(stream_id="s", aggregate_id="a"))
        again = await store.append("s", "a", events, expected_sequence=0, metadata=Metadata(correlation_id="c"))
    assert first.events == stored
    assert [event._replace(created_at_us=0) for event in again.events] == [
        event._replace(created_at_us=0) for event in stored
    ]
    assert stored[0].data == {"text": "a ******"}


async def test_the_same_append_twice_at_once_is_stored_once(open_store):
    """A repetition that overtakes is no repetition the less."""
    events = [happened(event_id="x"), happened(event_id="y")]
    async with open_store() as store:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.append("s", "a", events, expected_sequence=None)) for _ in range(5)]
        assert sorted(task.result().repeated for task in tasks) == [False, True, True, True, True]
        assert await store.head() == 2


@pytest.mark.parametrize(
    ("aggregate", "events"),
    [
        ("b", [happened(event_id="x")]),
        ("a", [happened(event_id="x"), happened(event_id="new")]),
        ("a", [happened(event_id="y"), happened(event_id="x")]),
        ("a", [happened(event_id="twice"), happened(event_id="twice")]),
    ],
)
async def test_an_event_id_belongs_to_one_event(open_store, aggregate, events):
    """An id that is stored elsewhere, or in another batch, is refused, and nothing is stored."""
    async with open_store() as store:
        await store.append("s", "a", [happened(event_id="x"), happened(event_id="y")], expected_sequence=0)
        with pytest.raises(DuplicateEventError):
            await store.append("s", aggregate, events, expected_sequence=None)
        assert await store.head() == 2


@pytest.mark.parametrize(
    "data",
    [
        {"not a number": float("nan")},
        {"infinite": float("inf")},
        {"bytes": b""},
        {"nul": "a\0b"},
        {"half a pair": "\ud800"},
        {"big": "x" * (16 * 1024 * 1024)},
        ["no object"],
        {"object": object()},
    ],
)
async def test_what_not_every_database_stores_is_refused(open_store, data):
    """The same data is refused by every store, with a message, before anything is stored."""
    async with open_store() as store:
        with pytest.raises(InvalidEventError):
            await store.append("s", "a", [NewEvent(event_type="Odd", data=data)], expected_sequence=0)
        assert await store.head() == 0


async def test_a_backslash_before_u0000_is_not_a_nul(open_store):
    """Text that merely looks like an escaped NUL is stored as it is."""
    async with open_store() as store:
        await store.append("s", "a", [happened(text="\\u0000 \\\\u0000")], expected_sequence=0)
        [event] = await store.load(Query())
        assert event.data == {"text": "\\u0000 \\\\u0000"}


@pytest.mark.parametrize("name", ["", "x" * 201, "line\nbreak", "nul\0"])
async def test_names_are_short_and_printable(open_store, name):
    """Streams, aggregates and types have names that a person can read."""
    async with open_store() as store:
        for stream, aggregate, kind in ((name, "a", "T"), ("s", name, "T"), ("s", "a", name)):
            with pytest.raises(InvalidEventError, match="printable"):
                await store.append(stream, aggregate, [happened(kind)], expected_sequence=None)


@pytest.mark.parametrize(
    "event",
    [
        NewEvent(event_type="T", event_id="nul\0"),
        NewEvent(event_type="T", event_id="half a pair \ud800"),
        NewEvent(event_type="T", event_id="x" * 201),
        NewEvent(event_type="T", event_version=0),
        NewEvent(event_type="T", event_version=2**31),
        NewEvent(event_type="T", event_version=2**64),
    ],
)
async def test_an_id_or_a_version_that_not_every_database_takes_is_refused(open_store, event):
    """With a message, and the store goes on: what follows is stored."""
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match="cannot be"):
            await store.append("s", "a", [event], expected_sequence=0)
        await store.append("s", "a", [happened()], expected_sequence=0)
        assert await store.head() == 1


async def test_an_empty_append_is_refused(open_store):
    """Nothing to append is a defect of the caller, not a success."""
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match="nothing to append"):
            await store.append("s", "a", [], expected_sequence=0)


async def test_a_cursor_moves_with_the_events(open_store):
    """`advance` is stored with the batch, and makes the same answer to the same event impossible."""
    async with open_store() as store:
        await store.append("in", "a", [happened("Asked")], expected_sequence=0)
        await store.append(
            "out", "a", [happened("Answered")], expected_sequence=None, advance=Cursor(name="worker", position=1)
        )
        with pytest.raises(ConflictError, match="worker"):
            await store.append(
                "out", "a", [happened("Answered")], expected_sequence=None, advance=Cursor(name="worker", position=1)
            )
        assert (await store.cursor("worker"), await store.head()) == (1, 2)


async def test_a_cursor_can_move_without_events(open_store):
    """An event that needs no answer is dealt with, too."""
    async with open_store() as store:
        answer = await store.append("s", "a", [], expected_sequence=None, advance=Cursor(name="worker", position=7))
        assert (answer, await store.cursor("worker")) == (Appended(sequence=0, position=0), 7)


async def test_a_refused_batch_does_not_move_the_cursor(open_store):
    """The cursor and the events are one transaction."""
    async with open_store() as store:
        with pytest.raises(ConflictError):
            await store.append("s", "a", [happened()], expected_sequence=5, advance=Cursor(name="worker", position=1))
        assert await store.cursor("worker") == 0


async def test_every_string_is_redacted_before_it_is_stored(open_store, outside):
    """The redaction hook sees data, metadata and text blobs; names of members, numbers and other bytes stay."""
    outside.redact = lambda text: text.replace("hunter2", "•••••••")
    async with open_store() as store:
        await store.append(
            "s",
            "a",
            [happened(password="hunter2", deep=[{"hunter2": ("x hunter2",)}, 7])],
            expected_sequence=0,
            metadata=Metadata(extra={"note": "hunter2"}),
        )
        [event] = await store.load(Query())
        text = await store.blob(await store.put_blob(b"pw=hunter2"))
        binary = await store.blob(await store.put_blob(b"\xffhunter2"))
    assert (event.data, event.metadata.extra, text, binary) == (
        {"password": "•••••••", "deep": [{"hunter2": ["x •••••••"]}, 7]},
        {"note": "•••••••"},
        "pw=•••••••".encode(),
        b"\xffhunter2",
    )


async def test_a_clock_that_goes_back_does_not_reorder(open_store, outside):
    """Order is by position; the time is only told."""
    outside.clock.step = timedelta(seconds=-1)
    async with open_store() as store:
        for number in range(3):
            await store.append("s", "a", [happened(number=number)], expected_sequence=number)
        assert [event.data["number"] for event in await store.load(Query())] == [0, 1, 2]


async def test_a_closed_store_says_so(open_store):
    """Before it is opened and after it is closed, every call is refused."""
    store = open_store()
    with pytest.raises(StoreClosedError, match="async with"):
        await store.append("s", "a", [happened()], expected_sequence=0)
    async with store:
        await store.append("s", "a", [happened()], expected_sequence=0)
    with pytest.raises(StoreClosedError):
        await store.append("s", "a", [happened()], expected_sequence=1)
    with pytest.raises(StoreClosedError):
        await store.head()
