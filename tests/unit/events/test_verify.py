"""What verifying finds in a store that gives out what no sound store would."""

from contextlib import asynccontextmanager

from parley_events import NewEvent, StoreCorruptError
from parley_events.blobs import blob_name
from parley_events.history import fork
from parley_events.verify import verified
from support.event_stores import Outside, happened, memory_store


class Damaged:
    """A store whose events come through `change`, and whose bytes are others."""

    def __init__(self, store, change, data=None):
        self._store, self._change, self._data = store, change, data

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def load_all(self):
        events = [event async for event in self._store.load_all()]
        for event in self._change(events):
            yield event

    async def blob(self, name):
        return await self._store.blob(name) if self._data is None else self._data


@asynccontextmanager
async def _filled(tmp_path, count=3):
    async with memory_store(tmp_path, Outside()) as store:
        for number in range(count):
            await store.append("s", "a", [happened(number=number)], expected_sequence=number)
        yield store


async def _problems(store, change, **options):
    return (await verified(Damaged(store, change, **options))).problems


async def test_positions_that_do_not_rise_are_found(tmp_path):
    """Each event that comes after a higher one is named."""
    async with _filled(tmp_path) as store:
        assert await _problems(store, lambda events: [events[0], events[2], events[1]]) == [
            "event 3 (s/a number 3) follows number 1",
            "event 2 (s/a number 2) comes after position 3",
            "event 2 (s/a number 2) follows number 3",
        ]


async def test_events_that_are_given_twice_are_found(tmp_path):
    """Neither a position nor a number is there twice."""
    async with _filled(tmp_path, 1) as store:
        assert await _problems(store, lambda events: [*events, *events]) == [
            "event 1 (s/a number 1) comes after position 1",
            "event 1 (s/a number 1) follows number 1",
        ]


async def test_an_aggregate_that_lacks_its_beginning_is_found(tmp_path):
    """Its first event is number 1, or something is lost."""
    async with _filled(tmp_path) as store:
        assert await _problems(store, lambda events: events[1:]) == ["event 2 (s/a number 2) follows number 0"]


async def test_what_the_database_finds_is_told(tmp_path):
    """Before anything else."""
    async with _filled(tmp_path) as store:
        damaged = Damaged(store, lambda events: events[1:])
        damaged.check = _finding_a_torn_page
        assert (await verified(damaged)).problems == ["a page is torn", "event 2 (s/a number 2) follows number 0"]


async def _finding_a_torn_page():
    return ("a page is torn",)


async def test_a_store_that_cannot_be_read_to_its_end_is_damaged(tmp_path):
    """What was found by then stands, and the reason is told."""

    def change(events):
        yield events[1]
        raise StoreCorruptError("The rest is gone.")

    async with _filled(tmp_path) as store:
        assert await _problems(store, change) == ["event 2 (s/a number 2) follows number 0", "The rest is gone."]


async def test_data_that_is_no_object_is_found(tmp_path):
    """Neither other JSON nor what is none; the same of metadata, and of what else is in it."""
    async with _filled(tmp_path, 4) as store:

        def change(events):
            return [
                events[0]._replace(data_json="[1]"),
                events[1]._replace(data_json="{half"),
                events[2]._replace(metadata_json="null"),
                events[3]._replace(metadata_json='{"extra": 1}'),
            ]

        assert await _problems(store, change) == [
            "the data of event 1 (s/a number 1) is no whole JSON object",
            "the data of event 2 (s/a number 2) is no whole JSON object",
            "the metadata of event 3 (s/a number 3) is no whole JSON object",
            "the metadata of event 4 (s/a number 4) is no whole JSON object",
        ]


async def test_bytes_that_are_others_are_found(tmp_path):
    """They do not have the hash that is their name."""
    async with _filled(tmp_path) as store:
        name = await store.put_blob(b"these")
        assert await _problems(store, list, data=b"others") == [f"the bytes called {name} are others"]
        assert name == blob_name(b"these")


async def test_a_fork_from_what_is_not_there_is_found(tmp_path):
    """Its parent ends before the point that it begins at."""
    async with _filled(tmp_path) as store:
        await fork(store, "s", "a", "b", at_sequence=3)
        assert await _problems(store, list) == []
        assert await _problems(store, lambda events: [events[0], events[1], events[3]]) == [
            "event 4 (s/b number 1) forks from a number 3, which is not there"
        ]


async def test_a_cursor_at_the_end_is_no_problem(tmp_path):
    """Only one that is ahead is."""
    async with _filled(tmp_path) as store:
        async with store.subscribe(name="me") as events:
            for _ in range(3):
                await anext(events)
            await events.acknowledge()
        found = await verified(store)
        assert (found.problems, found.notes) == ([], [])


async def test_bytes_that_are_lacking_are_told(tmp_path):
    """They may have been removed on purpose, so that is no damage."""
    async with _filled(tmp_path, 0) as store:
        lacking = blob_name(b"gone")
        await store.append("s", "a", [NewEvent(event_type="Read", data={"page": lacking})], expected_sequence=0)
        found = await verified(store)
        [note] = found.notes
        assert found.problems == []
        assert note.startswith(f"bytes that events name are not here, 1 in all, such as {lacking}: ")


async def test_a_hash_that_stands_for_no_bytes_is_not_missed(tmp_path):
    """Neither what is only ever kept as a hash, nor a hash in a text, such as in a file of pinned requirements."""
    async with _filled(tmp_path, 0) as store:
        result, within, kept = blob_name(b"made again"), blob_name(b"pinned"), await store.put_blob(b"kept")
        read = NewEvent(event_type="Read", data={"text": f"a==1 --hash={within}", "pages": [{"page": kept}]})
        made = NewEvent(event_type="Made", data={"result": result})
        await store.append("s", "a", [read, made], expected_sequence=0)
        assert (await verified(store, unkept={"Made": ("result",)})).notes == []
        assert (await verified(store, unkept={"Read": ("result",)})).notes[0].count(result) == 1
