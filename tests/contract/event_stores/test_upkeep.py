"""Exporting, importing and verifying, on every store."""

import json

import pytest

from parley_events import (
    ConflictError,
    Cursor,
    DuplicateEventError,
    InvalidEventError,
    Metadata,
    StoreClosedError,
)
from parley_events.blobs import blob_name
from parley_events.history import fork
from parley_events.lines import Imported, exported, imported
from parley_events.store import Removal
from parley_events.verify import verified
from support.event_stores import START, Outside, happened, memory_store


async def _fill(store):
    """Two aggregates, a fork, metadata and bytes."""
    name = await store.put_blob(b"page\xff")
    await store.append(
        "plan",
        "p1",
        [happened("Planned", text="grün"), happened("Read", page=name)],
        expected_sequence=0,
        metadata=Metadata(correlation_id="c", causation_id="d", extra={"e": 1}),
    )
    await store.append("plan", "p2", [happened("Planned")], expected_sequence=0)
    await fork(store, "plan", "p1", "p1b", at_sequence=1)


async def _content(store):
    """Everything but positions, comparable between databases."""
    return [
        (
            e.stream_id,
            e.aggregate_id,
            e.sequence,
            e.event_type,
            e.event_version,
            e.data,
            e.metadata,
            e.created_at,
            e.event_id,
        )
        async for e in store.load_all()
    ]


async def test_an_export_brought_back_is_the_same(open_store, tmp_path):
    """Events, times, ids and bytes survive the way through lines into another store and back; twice is harmless."""
    async with open_store() as store, memory_store(tmp_path, Outside()) as other:
        await _fill(store)
        lines = [line async for line in exported(store)]
        assert await imported(other, lines) == Imported(events=4, repeated=0, blobs=1)
        assert await _content(other) == await _content(store)
        assert await other.blob(blob_name(b"page\xff")) == b"page\xff"
        assert [line async for line in exported(other)] == lines
        assert await imported(store, lines) == Imported(events=0, repeated=4, blobs=0)
        assert await imported(other, [*lines[:1], "", *lines[1:]]) == Imported(events=0, repeated=4, blobs=0)


async def test_bytes_are_exported_once_and_left_out_where_they_are_gone(open_store, tmp_path):
    """However many events name them; a store that pruned them exports its events all the same."""
    async with open_store() as store, memory_store(tmp_path, Outside()) as other:
        kept, gone = [await store.put_blob(data) for data in (b"kept", b"gone")]
        await store.append("s", "a", [happened(page=kept), happened(pages=[kept, gone])], expected_sequence=0)
        await store.remove(Removal(seen=2, blobs=(gone,)))
        lines = [line async for line in exported(store)]
        assert [json.loads(line)["kind"] for line in lines] == ["parley-events", "blob", "event", "event"]
        assert await imported(other, lines) == Imported(events=2, repeated=0, blobs=1)


async def test_a_large_import_keeps_the_order(open_store):
    """More lines than go into one commit come in the order in which they stand."""
    head = '{"kind":"parley-events","format":1}'
    lines = [_event_line(aggregate=f"a{number % 3}", sequence=number // 3 + 1, number=number) for number in range(450)]
    async with open_store() as store:
        assert (await imported(store, [head, *lines])).events == 450
        assert [event.data["number"] async for event in store.load_all()] == list(range(450))
        assert (await verified(store)).problems == []


def _event_line(**fields):
    line = {
        "kind": "event",
        "stream_id": "s",
        "aggregate_id": fields["aggregate"],
        "sequence": fields["sequence"],
        "event_type": "Happened",
        "event_version": 1,
        "data": {"number": fields["number"]},
        "metadata": {},
        "created_at": START.isoformat(),
        "event_id": f"line-{fields['number']}",
    }
    return json.dumps(line)


HEAD = '{"kind":"parley-events","format":1}'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "There is no line to bring in. Was it made by"),
        (["", "\n"], "There is no line to bring in. Was it made by"),
        (["nonsense"], r"Line 1 is not JSON \(Expecting value.*\)\. Was it made by"),
        (["[" * 100_000], "Line 1 is not JSON"),
        (["[]"], "Line 1 is neither"),
        (['{"kind":"event"}'], "first line does not name the format"),
        (['{"kind":"parley-events","format":2}'], "format 2"),
        ([HEAD, '{"kind":"event","stream_id":"s"}'], "Line 2 is not a whole event"),
        ([HEAD, '{"kind":"blob","name":"sha256:1"}'], "Line 2 is not a whole blob"),
        ([HEAD, '{"kind":"blob","name":"sha256:1","base64":"AAAA"}'], "Line 2 is damaged"),
    ],
)
async def test_lines_that_are_none_are_named(open_store, lines, message):
    """The number of the line and what is wrong with it."""
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match=message):
            await imported(store, lines)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("stream_id", 5),
        ("sequence", True),
        ("event_version", "1"),
        ("event_id", None),
        ("data", []),
        ("metadata", None),
        ("metadata", {"correlation_id": 5}),
        ("metadata", {"extra": [1]}),
        ("created_at", "2026-11-21T09:45:00"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
    ],
)
async def test_a_line_with_a_member_of_another_kind_is_named(open_store, member, value):
    """Also a time without a zone, or one that no store gives back."""
    line = json.loads(_event_line(aggregate="a", sequence=1, number=1)) | {member: value}
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match="Line 2 is not a whole event"):
            await imported(store, [HEAD, json.dumps(line)])
        assert await store.head() == 0


async def test_an_import_does_not_take_the_id_of_another_event(open_store):
    """The line is named, and what stands before it is brought in."""
    lines = [HEAD, *(_event_line(aggregate="a", sequence=number + 1, number=number) for number in range(3))]
    async with open_store() as store:
        await store.append("s", "b", [happened(event_id="line-1")], expected_sequence=0)
        with pytest.raises(DuplicateEventError, match=r"Line 3 cannot be stored.*number 1 of s/b"):
            await imported(store, lines[:3])
        assert [event.event_id async for event in store.load_all()] == ["line-1", "line-0"]


async def test_an_import_tells_of_trouble_with_the_store_as_an_append_does(open_store):
    """However many lines wait for it; here it is not open."""
    lines = [HEAD, *(_event_line(aggregate="a", sequence=number + 1, number=number) for number in range(3))]
    with pytest.raises(StoreClosedError, match="Open it with"):
        await imported(open_store(), lines)


async def test_an_import_does_not_mix_histories(open_store):
    """Other events under the same numbers are a conflict, and so are numbers before which lines are missing."""
    async with open_store() as store:
        await store.append("s", "a0", [happened()], expected_sequence=0)
        with pytest.raises(ConflictError, match="Line 2 is number 1 of s/a0, of which this store has 1"):
            await imported(store, [HEAD, _event_line(aggregate="a0", sequence=1, number=1)])
        with pytest.raises(ConflictError, match=r"Line 2 is number 7 of s/a1, of which this store has 0.*missing"):
            await imported(store, [HEAD, _event_line(aggregate="a1", sequence=7, number=2)])


@pytest.mark.parametrize(
    ("bad", "said"),
    [('{"kind":"event","data', "Line 5 .* The lines before it were"), ('{"kind":"event","stream_id":"s"}', "Line 5 ")],
)
async def test_what_comes_before_a_line_that_is_none_is_brought_in(open_store, bad, said):
    """So that a file that was cut off is brought in as far as it goes, and a whole one later."""
    lines = [HEAD, *(_event_line(aggregate="a", sequence=number + 1, number=number) for number in range(5))]
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match=said):
            await imported(store, [*lines[:4], bad])
        assert [event.data["number"] async for event in store.load_all()] == [0, 1, 2]
        assert await imported(store, lines) == Imported(events=2, repeated=3, blobs=0)


async def test_what_cannot_be_stored_does_not_take_the_lines_before_with_it(open_store):
    """Here data with a NUL, which some other program has written."""
    lines = [HEAD, *(_event_line(aggregate="a", sequence=number + 1, number=number) for number in range(3))]
    lines[3] = lines[3].replace('"number": 2', '"number": "\\u0000"')
    async with open_store() as store:
        with pytest.raises(InvalidEventError, match=r"Line 4 cannot be stored.*NUL"):
            await imported(store, lines)
        assert [event.data["number"] async for event in store.load_all()] == [0, 1]


async def test_a_whole_store_verifies(open_store):
    """Nothing is wrong with what the store itself made, removals included."""
    async with open_store() as store:
        await _fill(store)
        found = await verified(store)
        assert (found.events, found.aggregates, found.blobs, found.problems, found.notes) == (4, 3, 1, [], [])
        await store.remove(Removal(seen=4, aggregates=(("plan", "p2"),), blobs=(blob_name(b"page\xff"),)))
        found = await verified(store)
        assert found.problems == []
        assert [note[:30] for note in found.notes] == [
            "bytes that events name are not",
            "positions are empty, 1 in all:",
        ]


async def test_verifying_finds_what_is_wrong(open_store):
    """A fork whose parent is gone, and a cursor ahead of the store."""
    async with open_store() as store:
        await _fill(store)
        await store.remove(Removal(seen=4, aggregates=(("plan", "p1"),)))
        await store.save_cursor(Cursor(name="lost", position=99))
        found = await verified(store)
        assert [problem.split(" (")[0] for problem in found.problems] == [
            "event 4",
            "the cursor lost is at 99, ahead of the last event 4",
        ]
