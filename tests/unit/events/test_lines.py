"""Lines of any content: they come out as they went in, and what is no line is refused in words."""

import asyncio
import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from parley_events import EventStoreError, Metadata, NewEvent
from parley_events.lines import Imported, exported, imported
from parley_events.stores.memory import MemoryStore
from support.event_stores import Outside

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMES = st.sampled_from(["a", "b", "sha256:c", "grün", "a b"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it takes none
METADATA = st.builds(
    Metadata, correlation_id=st.none() | TEXTS.filter(bool), causation_id=st.none() | TEXTS, extra=OBJECTS
)
HEAD = '{"kind":"parley-events","format":1}'
LINE = {
    "kind": "event",
    "position": 1,
    "stream_id": "s",
    "event_type": "Happened",
    "aggregate_id": "a",
    "sequence": 1,
    "event_version": 1,
    "data": {},
    "metadata": {"correlation_id": None, "causation_id": None, "extra": {}},
    "created_at": "2026-11-21T09:45:00+00:00",
    "event_id": "e1",
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(NAMES, NAMES, OBJECTS, METADATA, MOMENTS, st.none() | st.binary(max_size=9)), max_size=8))
def test_whatever_was_stored_comes_out_of_another_store_as_it_went_in(stored):
    """Byte by byte: any JSON, any metadata, any time, any bytes, streams and aggregates by turns."""

    async def moved():
        async with MemoryStore(Outside().instruments()) as store, MemoryStore(Outside().instruments()) as other:
            for stream, aggregate, data, metadata, moment, raw in stored:
                named = data if raw is None else {**data, "page": await store.put_blob(raw)}
                event = NewEvent(event_type="Happened", data=named, created_at=moment)
                await store.append(stream, aggregate, [event], expected_sequence=None, metadata=metadata)
            lines = [line async for line in exported(store)]
            brought = await imported(other, lines)
            return lines, [line async for line in exported(other)], brought, (await store.size()).blobs

    before, after, brought, blobs = asyncio.run(moved())
    assert after == before
    assert brought == Imported(events=len(stored), blobs=blobs)


ANY_MEMBER = st.sampled_from(sorted(LINE)).flatmap(lambda name: st.tuples(st.just(name), VALUES))
ANY_LINE = (
    st.lists(ANY_MEMBER, max_size=3).map(lambda members: json.dumps(LINE | dict(members)))
    | st.tuples(st.sampled_from(["blob", "event", "parley-events"]), OBJECTS).map(
        lambda drawn: json.dumps({**drawn[1], "kind": drawn[0]})
    )
    | st.text(max_size=40)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(ANY_LINE, max_size=3))
def test_whatever_is_no_line_is_refused_in_words_with_its_number(lines):
    """Never with an error of Python's, which a person would take for a defect; what is stored is whole."""

    async def brought():
        async with MemoryStore(Outside().instruments()) as store:
            try:
                return (await imported(store, [HEAD, *lines])).events, None
            except EventStoreError as error:
                return await store.head(), str(error)

    events, refusal = asyncio.run(brought())
    assert 0 <= events <= len(lines)
    assert refusal is None or refusal.startswith("Line ") or "format" in refusal
