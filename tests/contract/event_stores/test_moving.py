"""From any store through lines into any other: nothing changes on the way but what this Parley must mask."""

import re

import pytest

from parley_events import EVERYTHING, Metadata, StoreFullError
from parley_events.blobs import blob_name
from parley_events.history import fork, history
from parley_events.lines import Imported, exported, imported
from parley_events.store import Removal
from parley_events.stores.memory import MemoryStore
from parley_events.verify import verified
from support.event_stores import Outside, happened, memory_store, postgres_store, sqlite_store

TOKEN = re.compile("tok-[a-z]+")


def mask(text):
    """What a newer Parley masks and an older one did not."""
    return TOKEN.sub("******", text)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_other(request, tmp_path):
    """Opens a store beside the one of `open_store`, so that each of the three meets each."""
    place = tmp_path / "other"
    place.mkdir()

    def opened(outside):
        match request.param:
            case "memory":
                return memory_store(place, outside)
            case "sqlite":
                return sqlite_store(place, outside)
            case "postgres":
                server = request.getfixturevalue("postgres")
                return postgres_store(server.conninfo, f"other_{abs(hash(place))}", outside)

    return opened


async def _fill(store):
    """Two streams by turns, with bytes that two events name, metadata, forks of forks, and odd text."""
    page, other = [await store.put_blob(data) for data in (b"page\xff", "gr\u00fcn\r\n\t\u2028".encode())]
    said = Metadata(correlation_id="c", causation_id="d", extra={"e": [1, None, 0.1, -0.0, 2**53, "\U0001f600"]})
    for number in range(1, 4):
        await store.append("plan", "p", [happened(page=page, n=number)], expected_sequence=number - 1, metadata=said)
        await store.append("thread", "t", [happened("Said", pages=[page, other])], expected_sequence=number - 1)
    await fork(store, "plan", "p", "q", at_sequence=2)
    await store.append("plan", "q", [happened()], expected_sequence=1)
    await fork(store, "plan", "q", "r", at_sequence=2)


async def _lines(store):
    return [line async for line in exported(store)]


async def test_from_any_store_into_any_other_and_out_again_the_lines_are_the_same(open_store, open_other):
    """Byte by byte: events, their order, forks, bytes; and the other store is whole."""
    async with open_store() as store, open_other(Outside(prefix="other")) as other:
        await _fill(store)
        lines = await _lines(store)
        assert await imported(other, lines) == Imported(events=9, blobs=2)
        assert await _lines(other) == lines
        assert await imported(other, lines) == Imported(repeated=9)
        found = await verified(other)
        assert (found.problems, found.notes, found.events, found.blobs) == ([], [], 9, 2)
        assert [e.event_id for e in await history(other, "plan", "r")] == [
            e.event_id for e in await history(store, "plan", "r")
        ]


async def test_positions_close_up_where_something_was_removed(open_store, open_other):
    """They belong to a store; everything else is as it was."""

    async def without_positions(store):
        return [re.sub(r'"position":\d+,', "", line) for line in await _lines(store)]

    async with open_store() as store, open_other(Outside(prefix="other")) as other:
        await _fill(store)
        await store.remove(Removal(seen=9, aggregates=(("thread", "t"),)))
        await imported(other, await _lines(store))
        assert await without_positions(other) == await without_positions(store)
        assert await other.head() == 6


async def test_bytes_that_are_masked_on_the_way_are_named_as_they_are_kept(open_store, tmp_path):
    """A secret that a newer Parley knows is not stored again, events name the bytes that are, and all is whole."""
    text, plain = "use tok-abc here", "nothing to mask"
    async with memory_store(tmp_path, Outside()) as older, open_store(outside=Outside(redact=mask)) as newer:
        names = [await older.put_blob(each.encode()) for each in (text, plain)]
        await older.append("s", "a", [happened(page=names[0]), happened(pages=names)], expected_sequence=0)
        await older.append("s", "a", [happened(note=f"see {names[0]}, tok-xyz")], expected_sequence=2)
        lines = await _lines(older)
        kept = [blob_name(b"use ****** here"), names[1]]
        assert await imported(newer, lines) == Imported(events=3, blobs=2, masked=1)
        assert [event.data async for event in newer.load_all()] == [
            {"page": kept[0]},
            {"pages": kept},
            {"note": f"see {kept[0]}, ******"},
        ]
        assert await newer.blob(kept[0]) == b"use ****** here"
        found = await verified(newer)
        assert (found.problems, found.notes) == ([], [])
        assert await imported(newer, lines) == Imported(repeated=3, masked=1)
        assert await newer.blob_names() == set(kept)


async def test_bytes_that_are_the_same_once_they_are_masked_are_one(open_store, tmp_path):
    """However many names they had."""
    async with memory_store(tmp_path, Outside()) as older, open_store(outside=Outside(redact=mask)) as newer:
        names = [await older.put_blob(each) for each in (b"use tok-abc", b"use tok-xyz")]
        await older.append("s", "a", [happened(pages=names)], expected_sequence=0)
        assert await imported(newer, await _lines(older)) == Imported(events=1, blobs=1, masked=2)
        [event] = await newer.load(EVERYTHING)
        assert event.data == {"pages": [blob_name(b"use ******")] * 2}


async def test_a_line_is_what_it_was_in_every_version(open_store):
    """Other programs read it: members by name, text as it is, time to the microsecond."""
    line = (
        '{"aggregate_id":"a","created_at":"2026-11-21T09:45:00.000123+00:00","data":{"b":"gr\u00fcn","c":[1.5,null]},'
        '"event_id":"e1","event_type":"Happened","event_version":3,"kind":"event",'
        '"metadata":{"causation_id":null,"correlation_id":"c","extra":{"x":1}},"position":1,"sequence":1,"stream_id":"s"}'
    )
    head = '{"format":1,"kind":"parley-events"}'
    async with open_store() as store:
        await imported(store, [head, line])
        assert await _lines(store) == [head, line]


class FullStore(MemoryStore):
    """Takes two events, and no more."""

    async def append(self, stream_id, aggregate_id, events, **how):
        if await self.head() == 2:
            raise StoreFullError("The disk is full.")
        return await super().append(stream_id, aggregate_id, events, **how)


async def test_trouble_with_the_store_is_told_as_an_append_tells_it(tmp_path):
    """However many lines wait for it; what was stored before stays."""
    async with memory_store(tmp_path, Outside()) as store, FullStore(Outside().instruments()) as full:
        await _fill(store)
        with pytest.raises(StoreFullError, match=r"^The disk is full\.$"):
            await imported(full, await _lines(store))
        assert await full.head() == 2


async def test_how_far_an_import_has_come_is_told(open_store):
    """After each part that was stored, so that a person sees that it goes on."""
    head = '{"kind":"parley-events","format":1}'
    line = (
        '{{"kind":"event","stream_id":"s","aggregate_id":"a","sequence":{0},"event_type":"Happened","event_version":1,'
        '"data":{{}},"metadata":{{}},"created_at":"2026-11-21T09:45:00+00:00","event_id":"e{0}"}}'
    )
    told = []
    async with open_store() as store:
        lines = [head, *(line.format(number) for number in range(1, 2101))]
        assert await imported(store, lines, told.append) == Imported(events=2100)
        assert told == [Imported(events=1000), Imported(events=2000)]


async def test_large_lines_are_stored_before_they_fill_the_memory(open_store, tmp_path):
    """However few of them make a part."""
    told = []
    async with open_store() as store, memory_store(tmp_path, Outside()) as large:
        for number in range(3):
            await large.append("s", "a", [happened(text="x" * 2_500_000)], expected_sequence=number)
        await imported(store, await _lines(large), told.append)
        assert told == [Imported(events=2)]
